// Package pods installs the Helm chart on a Kubernetes cluster whose pods run the images that the Dockerfiles build.
package pods

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"nanomon/tests/support/clustertest"
	"nanomon/tests/support/dockertest"
	"nanomon/tests/support/servicetest"
)

func TestMain(m *testing.M) { os.Exit(dockertest.Run(m)) }

// tags are the tags of the images, which are the same images.
var tags = []string{"first", "second"}

// start starts a cluster that has the images. The kernel ends its programs together with the tests.
var start = sync.OnceValues(func() (*clustertest.Cluster, error) {
	// The folders of the cluster are in memory and disappear with it.
	if err := os.Setenv("TMPDIR", "/run"); err != nil {
		return nil, err
	}
	cluster, err := clustertest.StartReal(dockertest.Cgroup())
	if err != nil {
		return nil, err
	}
	var images []string
	for _, service := range []string{"api", "runner", "frontend"} {
		build := exec.Command("scripts/just", "image", service)
		build.Dir, build.Env = servicetest.Root(), append(os.Environ(), "VERSION="+tags[0])
		if text, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("just image %s: %w\n%s", service, err, text)
		}
		name := "nanomon/" + service + ":"
		if text, err := exec.Command("docker", "tag", name+tags[0], name+tags[1]).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("tag %s: %w\n%s", name, err, text)
		}
		images = append(images, name+tags[0], name+tags[1])
	}
	return cluster, cluster.Import(images...)
})

// run runs kubectl or helm and returns its output. The test fails if the program does.
func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	cluster, err := start()
	if err != nil {
		t.Fatal(err)
	}
	// A cleanup needs commands too, and the context of a test ends before its cleanups.
	text, err := cluster.Command(context.WithoutCancel(t.Context()), name, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, text)
	}
	return string(text)
}

// kubectl runs kubectl in the namespace of the installation.
func kubectl(t *testing.T, arguments ...string) string {
	t.Helper()
	return run(t, "kubectl", append([]string{"--namespace", namespace}, arguments...)...)
}
