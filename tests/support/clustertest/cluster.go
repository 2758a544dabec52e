// Package clustertest runs a Kubernetes cluster for tests: etcd, API server, controllers and scheduler are the real
// programs. The nodes that [Start] starts are real kubelets on an imitation of a container runtime: pods become ready, but
// no container runs. The node of [StartReal] runs containers.
package clustertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"nanomon/tests/support/servicetest"
)

// startTimeout limits how long a part of the cluster may take to start.
const startTimeout = 2 * time.Minute

// Cluster is a running cluster.
type Cluster struct {
	// Kubeconfig is the path of the file with the address and the token of an administrator.
	Kubeconfig string
	// programs is the folder with the programs, folder the one with everything that the cluster writes.
	programs, folder string
	processes        []*process
	host             string // its address
	etcd, server     string // URLs
}

// Start starts a cluster with the named nodes, a default storage class, and the custom resources that NanoMon uses. It
// builds the programs first, which takes minutes if they are not in the cache.
func Start(nodes ...string) (*Cluster, error) {
	c, err := newCluster()
	if err != nil {
		return nil, err
	}
	if err := c.start(nodes, c.startHollowNode); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Run starts a cluster with the named nodes, calls use with it, runs the tests of a package, and stops the cluster. It
// returns the exit code of the program.
func Run(m *testing.M, use func(*Cluster) error, nodes ...string) int {
	code, err := run(m, use, nodes)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func run(m *testing.M, use func(*Cluster) error, nodes []string) (int, error) {
	c, err := Start(nodes...)
	if err != nil {
		return 1, err
	}
	if err := use(c); err != nil {
		return 1, errors.Join(err, c.Stop())
	}
	return m.Run(), c.Stop()
}

func newCluster() (*Cluster, error) {
	programs, err := build()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "nanomon-cluster-")
	if err != nil {
		return nil, err
	}
	return &Cluster{Kubeconfig: filepath.Join(folder, "admin.yaml"), programs: programs, folder: folder}, nil
}

// build returns the folder with the programs.
func build() (string, error) {
	command := exec.Command("scripts/build-kubernetes.sh")
	command.Dir = servicetest.Root()
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("build the programs of Kubernetes: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}

func (c *Cluster) start(nodes []string, startNode func(name string) error) error {
	c.chooseAddresses()
	if err := c.writeCredentials(nodes); err != nil {
		return err
	}
	if err := errors.Join(c.startEtcd(), c.startServer()); err != nil {
		return err
	}
	if err := c.wait("the API server to be ready", func() error { return c.try("get", "--raw", "/readyz") }); err != nil {
		return err
	}
	problems := []error{c.startControllers()}
	for _, node := range nodes {
		problems = append(problems, startNode(node))
	}
	if err := errors.Join(append(problems, c.createResources())...); err != nil {
		return err
	}
	return c.wait("the cluster to be ready", func() error {
		return errors.Join(
			c.try("get", "serviceaccount", "default"),
			c.try("wait", "--for=condition=Established", "--all", "customresourcedefinitions", "--timeout=30s"),
			c.try(append([]string{"wait", "nodes", "--for=condition=Ready", "--timeout=30s"}, nodes...)...),
		)
	})
}

// Stop ends all programs of the cluster and removes its volumes and its folders.
func (c *Cluster) Stop() error {
	for _, p := range c.processes {
		// It could create another volume.
		if p.name == "kube-controller-manager" {
			p.kill()
		}
	}
	folders := append(c.volumes(), c.folder)
	for _, p := range c.processes {
		p.kill()
		folders = append(folders, p.kubeletFolder())
	}
	var problems []error
	for _, folder := range folders {
		problems = append(problems, os.RemoveAll(folder))
	}
	// Another cluster may have volumes in the same folder.
	_ = os.Remove(filepath.Join(os.TempDir(), "hostpath_pv"))
	return errors.Join(problems...)
}

// volumes returns the folders of the volumes. The provisioner creates them outside the folder of the cluster.
func (c *Cluster) volumes() []string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	output, err := c.Command(ctx, "kubectl", "get", "persistentvolumes", "--output=jsonpath={.items[*].spec.hostPath.path}").Output()
	if err != nil {
		// The API server doesn't run, so there are no volumes.
		return nil
	}
	return strings.Fields(string(output))
}

// wait repeats a condition until it succeeds or a program of the cluster ends.
func (c *Cluster) wait(what string, condition func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := condition()
		if err == nil {
			return nil
		}
		if ended := c.ended(); ended != nil {
			return fmt.Errorf("waiting for %s: %w", what, ended)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s took over %s: %w", what, startTimeout, err)
		case <-tick.C:
		}
	}
}

// ended returns an error with the log of the first program that has ended.
func (c *Cluster) ended() error {
	for _, p := range c.processes {
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended: %w\n%s", p.name, p.err, p.tail())
		default:
		}
	}
	return nil
}

// Command returns a command of kubectl, helm (Helm 3) or helm4 with the rights of an administrator. It runs in the root of
// the repository.
func (c *Cluster) Command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	path := filepath.Join(c.programs, name)
	if name == "kubectl" {
		path, arguments = filepath.Join(c.programs, "kubernetes"), append([]string{"kubectl"}, arguments...)
	}
	command := exec.CommandContext(ctx, path, arguments...)
	command.Dir = servicetest.Root()
	command.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig, "HOME="+c.folder)
	return command
}

// try runs kubectl and returns its output as an error if it fails.
func (c *Cluster) try(arguments ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	output, err := c.Command(ctx, "kubectl", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("kubectl %s: %w\n%s", strings.Join(arguments, " "), err, output)
	}
	return nil
}

// createResources creates the default storage class and the custom resources.
func (c *Cluster) createResources() error {
	class := filepath.Join(c.folder, "storageclass.yaml")
	if err := os.WriteFile(class, []byte(storageClass), 0o600); err != nil {
		return err
	}
	arguments := []string{"apply", "--server-side", "--filename", class}
	for _, name := range customResources {
		arguments = append(arguments, "--filename", filepath.Join(c.programs, "crds", name+".yaml"))
	}
	return c.try(arguments...)
}

// customResources lists the custom resources that NanoMon uses. The others would make the API server start slowly.
var customResources = []string{
	"gateway.networking.k8s.io_gateways", "gateway.networking.k8s.io_httproutes", "monitoring.coreos.com_servicemonitors",
}

// storageClass uses the provisioner of the controller manager that creates folders on this machine. A volume is created
// with the first pod that uses it.
const storageClass = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: kubernetes.io/host-path
volumeBindingMode: WaitForFirstConsumer
`

// watchLog matches what kubectl logs if a watch ends in the moment in which it has seen what it waits for.
var watchLog = regexp.MustCompile(`(?m)^I\d{4} .* reflector\.go:\d+\] "Warning: watch ended with error".*\n?`)

// WithoutWatchLog returns the output of kubectl without lines about the end of its own watches, which look like warnings.
func WithoutWatchLog(output string) string { return watchLog.ReplaceAllString(output, "") }
