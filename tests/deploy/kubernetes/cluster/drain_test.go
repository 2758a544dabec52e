package cluster

import (
	"maps"
	"strings"
	"testing"
)

// spread lets pods run only on the nodes that the test drains, two of each service.
const spread = `
nodeSelector: {drained: "true"}
tolerations: [{key: drained, operator: Exists}]
api: {replicaCount: 2}
frontend: {replicaCount: 2}
runner: {replicaCount: 2}
podDisruptionBudget: {enabled: true}
`

// TestDrain drains the node of all pods. While the new pods find no other node, the disruption budgets must keep one pod of
// each service.
func TestDrain(t *testing.T) {
	t.Parallel()
	r := newRelease(t, "helm", "drain", spread)
	r.kubectl("cordon", "drained-2")
	r.install()
	r.kubectl("wait", "poddisruptionbudgets", "--all", "--for=jsonpath={.status.disruptionsAllowed}=1", "--timeout=2m")
	if refused := r.drain("5s"); !strings.Contains(refused.errors, "Cannot evict pod as it would violate the pod's disruption budget") {
		t.Errorf("kubectl drain without another node: %v\n%s", refused.err, refused.errors)
	}
	if got, want := r.running(), map[string]int{"drained-1 api": 1, "drained-1 frontend": 1, "drained-1 runner": 1}; !maps.Equal(got, want) {
		t.Errorf("pods are %v, want %v", got, want)
	}
	r.kubectl("uncordon", "drained-2")
	if drained := r.drain("2m"); drained.err != nil {
		t.Fatalf("kubectl drain: %v\n%s", drained.err, drained.errors)
	}
	r.rolledOut()
	r.wantReady()
	want := map[string]int{"drained-2 api": 2, "drained-2 frontend": 2, "drained-2 runner": 2, "drained-2 mongodb": 1}
	if got := r.running(); !maps.Equal(got, want) {
		t.Errorf("pods are %v, want %v", got, want)
	}
}

func (r release) drain(timeout string) outcome {
	return execute(r.T, "", "kubectl", "drain", "drained-1", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout="+timeout)
}

// running returns the number of pods with a container by node and service.
func (r release) running() map[string]int {
	r.Helper()
	pods := make(map[string]int)
	for _, pod := range r.pods() {
		for _, c := range pod.Status.ContainerStatuses {
			pods[pod.Spec.NodeName+" "+c.Name]++
		}
	}
	return pods
}
