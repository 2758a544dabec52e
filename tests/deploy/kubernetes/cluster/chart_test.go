package cluster

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/tests/deploy/kubernetes"
)

// complete and withHelm4 list the cases that go through their whole life in the short form of the tests, with Helm 3 and
// with Helm 4.
var complete, withHelm4 = []string{
	"defaults", "everything",
}, []string{"defaults"}

// TestChart installs every case of the chart. Without -short each one goes through its whole life.
func TestChart(t *testing.T) {
	for name, c := range kubernetes.Cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelease(t, "helm", namespace("chart", name), c.Values, c.External...)
			r.install()
			r.scaled()
			r.wantHealthy()
			if testing.Short() && !slices.Contains(complete, name) {
				return
			}
			r.upgradeAndRollBack()
			r.wantHealthy()
			r.removeAndReturn(c)
		})
	}
}

// TestChartWithHelm4 does the same with Helm 4, whose annotations kubectl diff would report as a difference.
func TestChartWithHelm4(t *testing.T) {
	for name, c := range kubernetes.Cases {
		if testing.Short() && !slices.Contains(withHelm4, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelease(t, "helm4", namespace("helm4", name), c.Values, c.External...)
			r.install()
			r.scaled()
			r.wantRunning()
			r.upgradeAndRollBack()
			r.removeAndReturn(c)
		})
	}
}

// namespace returns the name of a case's namespace, which has at most 63 characters.
func namespace(test, name string) string {
	name = test + "-" + strings.NewReplacer(" ", "-", ",", "", ".", "-").Replace(strings.ToLower(name))
	return strings.TrimSuffix(name[:min(len(name), 63)], "-")
}

// upgradeAndRollBack upgrades with the same values, which must change nothing, then with a change that replaces all pods,
// and takes the change back.
func (r release) upgradeAndRollBack() {
	r.Helper()
	before := r.states()
	r.upgrade("--values=-")
	if diff := cmp.Diff(before, r.states()); diff != "" {
		r.Errorf("an upgrade with the same values, - before, + after:\n%s", diff)
	}
	r.upgrade("--values=-", `--set-json=podAnnotations={"changed":"yes"}`) // --set fails if the values have a blank podAnnotations
	r.wantAnnotation("yes")
	r.helm("rollback", "shop", "1", "--wait", "--timeout=2m")
	r.rolledOut()
	r.wantAnnotation("")
	if diff := cmp.Diff(contents(before), contents(r.states())); diff != "" {
		r.Errorf("secrets and claims, - before the changes, + after the rollback:\n%s", diff)
	}
}

// wantAnnotation checks that the changed annotation of all pods has a value.
func (r release) wantAnnotation(value string) {
	r.Helper()
	r.wantReady()
	for _, pod := range r.pods() {
		if got := pod.Metadata.Annotations["changed"]; got != value {
			r.Errorf("%s has the annotation %q, want %q", pod.id(), got, value)
		}
	}
}

// contents returns the states of secrets and volume claims.
func contents(states map[string]state) map[string]state {
	kept := maps.Clone(states)
	maps.DeleteFunc(kept, func(id string, _ state) bool {
		return !strings.HasPrefix(id, "Secret/") && !strings.HasPrefix(id, "PersistentVolumeClaim/")
	})
	return kept
}

// removeAndReturn uninstalls the release, which must keep only the volume claim and the secret of MongoDB, and
// installs it again, which must use both.
func (r release) removeAndReturn(c kubernetes.Case) {
	r.Helper()
	before := contents(r.states())
	delete(before, "Secret/shop-nanomon-secrets")
	r.helm("uninstall", "shop", "--wait")
	r.kubectl("wait", "pods", "--all", "--for=delete", "--timeout=1m")
	r.wantRemaining(slices.Concat(slices.Collect(maps.Keys(before)), namespaced(c.External)))
	r.install()
	r.scaled()
	r.wantRunning()
	after := contents(r.states())
	delete(after, "Secret/shop-nanomon-secrets")
	if diff := cmp.Diff(before, after); diff != "" {
		r.Errorf("secrets and claims, - the first installation, + the second:\n%s", diff)
	}
}

// namespaced returns the ids of all objects except storage classes.
func namespaced(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return strings.HasPrefix(id, "StorageClass/") })
}

// TestTestPodStays starts helm test, whose pod never ends because no container runs. Helm must keep this pod at an
// uninstall, as the README says.
func TestTestPodStays(t *testing.T) {
	t.Parallel()
	r := newRelease(t, "helm", "test-pod", "")
	r.install()
	if tested := execute(t, "", "helm", "test", "shop", "--timeout=1s", "--namespace="+r.namespace); tested.warns() || tested.err == nil {
		t.Errorf("helm test: %v\n%s", tested.err, tested.errors)
	}
	r.helm("uninstall", "shop", "--wait")
	r.wantRemaining([]string{"PersistentVolumeClaim/data-shop-nanomon-mongodb-0", "Pod/shop-nanomon-test", "Secret/shop-nanomon-mongodb"})
}
