// Package cluster installs NanoMon on a real Kubernetes API server with Helm and kubectl. Pods are scheduled and become
// ready, but no container runs.
package cluster

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"nanomon/tests/support/clustertest"
)

// kube is the cluster of all tests in this package.
var kube *clustertest.Cluster

func TestMain(m *testing.M) {
	os.Exit(clustertest.Run(m, prepare, "node-1", "node-2", "node-3", "node-4", "drained-1", "drained-2"))
}

func prepare(started *clustertest.Cluster) error {
	kube = started
	// The tests mostly wait for the controllers. The nodes have room for the pods of six.
	return errors.Join(flag.Set("test.parallel", "6"), reserveDrained())
}

// reserveDrained reserves the nodes that TestDrain drains for the pods of that test.
func reserveDrained() error {
	var problems []error
	for _, change := range []string{"label nodes drained-1 drained-2 drained=true", "taint nodes drained-1 drained-2 drained=true:NoSchedule"} {
		output, err := kube.Command(context.Background(), "kubectl", strings.Fields(change)...).CombinedOutput()
		if err != nil {
			problems = append(problems, fmt.Errorf("kubectl %s: %w\n%s", change, err, output))
		}
	}
	return errors.Join(problems...)
}

// outcome contains the output of a command, and its error.
type outcome struct {
	output, errors string
	err            error
}

// execute runs a program of the cluster with text as its standard input.
func execute(t *testing.T, text, name string, arguments ...string) outcome {
	t.Helper()
	var output, problems bytes.Buffer
	command := kube.Command(t.Context(), name, arguments...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(text), &output, &problems
	err := command.Run()
	return outcome{output.String(), clustertest.WithoutWatchLog(problems.String()), err}
}

// warns reports whether the API server sent a warning.
func (o outcome) warns() bool { return strings.Contains(strings.ToLower(o.errors), "warn") }

// succeed runs a program of the cluster and returns its output. It fails the test if the program fails or if the API
// server sends a warning.
func succeed(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	return succeedWith(t, "", name, arguments...)
}

func succeedWith(t *testing.T, text, name string, arguments ...string) string {
	t.Helper()
	o := execute(t, text, name, arguments...)
	if o.err != nil || o.warns() {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(arguments, " "), o.err, o.errors, o.output)
	}
	return o.output
}
