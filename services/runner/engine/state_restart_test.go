package engine

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestStartContinuesFromStoredState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s := newMemoryStore(m)
		old := monitor.Result{ID: "old", Date: monitor.Date(time.Now().Add(-5 * time.Second)), MonitorID: m.ID}
		s.states[m.ID] = store.State{
			MonitorID: m.ID, Latest: old, Streak: 41, Since: old.Date, History: []store.Point{{Date: old.Date}},
		}
		s.down = true
		probes := newFakeProbes()
		b := startEngine(t, s, probes)
		elapse(30 * time.Second)
		if n := len(probes.started("1")); n != 0 {
			t.Errorf("%d checks before the states were loaded", n)
		}
		s.with("", func() { s.down = false })
		elapse(12 * time.Second)
		b.stop()
		if st := s.states[m.ID]; st.Streak != 42 || !st.Since.Equal(old.Date) || len(s.statusChanges) != 0 {
			t.Errorf("state %+v, status changes %+v", st, s.statusChanges)
		}
	})
}

func TestEnabledMonitorContinuesFromNewestState(t *testing.T) {
	for _, c := range []struct {
		name string
		// stored is the streak in the store when the monitor is enabled again; 0 keeps the state that this runner has
		// written.
		stored int
		// rejection is the error of the store for each batch until then.
		rejection error
		want      int
	}{
		{name: "no runner checked it", want: 4},
		{name: "another runner checked it", stored: 100, want: 101},
		{name: "its results are not written yet", rejection: monitor.ErrUnavailable, want: 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := monitorNumber(1, "10s")
				s := newMemoryStore(m)
				s.reject = func(store.Batch) error { return c.rejection }
				b := startEngine(t, s, newFakeProbes())
				elapse(30*time.Second + grid)
				m.Enabled = false
				s.set(m)
				elapse(20 * time.Second)
				if c.stored > 0 {
					r := monitor.Result{ID: "x", Date: monitor.Date(time.Now().Add(-time.Second)), MonitorID: m.ID}
					s.with("", func() {
						s.states[m.ID] = store.State{MonitorID: m.ID, Latest: r, Streak: c.stored, History: []store.Point{{Date: r.Date}}}
					})
				}
				m.Enabled = true
				s.set(m)
				elapse(time.Second)
				s.with("", func() { s.reject = nil })
				b.stop()
				if got := s.states[m.ID].Streak; got != c.want {
					t.Errorf("streak %d, want %d", got, c.want)
				}
			})
		})
	}
}

func TestClearedResultsDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s := newMemoryStore(m)
		b := startEngine(t, s, newFakeProbes())
		elapse(5 * time.Minute)
		s.with(store.TopicMonitors, func() {
			s.cleared = monitor.Date(time.Now())
			clear(s.states)
			s.statusChanges = nil
		})
		elapse(21 * time.Second)
		b.stop()
		first := slices.Index(s.statusChanges, store.StatusChange{
			MonitorID: m.ID, Date: s.states[m.ID].Since, Kind: store.ChangeStatus, To: "ok",
		})
		if st := s.states[m.ID]; st.Streak != 2 || len(st.History) != 2 || first != 0 || len(s.statusChanges) != 1 {
			t.Errorf("state %+v, status changes %+v", st, s.statusChanges)
		}
	})
}

func TestShorterIntervalCausesNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "1h")
		s := newMemoryStore(m)
		b := startEngine(t, s, newFakeProbes())
		elapse(40 * time.Minute)
		m.Interval = "5s"
		s.set(m)
		elapse(time.Minute)
		b.stop()
		if len(s.statusChanges) != 1 {
			t.Errorf("status changes %+v", s.statusChanges)
		}
	})
}

// TestClockJump checks that each result counts and has the date of the configured clock while that clock is set forward
// and back, and that the schedule does not depend on it.
func TestClockJump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offset atomic.Int64 // a duration
		m := monitorNumber(1, "10s")
		s, probes := newMemoryStore(m), newFakeProbes()
		b := startEngineWith(t, Config{ID: "r1", Clock: &testClock{offset: &offset}}, s, probes)
		elapse(time.Minute)
		offset.Store(int64(2 * time.Hour))
		elapse(time.Minute)
		probes.fail(m.Target)
		offset.Store(0)
		elapse(time.Minute)
		b.stop()
		st := s.states[m.ID]
		if n := len(probes.started(m.Target)); n < 18 || n > 20 || n != len(s.results) || n != len(st.History) {
			t.Errorf("%d checks, %d results, %d points in 3 minutes", n, len(s.results), len(st.History))
		}
		if age := time.Since(st.Latest.Date); st.Latest.Status != monitor.StatusFailed || st.Streak < 5 || age > 10*time.Second {
			t.Errorf("state %+v, age %s", st, age)
		}
		future := 0
		for _, r := range s.results {
			if r.Date.After(time.Now()) {
				future++
			}
		}
		if future < 5 || future > 7 {
			t.Errorf("%d results are dated in the future", future)
		}
	})
}

// TestClearedInTheFuture checks that a restart keeps a state although all results were deleted, in the past, at a time
// that is in the future since the clock was set back.
func TestClearedInTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s := newMemoryStore(m).withResults(m)
		s.cleared = monitor.Date(time.Now().Add(2 * time.Hour))
		b := startEngine(t, s, newFakeProbes())
		elapse(15 * time.Second)
		b.stop()
		if st := s.states[m.ID]; st.Streak != len(s.results)+1 {
			t.Errorf("streak %d after %d results", st.Streak, len(s.results))
		}
	})
}

// TestReturnAfterOtherRunner checks that a runner continues after the states that another runner has stored while this
// one could not reach the store, although the clock of the other runner is ten minutes fast.
func TestReturnAfterOtherRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := monitors(8, "10s")
		s := newMemoryStore(ms...)
		b := startEngine(t, s, newFakeProbes())
		elapse(time.Minute)
		s.with("", func() { s.down = true })
		elapse(20 * time.Second)
		s.with("", func() {
			s.down = false
			for _, m := range ms {
				r := monitor.Result{ID: "x", Date: monitor.Date(time.Now().Add(10 * time.Minute)), MonitorID: m.ID}
				s.states[m.ID] = store.State{
					MonitorID: m.ID, Latest: r, Streak: 100, Since: r.Date, History: []store.Point{{Date: r.Date}},
				}
			}
		})
		elapse(30 * time.Second)
		b.stop()
		for _, m := range ms {
			if st := s.states[m.ID]; st.Streak <= 100 || st.Latest.Date.After(time.Now()) {
				t.Errorf("state %+v", st)
			}
		}
		if n := b.log.count("heartbeat was late"); n != 1 {
			t.Errorf("%d log lines", n)
		}
	})
}
