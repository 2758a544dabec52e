// Package workshop runs the commands of the documents that use kubectl or helm, in their order and word for word, on a
// real Kubernetes API server. Pods are scheduled and become ready, but no container runs.
package workshop

import (
	"fmt"
	"os"
	"testing"

	"nanomon/tests/support/clustertest"
)

// kube is the cluster of all tests in this package. It has one node, like the cluster of the workshop.
var kube *clustertest.Cluster

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if kube, err = clustertest.Start("node-1"); err != nil {
		return 1, err
	}
	code = m.Run()
	return code, kube.Stop()
}
