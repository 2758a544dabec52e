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
		{name: "all gone", running: []monitor.Monitor{three, one}, stop: []string{one.ID, three.ID}},
		{name: "one of each", running: []monitor.Monitor{one, two},
			desired: []monitor.Monitor{with(func(m *monitor.Monitor) { m.Rule = "n > 1" }), three},
			start:   []string{three.ID}, restart: []string{one.ID}, stop: []string{two.ID}},
		{name: "only written again", running: []monitor.Monitor{one},
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
	for _, one := range ms {
		m[one.ID] = one
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
		s := newMemory()
		startBench(t, s, newLab())
		for range 2000 {
			after(time.Millisecond)
			s.set()
		}
		if n := look(s, func() int { return s.reads["Monitors"] }); n < 10 || n > 12 {
			t.Errorf("%d reads in 2 s", n)
		}
	})
}

func TestMonitorsArePolledWhereTheStoreCantBeWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		s := newMemory()
		s.unwatched = true
		startBench(t, s, l)
		after(time.Second)
		s.set(monitorNumber(1, "1h"))
		after(9500 * time.Millisecond)
		if n := len(l.started("1")); n != 1 {
			t.Errorf("%d runs one polling interval after the monitor was made", n)
		}
		after(50 * time.Second)
		if n := look(s, func() int { return s.reads["Monitors"] }); n < 7 || n > 8 {
			t.Errorf("%d reads in a minute", n)
		}
		if n := look(s, func() int { return s.reads["StatesOf"] + s.reads["States"] }); n != 1 {
			t.Errorf("states were read %d times", n)
		}
	})
}

func TestDisabledAndDeletedMonitorsDontRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		m := monitorNumber(1, "10s")
		off := monitorNumber(2, "10s")
		off.Enabled = false
		s := newMemory(m, off)
		b := startBench(t, s, l)
		after(25 * time.Second)
		s.with(store.TopicMonitors, func() { delete(s.monitors, m.ID) })
		after(time.Second)
		n := len(l.started("1"))
		after(time.Minute)
		if len(l.started("1")) != n || len(l.started("2")) != 0 || l.probesOpen() != 0 || b.Stats().Monitors != 0 {
			t.Errorf("runs: deleted %d then %d, disabled %d; %d probes open",
				n, len(l.started("1")), len(l.started("2")), l.probesOpen())
		}
	})
}

func TestWhatWaitsOfADeletedMonitorIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		m := monitorNumber(1, "10s")
		s := newMemory(m)
		b := startBench(t, s, l)
		for len(l.started("1")) == 0 {
			after(time.Millisecond)
		}
		if b.Stats().Queued != 1 {
			t.Fatal("the result is written already")
		}
		s.with(store.TopicMonitors, func() { delete(s.monitors, m.ID) })
		after(time.Second)
		b.stop()
		if len(s.results)+len(s.states)+len(s.transitions) != 0 {
			t.Errorf("written: %v, %v, %v", s.results, s.states, s.transitions)
		}
	})
}

func TestStoppingCancelsTheRunAndDropsItsResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		cancelled := make(chan time.Time, 1)
		l.find = func(ctx context.Context, _ string) probe.Outcome {
			<-ctx.Done()
			cancelled <- time.Now()
			return probe.Outcome{Value: 7}
		}
		m := monitorNumber(1, "10s")
		s := newMemory(m)
		b := startBench(t, s, l)
		after(15 * time.Second)
		m.Enabled = false
		s.set(m)
		changed := time.Now()
		if at := <-cancelled; !at.Equal(changed) {
			t.Errorf("cancelled %s after the change", at.Sub(changed))
		}
		after(time.Second)
		b.stop()
		if len(s.results) != 0 || l.probesOpen() != 0 {
			t.Errorf("results %v, %d probes open", s.results, l.probesOpen())
		}
	})
}

func TestMonitorThatCantBeCompiledFailsOnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken, unknown := monitorNumber(1, "soon"), monitorNumber(2, "10s")
		unknown.Type = "gopher"
		s := newMemory(broken, unknown).checked(broken, unknown)
		b := startBench(t, s, newLab())
		after(2 * time.Minute)
		b.stop()
		if st := s.states[broken.ID]; st.Streak != 3 || st.Latest.Message != "invalid monitor interval" {
			t.Errorf("broken interval: streak %d, %+v", st.Streak, st.Latest)
		}
		if st := s.states[unknown.ID]; st.Streak != 12 || st.Latest.Message != "invalid monitor type" {
			t.Errorf("unknown type: streak %d, %+v", st.Streak, st.Latest)
		}
	})
}

func TestChecksGoOnWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		s := newMemory(monitors(20, "10s")...)
		b := startBench(t, s, l)
		after(15 * time.Second)
		s.with(store.TopicMonitors, func() { s.down = true })
		after(5 * time.Minute)
		if n := look(s, func() int { return s.reads["Monitors"] }); n < 150 {
			t.Errorf("the list was tried %d times in 5 minutes", n)
		}
		s.with("", func() { s.down = false })
		after(15 * time.Second)
		b.stop()
		if n := len(s.results); n < 20*32 || n != int(b.Stats().Runs[monitor.StatusOK]) {
			t.Errorf("%d results", n)
		}
		for id, n := range s.stored {
			if n != 1 {
				t.Errorf("result %s stored %d times", id, n)
			}
		}
		for _, words := range []string{"store lost", "store back"} {
			for _, operation := range []string{"read the monitors", "write results", "exchange heartbeats"} {
				if n := b.log.count(`msg="` + words); b.log.count(`operation="`+operation+`"`) != 2 || n > 6 {
					t.Errorf("%q, %q: log: %s", words, operation, b.log.text.String())
				}
			}
		}
		if len(s.transitions) != 20 {
			t.Errorf("%d transitions: an outage of the store is no change of status", len(s.transitions))
		}
	})
}
