package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// runningResults returns the result of Running by monitor name.
func runningResults(e *Engine) map[string]*monitor.Result {
	list := make(map[string]*monitor.Result)
	for m, latest := range e.Running() {
		list[m.Name] = latest
	}
	return list
}

func TestRunningFollowsMonitorChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, old, disabled := monitorNumber(1, "1h"), monitorNumber(2, "1h"), monitorNumber(3, "1h")
		disabled.Enabled = false
		s := newMemoryStore(m, old, disabled)
		before := resultAt(7, monitor.StatusError)
		before.MonitorID, before.Date = old.ID, monitor.Date(time.Now().Add(-time.Hour))
		s.states[old.ID] = store.State{MonitorID: old.ID, Latest: before, Streak: 1, Since: before.Date}
		probes := newFakeProbes()
		probes.outcome = checkTakes(1100 * time.Millisecond) // between two writes
		b := startEngine(t, s, probes)
		if got := runningResults(b.Engine); len(got) != 2 || got[m.Name] != nil || got[old.Name].ID != before.ID {
			t.Fatalf("at the start: %v", got)
		}
		for latest := runningResults(b.Engine)[m.Name]; latest == nil; latest = runningResults(b.Engine)[m.Name] {
			elapse(10 * time.Millisecond)
		}
		if n := inspect(s, func() int { return len(s.results) }); n != 0 {
			t.Errorf("Running returned the result only after it was stored: %d stored", n)
		}
		elapse(time.Second)
		latest := runningResults(b.Engine)[m.Name]
		if inStore, stored := s.results[latest.ID]; !stored || inStore.Value != latest.Value {
			t.Errorf("Running returned %+v, stored %+v", latest, inStore)
		}

		oldName := m.Name
		m.Name = "renamed"
		s.set(m)
		elapse(minReadInterval)
		if got := runningResults(b.Engine); len(got) != 2 || got["renamed"] == nil || got["renamed"].ID != latest.ID || got[oldName] != nil {
			t.Errorf("renamed: %v", got)
		}
		elapse(2 * time.Second)
		if got := runningResults(b.Engine); got["renamed"].ID == latest.ID {
			t.Error("the changed monitor was not checked")
		}
		s.with(store.TopicMonitors, func() { s.cleared, s.states = time.Now().Add(time.Millisecond), map[string]store.State{} })
		elapse(minReadInterval)
		if got := runningResults(b.Engine); len(got) != 2 || got["renamed"] != nil || got[old.Name] != nil {
			t.Errorf("cleared: %v", got)
		}
		m.Enabled = false
		s.set(m)
		elapse(minReadInterval)
		if got := runningResults(b.Engine); len(got) != 1 {
			t.Errorf("disabled: %v", got)
		}
		s.with(store.TopicMonitors, func() { delete(s.monitors, old.ID) })
		elapse(minReadInterval)
		if got := runningResults(b.Engine); len(got) != 0 {
			t.Errorf("deleted: %v", got)
		}
	})
}

func TestRunningWhileStoreUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "1s")
		s := newMemoryStore(m)
		b := startEngine(t, s, newFakeProbes())
		elapse(5 * time.Second)
		s.with("", func() { s.down = true })
		unavailableSince := time.Now()
		elapse(time.Minute)
		if latest := runningResults(b.Engine)[m.Name]; time.Since(latest.Date) > 2*time.Second {
			t.Errorf("%s after the store became unavailable, the newest result is from %s after", time.Since(unavailableSince), latest.Date.Sub(unavailableSince))
		}
	})
}

// wantReportedOnce fails the test unless each monitor is reported by exactly one of the given runners.
func (c *testCluster) wantReportedOnce(when string, runners ...int) {
	c.t.Helper()
	reported := make(map[string]int)
	for _, r := range runners {
		for name, latest := range runningResults(c.engines[r].Engine) {
			reported[name]++
			if latest == nil {
				c.t.Errorf("%s: runner %d has no result of %s", when, r, name)
			}
		}
	}
	for _, m := range c.store.monitors {
		if reported[m.Name] != 1 {
			c.t.Errorf("%s: %d runners report %s", when, reported[m.Name], m.Name)
		}
	}
}

func TestEachMonitorIsReportedByOneRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 2, 60)
		elapse(clusterInterval)
		c.wantReportedOnce("two runners", 0, 1)
		c.join()
		elapse(5 * time.Second)
		c.wantReportedOnce("a third runner joined", 0, 1, 2)
		c.engines[1].stop()
		elapse(2 * time.Second)
		c.wantReportedOnce("one runner stopped", 0, 2)
	})
}

func TestRunningDuringChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore(monitors(30, "1s")...)
		b := startEngine(t, s, newFakeProbes())
		reading := time.NewTicker(5 * time.Millisecond)
		defer reading.Stop()
		for n := range 2000 {
			<-reading.C
			if got := runningResults(b.Engine); len(got) < 29 {
				t.Fatalf("%d monitors", len(got))
			}
			m := monitorNumber(n%30+1, "1s")
			switch n % 50 {
			case 0:
				s.with(store.TopicMonitors, func() { delete(s.monitors, m.ID) })
			case 25:
				s.set(monitors(30, "1s")...)
			}
		}
	})
}
