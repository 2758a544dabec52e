package clustertest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// prepareMachine creates what a node needs before it starts, in the caller's own network and mounts.
func prepareMachine(cgroup string) error {
	return errors.Join(hideSettings(), createCgroups(cgroup), createBridge())
}

// hideSettings shows the kubelet the kernel settings that it wants, so that it doesn't change the settings of this machine.
func hideSettings() error {
	for name, value := range map[string]string{
		"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
		"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
	} {
		file := "/run/setting-" + strings.ReplaceAll(name, "/", "-")
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
		if err := unix.Mount(file, "/proc/sys/"+name, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("hide the setting %s: %w", name, err)
		}
	}
	return nil
}

// createCgroups creates a cgroup in each hierarchy. It may use all CPUs.
func createCgroups(name string) error {
	hierarchies := []string{"/sys/fs/cgroup/"}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err != nil {
		hierarchies, _ = filepath.Glob("/sys/fs/cgroup/*/")
	}
	for _, hierarchy := range hierarchies {
		if err := os.MkdirAll(filepath.Join(hierarchy, name), 0o755); err != nil {
			return err
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if err := inherit(hierarchy, name, file); err != nil {
				return err
			}
		}
	}
	return nil
}

// inherit copies a setting of a cgroup to one below it, if it exists and is empty there.
func inherit(parent, child, file string) error {
	value, err := os.ReadFile(filepath.Join(parent, child, file))
	if err != nil || len(bytes.TrimSpace(value)) > 0 {
		return nil
	}
	if value, err = os.ReadFile(filepath.Join(parent, file)); err != nil {
		return nil
	}
	return os.WriteFile(filepath.Join(parent, child, file), value, 0o600)
}

// createBridge creates the network of the pods, so that servers can listen in it before the first pod starts.
func createBridge() error {
	for _, command := range []string{
		"ip link add nanomon0 type bridge",
		"ip address add " + Gateway + "/24 dev nanomon0",
		"ip link set nanomon0 up",
		// The addresses of services need a route, although the proxy replaces them.
		"ip route add " + services + " dev nanomon0",
		// The Docker engine has set it to DROP.
		"iptables --policy FORWARD ACCEPT",
	} {
		words := strings.Fields(command)
		if text, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", command, err, text)
		}
	}
	return nil
}

// network is the configuration of the network of the pods.
const network = `{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "nanomon0", "isGateway": true, "ipMasq": true, "hairpinMode": true, "ipam": {
    "type": "host-local", "ranges": [[{"subnet": "10.244.77.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}`

// runtimeConfig is the configuration of containerd: the folder of the cluster, the image that holds the network of a pod,
// and the folder of the programs. It sets no score for a lack of memory, because root may lack the right to do that.
const runtimeConfig = `
version = 2
root = "%[1]s/containerd"
state = "%[1]s/containerd-state"
[grpc]
  address = "%[1]s/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/%[2]s"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "%[3]s"
    conf_dir = "%[1]s/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "%[3]s/runc"
`

// kubeletConfig is the configuration of the kubelet: the folder of the cluster and the cgroup of all pods. It never
// removes images or pods because the disk is full.
const kubeletConfig = `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://%[1]s/containerd.sock
podLogsDir: %[1]s/pod-logs
volumePluginDir: %[1]s/volume-plugins
cgroupRoot: /%[2]s
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
readOnlyPort: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
evictionHard: {nodefs.available: "0%%", imagefs.available: "0%%", memory.available: 1Mi}
imageGCHighThresholdPercent: 100
`
