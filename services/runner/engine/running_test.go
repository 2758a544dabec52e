package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// shown is what Running tells, by the monitors' names.
func shown(e *Engine) map[string]*monitor.Result {
	list := make(map[string]*monitor.Result)
	for m, latest := range e.Running() {
		list[m.Name] = latest
	}
	return list
}

func TestRunningFollowsWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, old, off := monitorNumber(1, "1h"), monitorNumber(2, "1h"), monitorNumber(3, "1h")
		off.Enabled = false
		s := newMemory(m, old, off)
		before := resultAt(7, monitor.StatusError)
		before.MonitorID, before.Date = old.ID, monitor.Date(time.Now().Add(-time.Hour))
		s.states[old.ID] = store.State{MonitorID: old.ID, Latest: before, Streak: 1, Since: before.Date}
		l := newLab()
		l.find = takes(1100 * time.Millisecond) // between two writes
		b := startBench(t, s, l)
		if got := shown(b.Engine); len(got) != 2 || got[m.Name] != nil || got[old.Name].ID != before.ID {
			t.Fatalf("at the start: %v", got)
		}
		for latest := shown(b.Engine)[m.Name]; latest == nil; latest = shown(b.Engine)[m.Name] {
			after(10 * time.Millisecond)
		}
		if n := look(s, func() int { return len(s.results) }); n != 0 {
			t.Errorf("a result is told when it is stored: %d are", n)
		}
		after(time.Second)
		latest := shown(b.Engine)[m.Name]
		if kept, stored := s.results[latest.ID]; !stored || kept.Value != latest.Value {
			t.Errorf("told %+v, stored %+v", latest, kept)
		}

		was := m.Name
		m.Name = "renamed"
		s.set(m)
		after(listEvery)
		if got := shown(b.Engine); len(got) != 2 || got["renamed"] == nil || got["renamed"].ID != latest.ID || got[was] != nil {
			t.Errorf("renamed: %v", got)
		}
		after(2 * time.Second)
		if got := shown(b.Engine); got["renamed"].ID == latest.ID {
			t.Error("the changed monitor didn't run")
		}
		s.with(store.TopicMonitors, func() { s.cleared, s.states = time.Now().Add(time.Millisecond), map[string]store.State{} })
		after(listEvery)
		if got := shown(b.Engine); len(got) != 2 || got["renamed"] != nil || got[old.Name] != nil {
			t.Errorf("cleared: %v", got)
		}
		m.Enabled = false
		s.set(m)
		after(listEvery)
		if got := shown(b.Engine); len(got) != 1 {
			t.Errorf("disabled: %v", got)
		}
		s.with(store.TopicMonitors, func() { delete(s.monitors, old.ID) })
		after(listEvery)
		if got := shown(b.Engine); len(got) != 0 {
			t.Errorf("deleted: %v", got)
		}
	})
}

func TestRunningGoesOnWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "1s")
		s := newMemory(m)
		b := startBench(t, s, newLab())
		after(5 * time.Second)
		s.with("", func() { s.down = true })
		lost := time.Now()
		after(time.Minute)
		if latest := shown(b.Engine)[m.Name]; time.Since(latest.Date) > 2*time.Second {
			t.Errorf("%s after the store was lost, the newest result is from %s after", time.Since(lost), latest.Date.Sub(lost))
		}
	})
}

// wantToldOnce fails if not each monitor is told by exactly one of the given runners.
func (c *crew) wantToldOnce(when string, runners ...int) {
	c.t.Helper()
	told := make(map[string]int)
	for _, r := range runners {
		for name, latest := range shown(c.bench[r].Engine) {
			told[name]++
			if latest == nil {
				c.t.Errorf("%s: runner %d tells no result of %s", when, r, name)
			}
		}
	}
	for _, m := range c.store.monitors {
		if told[m.Name] != 1 {
			c.t.Errorf("%s: %d runners tell of %s", when, told[m.Name], m.Name)
		}
	}
}

func TestEachRunnerTellsOfItsOwnMonitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCrew(t, 2, 60)
		after(crewInterval)
		c.wantToldOnce("two", 0, 1)
		c.join()
		after(5 * time.Second)
		c.wantToldOnce("a third has come", 0, 1, 2)
		c.bench[1].stop()
		after(2 * time.Second)
		c.wantToldOnce("one was stopped", 0, 2)
	})
}

func TestRunningMayBeReadAtAnyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory(monitors(30, "1s")...)
		b := startBench(t, s, newLab())
		reading := time.NewTicker(5 * time.Millisecond)
		defer reading.Stop()
		for n := range 2000 {
			<-reading.C
			if got := shown(b.Engine); len(got) < 29 {
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
