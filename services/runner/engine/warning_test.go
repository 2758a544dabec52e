package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
)

// A warning counts neither in maintenance nor while the dependency is not OK.
func TestWarningsThatDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := monitors(4, "5s")
		ms[1] = dependOn(ms[1], "monitor 1")
		for i := range ms {
			if ms[i].Properties == nil {
				ms[i].Properties = make(map[string]string)
			}
			ms[i].Properties[monitor.Warn] = "1 == 1"
		}
		s, probes := newMemoryStore(ms...), newFakeProbes()
		began := monitor.Date(time.Now())
		s.windows = []maintenance.Window{windowFor(began, began.Add(time.Minute), ms[2].ID)}
		probes.fail("1")
		b := startEngine(t, s, probes)
		elapse(time.Minute)
		probes.fail()
		elapse(time.Minute)
		b.stop()
		for i, m := range ms {
			warnings := 0
			for _, r := range s.resultsOf(m.ID) {
				if r.IsWarning() {
					warnings++
				}
				at := r.Date.Sub(began)
				if i != 3 && (at < 6*time.Second || at > 59*time.Second && at < 66*time.Second) {
					continue // The dependency may not be checked yet.
				}
				if counts := i == 3 || at > time.Minute; r.Status == monitor.StatusOK && r.IsWarning() != counts {
					t.Errorf("monitor %d, %s after the start: %+v", i+1, at, r)
				}
			}
			if warnings < 9 {
				t.Errorf("monitor %d: %d warnings", i+1, warnings)
			}
			history := s.states[m.ID].History
			if last := history[len(history)-1]; !last.Warning {
				t.Errorf("monitor %d: the newest point is %+v", i+1, last)
			}
		}
	})
}
