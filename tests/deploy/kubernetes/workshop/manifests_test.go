package workshop

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// configured contains the objects for which a second apply says "configured" although nothing changes, because kubectl
// compares a part of them as a whole with what the API server has completed.
var configured = map[string][]string{
	"basic": {"secret/mongodb", "statefulset.apps/mongodb"},
	"steps": {"poddisruptionbudget.policy/api"},
}

// TestManifests applies each folder of manifests twice. The second time nothing may change.
func TestManifests(t *testing.T) {
	s := open(t)
	for _, folder := range []string{"basic", "ingress", "steps"} {
		if folder == "steps" {
			s.must(t, "kubectl create configmap prometheus --namespace nanomon --from-file=prometheus.yml=deploy/prometheus/prometheus-kubernetes.yml")
		}
		path := "deploy/kubernetes/" + folder
		s.must(t, "kubectl apply -f "+path)
		var changed []string
		for line := range strings.Lines(s.must(t, "kubectl apply -f "+path)) {
			if name, unchanged := strings.CutSuffix(line, " unchanged\n"); !unchanged {
				changed = append(changed, strings.TrimSuffix(name, " configured\n"))
			}
		}
		if difference := cmp.Diff(configured[folder], changed); difference != "" {
			t.Errorf("%s: the second apply says that these objects are configured:\n%s", path, difference)
		}
		if difference := s.must(t, "kubectl diff -f "+path); difference != "" {
			t.Errorf("%s differs from the applied objects:\n%s", path, difference)
		}
	}
	s.must(t, "kubectl wait pods --all --namespace nanomon --for=condition=Ready --timeout=2m")
	s.see(t, sight{"kubectl get pods --namespace nanomon | grep --count ' 1/1 *Running'", `^6\n$`})
	if events := s.must(t, "kubectl get events --all-namespaces --field-selector reason=FailedCreate"); !strings.HasPrefix(events, "No resources") {
		t.Error(events)
	}
}
