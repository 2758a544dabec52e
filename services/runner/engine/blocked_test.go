package engine

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// checkBlocked compares what is blocked of a monitor with the results of its parent, nil for a monitor without one. It returns how many are.
func (s *memory) checkBlocked(t *testing.T, id string, parent []monitor.Result) int {
	t.Helper()
	blocked := 0
	for _, r := range s.resultsOf(id) {
		before, _ := slices.BinarySearchFunc(parent, r.Date, func(p monitor.Result, at time.Time) int { return p.Date.Compare(at) })
		want := monitor.IgnoreReason("")
		if r.Status != monitor.StatusOK && before > 0 && parent[before-1].Status != monitor.StatusOK {
			want = monitor.IgnoredBlocked
			blocked++
		}
		if r.Ignored != want {
			t.Errorf("monitor %s at %s: %q, want %q", id, r.Date, r.Ignored, want)
		}
	}
	s.checkLog(t, id)
	return blocked
}

func TestBadResultsBehindABadParentAreBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := monitors(4, "5s")
		ms[1] = dependent(ms[1], "monitor 1")
		ms[2] = dependent(ms[2], ms[1].ID)
		s, l := newMemory(ms...), newLab()
		b := startBench(t, s, l)
		for _, bad := range [][]string{nil, {"2", "3", "4"}, {"1", "2", "3", "4"}, {"1", "3"}, {"1", "2"}, {"2", "3"}, nil} {
			l.fail(bad...)
			after(time.Minute)
		}
		b.stop()
		first, second := s.resultsOf(ms[0].ID), s.resultsOf(ms[1].ID)
		child, grandchild := s.checkBlocked(t, ms[1].ID, first), s.checkBlocked(t, ms[2].ID, second)
		if child < 22 || child > 26 || grandchild < 33 || grandchild > 39 {
			t.Errorf("%d and %d are blocked", child, grandchild)
		}
		if s.checkBlocked(t, ms[0].ID, nil)+s.checkBlocked(t, ms[3].ID, nil) != 0 {
			t.Error("one without a parent is blocked")
		}
		if n := look(s, func() int { return s.reads["StatesOf"] }); n != 1 {
			t.Errorf("the states of parents that run here were read %d times", n-1)
		}
	})
}

func TestWhoIsTheParentFollowsTheMonitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := monitors(2, "5s")
		s, l := newMemory(ms...), newLab()
		l.fail("1", "2")
		b := startBench(t, s, l)
		s.set(dependent(ms[1], "gateway"))
		latest := func() monitor.IgnoreReason {
			after(11 * time.Second)
			return look(s, func() monitor.IgnoreReason { return s.states[ms[1].ID].Latest.Ignored })
		}
		renamed, off := ms[0], ms[0]
		renamed.Name, off.Name = "gateway", "gateway"
		off.Enabled = false
		for _, step := range []struct {
			name   string
			parent monitor.Monitor
			want   monitor.IgnoreReason
		}{
			{"unknown", ms[0], ""}, {"renamed", renamed, monitor.IgnoredBlocked}, {"disabled", off, ""},
			{"enabled again", renamed, monitor.IgnoredBlocked}, {"a circle", dependent(renamed, ms[1].ID), ""},
		} {
			s.set(step.parent)
			if got := latest(); got != step.want {
				t.Errorf("%s: %q, want %q", step.name, got, step.want)
			}
		}
		s.set(renamed)
		s.with("", func() { s.windows = []maintenance.Window{windowFor(time.Now(), time.Now().Add(time.Hour), ms[0].ID)} })
		s.set()
		if got := latest(); got != monitor.IgnoredBlocked {
			t.Errorf("behind a bad parent in maintenance: %q", got)
		}
		s.with(store.TopicMonitors, func() { s.windows[0].Monitors = []string{ms[0].ID, ms[1].ID} })
		if got := latest(); got != monitor.IgnoredMaintenance {
			t.Errorf("in maintenance and behind a bad parent: %q", got)
		}
		s.with(store.TopicMonitors, func() { s.windows, s.monitors[ms[0].ID] = nil, ms[0] })
		if got := latest(); got != "" {
			t.Errorf("at the end: %q", got)
		}
		b.stop()
		s.checkLog(t, ms[1].ID)
	})
}

// A parent that hangs, so that nothing is heard of it any more, blocks others for a while only.
func TestParentWithoutNewResultsBlocksNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := monitors(2, "10s")
		ms[1] = dependent(ms[1], "monitor 1")
		s, l := newMemory(ms...), newLab()
		l.find = func(ctx context.Context, target string) probe.Outcome {
			if target == "1" {
				<-ctx.Done()
			}
			return probe.Outcome{Err: context.Canceled}
		}
		old := monitor.Result{ID: "old", Date: monitor.Date(time.Now()), Status: monitor.StatusError, MonitorID: ms[0].ID}
		s.states[ms[0].ID] = store.State{MonitorID: ms[0].ID, Latest: old, Streak: 1, Since: old.Date}
		b := startBench(t, s, l)
		after(2 * time.Minute)
		b.stop()
		for _, r := range s.resultsOf(ms[1].ID) {
			if known := r.Date.Sub(old.Date) <= monitor.StaleAfter(10*time.Second); known != (r.Ignored == monitor.IgnoredBlocked) {
				t.Errorf("after %s: %q", r.Date.Sub(old.Date), r.Ignored)
			}
		}
		s.checkLog(t, ms[1].ID)
	})
}

// ownedBy is a monitor that is in the share of one of the runners.
func ownedBy(runner string, runners ...string) monitor.Monitor {
	for n := 1; ; n++ {
		m := monitorNumber(n, "5s")
		if (share{self: runner, live: runners}).has(m.ID) {
			return m
		}
	}
}

func TestParentOnAnotherRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, child := ownedBy("r2", "r1", "r2"), ownedBy("r1", "r1", "r2")
		s, l := newMemory(parent, dependent(child, parent.ID)), newLab()
		one, two := startRunner(t, "r1", s, l), startRunner(t, "r2", s, l)
		reads := func() int { return look(s, func() int { return s.reads["StatesOf"] }) }
		latest := func(d time.Duration) monitor.IgnoreReason {
			after(d)
			return look(s, func() monitor.IgnoreReason { return s.states[child.ID].Latest.Ignored })
		}
		after(30 * time.Second)
		before := reads()
		after(time.Minute)
		if n := reads() - before; n != 30 {
			t.Errorf("the parent was read %d times in a minute", n)
		}
		l.fail(child.Target)
		if got := latest(15 * time.Second); got != "" {
			t.Errorf("behind a parent that is well: %q", got)
		}
		l.fail(child.Target, parent.Target)
		if got := latest(15 * time.Second); got != monitor.IgnoredBlocked {
			t.Errorf("behind a bad parent: %q", got)
		}

		began := time.Now()
		s.with("", func() { s.down = true })
		after(10 * time.Minute)
		s.with("", func() { s.down = false })
		after(10 * time.Second)
		n := 0
		for _, r := range s.resultsOf(child.ID) {
			if r.Date.After(began) {
				n++
				if r.Ignored != monitor.IgnoredBlocked {
					t.Fatalf("%s after the store went away: %q", r.Date.Sub(began), r.Ignored)
				}
			}
		}
		if n < 120 {
			t.Errorf("%d results in ten minutes", n)
		}

		l.fail(child.Target)
		if got := latest(15 * time.Second); got != "" {
			t.Errorf("the parent has recovered: %q", got)
		}
		l.fail(child.Target, parent.Target)
		after(15 * time.Second)
		// Each runner takes over from the other, who comes back: no result of the child counts.
		for _, leaves := range []*bench{two, one} {
			leaves.stop()
			after(20 * time.Second)
			startRunner(t, leaves.cfg.ID, s, l)
			after(30 * time.Second)
		}
		if got := latest(0); got != monitor.IgnoredBlocked {
			t.Errorf("at the end: %q", got)
		}
		s.set(child)
		after(time.Second)
		before = reads()
		if got := latest(time.Minute); got != "" || reads() != before {
			t.Errorf("depends on none: %q, read %d times", got, reads()-before)
		}
		s.checkLog(t, child.ID)
		counted := 0
		for _, change := range s.transitions {
			if change.Kind == store.ChangeIgnored && change.To == store.Counted {
				counted++
			}
		}
		if counted != 2 {
			t.Errorf("%d times the results counted again: %+v", counted, s.transitions)
		}
	})
}

func TestClearingForgetsParents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, child := ownedBy("r2", "r1", "r2"), ownedBy("r1", "r1", "r2")
		parent.Interval = "1h"
		s, l := newMemory(parent, dependent(child, parent.ID)), newLab()
		l.fail(child.Target, parent.Target)
		startRunner(t, "r1", s, l)
		startRunner(t, "r2", s, l)
		latest := func() monitor.IgnoreReason {
			after(time.Minute)
			return look(s, func() monitor.IgnoreReason { return s.states[child.ID].Latest.Ignored })
		}
		if got := latest(); got != monitor.IgnoredBlocked {
			t.Errorf("before: %q", got)
		}
		s.with(store.TopicMonitors, func() {
			s.cleared = monitor.Date(time.Now())
			clear(s.states)
		})
		if got := latest(); got != "" {
			t.Errorf("after: %q", got)
		}
	})
}
