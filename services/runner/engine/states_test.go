package engine

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestStartWaitsForTheStatesAndGoesOnFromThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s := newMemory(m)
		old := monitor.Result{ID: "old", Date: monitor.Date(time.Now().Add(-5 * time.Second)), MonitorID: m.ID}
		s.states[m.ID] = store.State{
			MonitorID: m.ID, Latest: old, Streak: 41, Since: old.Date, History: []store.Point{{Date: old.Date}},
		}
		s.down = true
		l := newLab()
		b := startBench(t, s, l)
		after(30 * time.Second)
		if n := len(l.started("1")); n != 0 {
			t.Errorf("%d runs before the states were known", n)
		}
		s.with("", func() { s.down = false })
		after(12 * time.Second)
		b.stop()
		if st := s.states[m.ID]; st.Streak != 42 || !st.Since.Equal(old.Date) || len(s.transitions) != 0 {
			t.Errorf("state %+v, transitions %+v", st, s.transitions)
		}
	})
}

func TestReturningMonitorGoesOnFromTheNewestState(t *testing.T) {
	for _, c := range []struct {
		name string
		// stored is the streak in the store when the monitor returns; 0 leaves what this runner has written.
		stored int
		// refuse is what the store says to a batch until then.
		refuse error
		want   int
	}{
		{name: "nobody ran it meanwhile", want: 4},
		{name: "another runner ran it", stored: 100, want: 101},
		{name: "what was found is not written yet", refuse: monitor.ErrUnavailable, want: 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := monitorNumber(1, "10s")
				s := newMemory(m)
				s.refuse = func(store.Batch) error { return c.refuse }
				b := startBench(t, s, newLab())
				after(30*time.Second + grid)
				m.Enabled = false
				s.set(m)
				after(20 * time.Second)
				if c.stored > 0 {
					r := monitor.Result{ID: "x", Date: monitor.Date(time.Now().Add(-time.Second)), MonitorID: m.ID}
					s.with("", func() {
						s.states[m.ID] = store.State{MonitorID: m.ID, Latest: r, Streak: c.stored, History: []store.Point{{Date: r.Date}}}
					})
				}
				m.Enabled = true
				s.set(m)
				after(time.Second)
				s.with("", func() { s.refuse = nil })
				b.stop()
				if got := s.states[m.ID].Streak; got != c.want {
					t.Errorf("streak %d, want %d", got, c.want)
				}
			})
		})
	}
}

func TestClearedResultsNoLongerCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s := newMemory(m)
		b := startBench(t, s, newLab())
		after(5 * time.Minute)
		s.with(store.TopicMonitors, func() {
			s.cleared = monitor.Date(time.Now())
			clear(s.states)
			s.transitions = nil
		})
		after(21 * time.Second)
		b.stop()
		first := slices.Index(s.transitions, store.StatusChange{
			MonitorID: m.ID, Date: s.states[m.ID].Since, Kind: store.ChangeStatus, To: "ok",
		})
		if st := s.states[m.ID]; st.Streak != 2 || len(st.History) != 2 || first != 0 || len(s.transitions) != 1 {
			t.Errorf("state %+v, transitions %+v", st, s.transitions)
		}
	})
}

func TestShorterIntervalIsNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "1h")
		s := newMemory(m)
		b := startBench(t, s, newLab())
		after(40 * time.Minute)
		m.Interval = "5s"
		s.set(m)
		after(time.Minute)
		b.stop()
		if len(s.transitions) != 1 {
			t.Errorf("transitions %+v", s.transitions)
		}
	})
}
