// Package workshop runs the commands of the documents that use kubectl or helm, in their order and word for word, on a
// real Kubernetes API server. Pods are scheduled and become ready, but no container runs.
package workshop

import (
	"os"
	"testing"

	"nanomon/tests/support/clustertest"
)

// kube is the cluster of all tests in this package. It has one node, like the cluster of the workshop.
var kube *clustertest.Cluster

func TestMain(m *testing.M) {
	os.Exit(clustertest.Run(m, func(started *clustertest.Cluster) error { kube = started; return nil }, "node-1"))
}
