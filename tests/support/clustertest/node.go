package clustertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"nanomon/tests/support/servicetest"
)

const (
	// Gateway is the address of the node, at which pods reach servers of the test.
	Gateway = "10.244.77.1"
	// Node is the name of the node.
	Node = "node-1"
	// pauseImage is the image of the container that holds the network of a pod.
	pauseImage = "nanomon/pause:test"
)

// StartReal does the same as [Start] with one node that runs containers. Images are not pulled: [Cluster.Import] adds
// them. The caller has its own network, mounts and processes, in which a docker command works. The cgroups of all pods
// are below the given one.
func StartReal(cgroup string) (*Cluster, error) {
	if err := prepareMachine(cgroup); err != nil {
		return nil, err
	}
	c, err := newCluster()
	if err != nil {
		return nil, err
	}
	startNode := func(name string) error { return c.startRealNode(name, cgroup) }
	if err := c.start([]string{Node}, startNode); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// startRealNode starts a container runtime, a kubelet and the proxy of the services.
func (c *Cluster) startRealNode(name, cgroup string) error {
	err := errors.Join(
		os.MkdirAll(c.path("cni"), 0o700),
		os.WriteFile(c.path("cni/10-bridge.conflist"), []byte(network), 0o600),
		os.WriteFile(c.path("containerd.toml"), fmt.Appendf(nil, runtimeConfig, c.folder, pauseImage, containerd("")), 0o600),
		os.WriteFile(c.path("kubelet.yaml"), fmt.Appendf(nil, kubeletConfig, c.folder, cgroup), 0o600),
	)
	if err != nil {
		return err
	}
	if err := c.launchProgram("containerd", containerd("containerd"), "--config", c.path("containerd.toml")); err != nil {
		return fmt.Errorf("%w: run scripts/fetch-containerd.sh", err)
	}
	if err := c.wait("containerd", func() error { return c.ctr("version").Run() }); err != nil {
		return err
	}
	if err := c.importPause(); err != nil {
		return err
	}
	return errors.Join(
		c.launch("kubelet", "--config="+c.path("kubelet.yaml"), "--kubeconfig="+c.path(name+".yaml"), "--hostname-override="+name,
			"--node-ip="+Gateway, "--root-dir="+c.path("kubelet"), "--cert-dir="+c.path("kubelet-certificates")),
		c.launch("kube-proxy", "--kubeconfig="+c.Kubeconfig, "--hostname-override="+name, "--proxy-mode=iptables",
			"--cluster-cidr=10.244.77.0/24", "--conntrack-max-per-core=0", "--conntrack-min=0",
			"--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0"),
	)
}

// containerd returns the path of a program of the container runtime.
func containerd(name string) string {
	return filepath.Join(servicetest.Root(), ".tools", "containerd", name)
}

// ctr returns a command that controls the container runtime.
func (c *Cluster) ctr(arguments ...string) *exec.Cmd {
	return exec.Command(containerd("ctr"), append([]string{"--address", c.path("containerd.sock"), "--namespace", "k8s.io"}, arguments...)...)
}

// Import copies images of the Docker engine to the node. Pods refer to nanomon/api:1 as docker.io/nanomon/api:1.
func (c *Cluster) Import(images ...string) error {
	archive := c.path("images.tar")
	defer os.Remove(archive)
	save := exec.Command("docker", append([]string{"save", "--output", archive}, images...)...)
	for _, command := range []*exec.Cmd{save, c.ctr("images", "import", archive)} {
		if text, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("import %s: %w\n%s", strings.Join(images, ", "), err, text)
		}
	}
	return nil
}

// importPause builds and imports the image that holds the network of a pod.
func (c *Cluster) importPause() error {
	program := exec.Command("go", "build", "-o", c.path("pause/pause"), "./tests/support/clustertest/pause")
	program.Dir, program.Env = servicetest.Root(), append(os.Environ(), "CGO_ENABLED=0")
	image := exec.Command("docker", "build", "--file", "-", "--tag", pauseImage, c.path("pause"))
	image.Stdin = strings.NewReader("FROM scratch\nCOPY pause /\nENTRYPOINT [\"/pause\"]\n")
	for _, command := range []*exec.Cmd{program, image} {
		if text, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", pauseImage, err, text)
		}
	}
	return c.Import(pauseImage)
}

// Kill kills the first process of a container, given its id, with SIGKILL.
func (c *Cluster) Kill(container string) error {
	text, err := c.ctr("tasks", "kill", "--signal", "SIGKILL", container).CombinedOutput()
	if err != nil {
		return fmt.Errorf("kill %s: %w\n%s", container, err, text)
	}
	return nil
}
