package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/tests/support/servicetest"
)

// harmless lists the reasons of warning events that no installation can avoid here: the cluster has no metrics, and the
// API server repairs the entry of a service's address that it is still writing.
var harmless = []string{"FailedGetResourceMetric", "FailedComputeMetricsReplicas", "ClusterIPNotAllocated"}

// wantRunning checks that all containers run and are ready, and that no event warns.
func (r release) wantRunning() {
	r.Helper()
	r.wantReady()
	if warnings := r.warnings(); warnings != "" {
		r.Error(warnings)
	}
}

// wantHealthy checks in addition that another kubectl apply of the manifests would change nothing, and that they pass the
// strict validation of the API server.
func (r release) wantHealthy() {
	r.Helper()
	r.wantRunning()
	manifests := r.helm("get", "manifest", "shop")
	// The field manager of the chart's objects is Helm. kubectl would report them as conflicts.
	apply := []string{"--server-side", "--force-conflicts", "--field-manager=helm", "--filename=-"}
	if difference := r.kubectlWith(manifests, append([]string{"diff"}, apply...)...); difference != "" {
		r.Errorf("kubectl diff:\n%s", difference)
	}
	// The hooks contain the pod of helm test.
	all := manifests + r.helm("get", "hooks", "shop")
	r.kubectlWith(all, append([]string{"apply", "--dry-run=server", "--validate=strict"}, apply...)...)
}

// wantReady waits until all containers run. The pods are ready earlier, because the kubelets only imitate probes.
func (r release) wantReady() {
	r.Helper()
	r.eventually(r.unready, func(problems string) bool { return problems == "" })
}

// unready describes the pods that have no container or one that isn't ready. A pod of each service must exist.
func (r release) unready() string {
	r.Helper()
	var problems []string
	pods := r.pods()
	for _, pod := range pods {
		if len(pod.Status.ContainerStatuses) == 0 {
			problems = append(problems, pod.id()+": no container")
		}
		for _, c := range pod.Status.ContainerStatuses {
			if _, runs := c.State["running"]; !runs || !c.Ready {
				problems = append(problems, fmt.Sprintf("%s: container %s: ready %t, %v", pod.id(), c.Name, c.Ready, c.State))
			}
		}
	}
	for _, service := range []string{"api", "frontend", "runner"} {
		if !slices.ContainsFunc(pods, func(pod object) bool { return strings.HasPrefix(pod.Metadata.Name, "shop-nanomon-"+service) }) {
			problems = append(problems, "no pod of the "+service)
		}
	}
	return strings.Join(problems, "\n")
}

// warnings returns the events that report a problem, such as a pod that can't be created.
func (r release) warnings() string {
	r.Helper()
	var found []string
	for _, event := range r.get("events", "--field-selector=type=Warning") {
		if !slices.Contains(harmless, event.Reason) {
			found = append(found, fmt.Sprintf("%s: %s: %s", event.InvolvedObject, event.Reason, event.Message))
		}
	}
	return strings.Join(found, "\n")
}

// scaled waits until the autoscalers have created their minimum of pods, which is 2 in all cases.
func (r release) scaled() {
	r.Helper()
	if len(r.get("horizontalpodautoscalers")) == 0 {
		return
	}
	r.kubectl("wait", "horizontalpodautoscalers", "--all", "--for=jsonpath={.status.currentReplicas}=2", "--timeout=2m")
	r.rolledOut()
}

// state represents what an upgrade with the same values must not change.
type state struct {
	// UID and Generation identify the object and its version. Kubernetes increases the generation when the specification changes.
	UID        string
	Generation int64
	// Data is the content of a secret.
	Data map[string]string
}

// states returns the state of the chart's secrets, workloads and volume claims.
func (r release) states() map[string]state {
	r.Helper()
	states := make(map[string]state)
	for _, o := range r.get("secrets,deployments,statefulsets,persistentvolumeclaims", own) {
		states[o.id()] = state{o.Metadata.UID, o.Metadata.Generation, o.Data}
	}
	return states
}

// remaining returns the sorted ids of all objects in the namespace, except the objects that Kubernetes creates in each one.
func (r release) remaining() []string {
	r.Helper()
	text := r.kubectl("get", kinds(r.T), `--output=jsonpath={range .items[*]}{.kind}/{.metadata.name}{"\n"}{end}`)
	ids := strings.Fields(text)
	slices.Sort(ids)
	return slices.DeleteFunc(ids, func(id string) bool { return id == "ConfigMap/kube-root-ca.crt" || id == "ServiceAccount/default" })
}

// kinds returns all kinds of objects in namespaces, except events and the deprecated endpoints.
func kinds(t *testing.T) string {
	t.Helper()
	all := strings.Fields(succeed(t, "kubectl", "api-resources", "--namespaced", "--verbs=list,delete", "--output=name"))
	return strings.Join(slices.DeleteFunc(all, func(kind string) bool {
		return strings.HasPrefix(kind, "event") || kind == "endpoints"
	}), ",")
}

// wantRemaining waits until exactly these objects remain in the namespace.
func (r release) wantRemaining(want []string) {
	r.Helper()
	slices.Sort(want)
	r.eventually(func() string { return strings.Join(r.remaining(), " ") }, func(got string) bool { return got == strings.Join(want, " ") })
}

// eventually waits until what got returns is as wanted. It fails the test after two minutes, with the last of it.
func (r release) eventually(got func() string, wanted func(string) bool) {
	r.Helper()
	var last string
	r.Cleanup(func() {
		if r.Failed() {
			r.Logf("the last state while waiting: %s", last)
		}
	})
	servicetest.EventuallyWithin(r.T, 2*time.Minute, "another state", func() bool {
		last = got()
		return wanted(last)
	})
}
