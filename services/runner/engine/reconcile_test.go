package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

func TestDiff(t *testing.T) {
	with := func(change func(*monitor.Monitor)) monitor.Monitor {
		m := monitorNumber(1, "10s")
		m.Properties = map[string]string{"a": "b"}
		change(&m)
		return m
	}
	one := with(func(*monitor.Monitor) {})
	two, three := monitorNumber(2, "10s"), monitorNumber(3, "10s")
	for _, c := range []struct {
		name                 string
		running, desired     []monitor.Monitor
		start, restart, stop []string
	}{
		{name: "nothing"},
		{name: "all the same", running: []monitor.Monitor{one, two}, desired: []monitor.Monitor{two, one}},
		{name: "all new", desired: []monitor.Monitor{three, one, two}, start: []string{one.ID, two.ID, three.ID}},
		{name: "all deleted", running: []monitor.Monitor{three, one}, stop: []string{one.ID, three.ID}},
		{name: "start, restart and stop", running: []monitor.Monitor{one, two},
			desired: []monitor.Monitor{with(func(m *monitor.Monitor) { m.Rule = "n > 1" }), three},
			start:   []string{three.ID}, restart: []string{one.ID}, stop: []string{two.ID}},
		{name: "only the update time", running: []monitor.Monitor{one},
			desired: []monitor.Monitor{with(func(m *monitor.Monitor) { m.Updated = noon })}},
		{name: "renamed", running: []monitor.Monitor{one},
			desired: []monitor.Monitor{with(func(m *monitor.Monitor) { m.Name = "x" })}, restart: []string{one.ID}},
		{name: "another property", running: []monitor.Monitor{one},
			desired: []monitor.Monitor{with(func(m *monitor.Monitor) { m.Properties = map[string]string{"a": "c"} })},
			restart: []string{one.ID}},
		{name: "another interval", running: []monitor.Monitor{one},
			desired: []monitor.Monitor{with(func(m *monitor.Monitor) { m.Interval = "20s" })}, restart: []string{one.ID}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := diff(byID(c.running), byID(c.desired))
			if d := cmp.Diff(c.start, ids(got.start)); d != "" {
				t.Errorf("start (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.restart, ids(got.restart)); d != "" {
				t.Errorf("restart (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.stop, got.stop); d != "" {
				t.Errorf("stop (-want +got):\n%s", d)
			}
		})
	}
}

func byID(ms []monitor.Monitor) map[string]monitor.Monitor {
	m := make(map[string]monitor.Monitor)
	for _, item := range ms {
		m[item.ID] = item
	}
	return m
}

func ids(ms []monitor.Monitor) (ids []string) {
	for _, m := range ms {
		ids = append(ids, m.ID)
	}
	return ids
}

func TestMonitorsAreReadAtMostEvery200Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		startEngine(t, s, newFakeProbes())
		for range 2000 {
			elapse(time.Millisecond)
			s.set()
		}
		if n := inspect(s, func() int { return s.calls["Monitors"] }); n < 10 || n > 12 {
			t.Errorf("%d reads in 2 s", n)
		}
	})
}

func TestMonitorsArePolledIfWatchIsUnsupported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		s := newMemoryStore()
		s.unwatched = true
		startEngine(t, s, probes)
		elapse(time.Second)
		s.set(monitorNumber(1, "1h"))
		elapse(9500 * time.Millisecond)
		if n := len(probes.started("1")); n != 1 {
			t.Errorf("%d checks one polling interval after the monitor was created", n)
		}
		elapse(50 * time.Second)
		if n := inspect(s, func() int { return s.calls["Monitors"] }); n < 7 || n > 8 {
			t.Errorf("%d reads in a minute", n)
		}
		if n := inspect(s, func() int { return s.calls["StatesOf"] }); n != 1 {
			t.Errorf("states were read %d times", n)
		}
	})
}

func TestDisabledAndDeletedMonitorsAreNotChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		m := monitorNumber(1, "10s")
		disabled := monitorNumber(2, "10s")
		disabled.Enabled = false
		s := newMemoryStore(m, disabled)
		b := startEngine(t, s, probes)
		elapse(25 * time.Second)
		s.with(store.TopicMonitors, func() { delete(s.monitors, m.ID) })
		elapse(time.Second)
		n := len(probes.started("1"))
		elapse(time.Minute)
		if len(probes.started("1")) != n || len(probes.started("2")) != 0 || probes.openProbes() != 0 || b.Stats().Monitors != 0 {
			t.Errorf("checks: deleted monitor %d, later %d; disabled monitor %d; %d probes open",
				n, len(probes.started("1")), len(probes.started("2")), probes.openProbes())
		}
	})
}

func TestQueuedResultsOfDeletedMonitorAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		m := monitorNumber(1, "10s")
		s := newMemoryStore(m)
		b := startEngine(t, s, probes)
		for len(probes.started("1")) == 0 {
			elapse(time.Millisecond)
		}
		if b.Stats().Queued != 1 {
			t.Fatal("the result is already written")
		}
		s.with(store.TopicMonitors, func() { delete(s.monitors, m.ID) })
		elapse(time.Second)
		b.stop()
		if len(s.results)+len(s.states)+len(s.statusChanges) != 0 {
			t.Errorf("written: %v, %v, %v", s.results, s.states, s.statusChanges)
		}
	})
}

func TestDisablingCancelsRunningCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		cancelled := make(chan time.Time, 1)
		probes.outcome = func(ctx context.Context, _ string) probe.Outcome {
			<-ctx.Done()
			cancelled <- time.Now()
			return probe.Outcome{Value: 7}
		}
		m := monitorNumber(1, "10s")
		s := newMemoryStore(m)
		b := startEngine(t, s, probes)
		elapse(15 * time.Second)
		m.Enabled = false
		s.set(m)
		changed := time.Now()
		if at := <-cancelled; !at.Equal(changed) {
			t.Errorf("cancelled %s after the change", at.Sub(changed))
		}
		elapse(time.Second)
		b.stop()
		if len(s.results) != 0 || probes.openProbes() != 0 {
			t.Errorf("results %v, %d probes open", s.results, probes.openProbes())
		}
	})
}

func TestInvalidMonitorFailsOnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		invalid, unknown := monitorNumber(1, "soon"), monitorNumber(2, "10s")
		unknown.Type = "gopher"
		s := newMemoryStore(invalid, unknown).withResults(invalid, unknown)
		b := startEngine(t, s, newFakeProbes())
		elapse(2 * time.Minute)
		b.stop()
		if st := s.states[invalid.ID]; st.Streak != 3 || st.Latest.Message != "invalid monitor interval" {
			t.Errorf("invalid interval: streak %d, %+v", st.Streak, st.Latest)
		}
		if st := s.states[unknown.ID]; st.Streak != 12 || st.Latest.Message != "invalid monitor type" {
			t.Errorf("unknown type: streak %d, %+v", st.Streak, st.Latest)
		}
	})
}

func TestChecksContinueWhileStoreUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		s := newMemoryStore(monitors(20, "10s")...)
		b := startEngine(t, s, probes)
		elapse(15 * time.Second)
		s.with(store.TopicMonitors, func() { s.down = true })
		elapse(5 * time.Minute)
		if n := inspect(s, func() int { return s.calls["Monitors"] }); n < 150 {
			t.Errorf("the monitors were read %d times in 5 minutes", n)
		}
		s.with("", func() { s.down = false })
		elapse(15 * time.Second)
		b.stop()
		if n := len(s.results); n < 20*32 || n != int(b.Stats().Checks[monitor.StatusOK]) {
			t.Errorf("%d results", n)
		}
		for id, n := range s.stored {
			if n != 1 {
				t.Errorf("result %s stored %d times", id, n)
			}
		}
		for _, message := range []string{"store unavailable, retrying", "store available again"} {
			for _, operation := range []string{"read monitors", "write results", "exchange heartbeats"} {
				if n := b.log.count(`msg="` + message); b.log.count(`operation="`+operation+`"`) != 2 || n > 6 {
					t.Errorf("%q, %q: log: %s", message, operation, b.log.text.String())
				}
			}
		}
		if len(s.statusChanges) != 20 {
			t.Errorf("%d status changes; an unavailable store must not change the status", len(s.statusChanges))
		}
	})
}

func TestIgnoredPropertiesAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stray := monitors(1, "10s")[0]
		stray.Properties = map[string]string{"server": "192.0.2.53"}
		s := newMemoryStore(stray)
		b := startEngine(t, s, newFakeProbes())
		elapse(time.Minute)
		const warning = `level=WARN msg="ignored properties that the type of the monitor does not have" monitor_id=`
		if got := b.log.count(warning); got != 1 {
			t.Errorf("%d warnings, want 1: %s", got, &b.log.text)
		}
		if state := inspect(s, func() store.State { return s.states[stray.ID] }); state.Latest.Status != monitor.StatusOK {
			t.Errorf("the monitor is not OK: %s", state.Latest.Message)
		}
	})
}
