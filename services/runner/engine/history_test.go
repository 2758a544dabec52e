package engine

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// A runner that takes a monitor over continues its history from the stored state, without reading it again.
func TestRulesSeeTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		// The checks of the test have the value 1 and the output n = 1.
		m.Rule = "n == 1 && avg(2) == 15 && max(30) == 40 && count('failed', 30) == 1 && previous('n') == 7"
		s := newMemoryStore(m)
		before := time.Now().Add(-time.Minute)
		point := func(seconds int, status monitor.Status, value float64, ignored monitor.IgnoreReason) store.Point {
			date := monitor.Date(before.Add(time.Duration(seconds) * time.Second))
			return store.Point{Date: date, Status: status, Value: value, Ignored: ignored}
		}
		points := []store.Point{
			point(0, monitor.StatusFailed, 0, ""), point(10, monitor.StatusOK, 40, ""), point(20, monitor.StatusOK, 20, ""),
			point(30, monitor.StatusError, 10, ""), point(50, monitor.StatusOK, 999, monitor.IgnoredMaintenance),
		}
		latest := monitor.Result{
			ID: "old", Date: points[4].Date, MonitorID: m.ID, Value: 999, Outputs: map[string]any{"n": 7.0},
			Ignored: monitor.IgnoredMaintenance,
		}
		s.states[m.ID] = store.State{MonitorID: m.ID, Latest: latest, Streak: 1, Since: latest.Date, History: points}
		b := startEngine(t, s, newFakeProbes())
		elapse(25 * time.Second)
		b.stop()
		results := slices.SortedFunc(maps.Values(s.results), func(a, b monitor.Result) int { return a.Date.Compare(b.Date) })
		if len(results) < 2 {
			t.Fatalf("%d results", len(results))
		}
		if first := results[0]; first.Status != monitor.StatusOK {
			t.Errorf("the first check: %+v", first)
		}
		if second := results[1]; second.Status != monitor.StatusError { // previous('n') is 1 now
			t.Errorf("the second check: %+v", second)
		}
	})
}

func TestHistoryBeforeTheFirstResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		m.Rule = "avg(5) == 1 && max(5) == 1 && count('ok', 5) == 0 && previous('n') == n"
		s := newMemoryStore(m)
		b := startEngine(t, s, newFakeProbes())
		elapse(5 * time.Second)
		b.stop()
		if latest := s.states[m.ID].Latest; len(s.results) != 1 || latest.Status != monitor.StatusOK {
			t.Errorf("%d results, the latest is %+v", len(s.results), latest)
		}
	})
}
