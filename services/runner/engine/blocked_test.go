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
	"nanomon/services/runner/cluster"
)

// checkBlocked compares the blocked results of a monitor with the results of its dependency, or nil if it has none. It
// returns the number of blocked results.
func (s *memoryStore) checkBlocked(t *testing.T, id string, dependency []monitor.Result) int {
	t.Helper()
	blocked := 0
	for _, r := range s.resultsOf(id) {
		before, _ := slices.BinarySearchFunc(dependency, r.Date, func(p monitor.Result, at time.Time) int { return p.Date.Compare(at) })
		want := monitor.IgnoreReason("")
		if r.Status != monitor.StatusOK && before > 0 && dependency[before-1].Status != monitor.StatusOK {
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

func TestNotOKResultsAreBlockedByDependency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := monitors(4, "5s")
		ms[1] = dependOn(ms[1], "monitor 1")
		ms[2] = dependOn(ms[2], ms[1].ID)
		s, probes := newMemoryStore(ms...), newFakeProbes()
		b := startEngine(t, s, probes)
		for _, failing := range [][]string{nil, {"2", "3", "4"}, {"1", "2", "3", "4"}, {"1", "3"}, {"1", "2"}, {"2", "3"}, nil} {
			probes.fail(failing...)
			elapse(time.Minute)
		}
		b.stop()
		first, second := s.resultsOf(ms[0].ID), s.resultsOf(ms[1].ID)
		direct, indirect := s.checkBlocked(t, ms[1].ID, first), s.checkBlocked(t, ms[2].ID, second)
		if direct < 22 || direct > 26 || indirect < 33 || indirect > 39 {
			t.Errorf("%d and %d results are blocked", direct, indirect)
		}
		if s.checkBlocked(t, ms[0].ID, nil)+s.checkBlocked(t, ms[3].ID, nil) != 0 {
			t.Error("a result of a monitor without a dependency is blocked")
		}
		if n := inspect(s, func() int { return s.calls["StatesOf"] }); n != 1 {
			t.Errorf("the states of local dependencies were read %d times", n-1)
		}
	})
}

func TestDependencyFollowsMonitorChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := monitors(2, "5s")
		s, probes := newMemoryStore(ms...), newFakeProbes()
		probes.fail("1", "2")
		b := startEngine(t, s, probes)
		s.set(dependOn(ms[1], "gateway"))
		latest := func() monitor.IgnoreReason {
			elapse(11 * time.Second)
			return inspect(s, func() monitor.IgnoreReason { return s.states[ms[1].ID].Latest.Ignored })
		}
		renamed, disabled := ms[0], ms[0]
		renamed.Name, disabled.Name = "gateway", "gateway"
		disabled.Enabled = false
		for _, step := range []struct {
			name       string
			dependency monitor.Monitor
			want       monitor.IgnoreReason
		}{
			{"unknown", ms[0], ""}, {"renamed", renamed, monitor.IgnoredBlocked}, {"disabled", disabled, ""},
			{"enabled again", renamed, monitor.IgnoredBlocked}, {"a circle", dependOn(renamed, ms[1].ID), ""},
		} {
			s.set(step.dependency)
			if got := latest(); got != step.want {
				t.Errorf("%s: %q, want %q", step.name, got, step.want)
			}
		}
		s.set(renamed)
		s.with("", func() { s.windows = []maintenance.Window{windowFor(time.Now(), time.Now().Add(time.Hour), ms[0].ID)} })
		s.set()
		if got := latest(); got != monitor.IgnoredBlocked {
			t.Errorf("dependency not OK and in maintenance: %q", got)
		}
		s.with(store.TopicMonitors, func() { s.windows[0].Monitors = []string{ms[0].ID, ms[1].ID} })
		if got := latest(); got != monitor.IgnoredMaintenance {
			t.Errorf("in maintenance, dependency not OK: %q", got)
		}
		s.with(store.TopicMonitors, func() { s.windows, s.monitors[ms[0].ID] = nil, ms[0] })
		if got := latest(); got != "" {
			t.Errorf("at the end: %q", got)
		}
		b.stop()
		s.checkLog(t, ms[1].ID)
	})
}

// A dependency whose checks hang blocks its dependents only until its last result is stale.
func TestStaleDependencyDoesNotBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms := monitors(2, "10s")
		ms[1] = dependOn(ms[1], "monitor 1")
		s, probes := newMemoryStore(ms...), newFakeProbes()
		probes.outcome = func(ctx context.Context, target string) probe.Outcome {
			if target == "1" {
				<-ctx.Done()
			}
			return probe.Outcome{Err: context.Canceled}
		}
		old := monitor.Result{ID: "old", Date: monitor.Date(time.Now()), Status: monitor.StatusError, MonitorID: ms[0].ID}
		s.states[ms[0].ID] = store.State{MonitorID: ms[0].ID, Latest: old, Streak: 1, Since: old.Date}
		b := startEngine(t, s, probes)
		elapse(2 * time.Minute)
		b.stop()
		for _, r := range s.resultsOf(ms[1].ID) {
			if known := r.Date.Sub(old.Date) <= monitor.StaleAfter(10*time.Second); known != (r.Ignored == monitor.IgnoredBlocked) {
				t.Errorf("%s after the last result: %q", r.Date.Sub(old.Date), r.Ignored)
			}
		}
		s.checkLog(t, ms[1].ID)
	})
}

// monitorAssignedTo returns a monitor that is assigned to runner, one of runners.
func monitorAssignedTo(runner string, runners ...string) monitor.Monitor {
	for n := 1; ; n++ {
		m := monitorNumber(n, "5s")
		if cluster.NewAssignment(runner, runners).Has(m.ID) {
			return m
		}
	}
}

func TestDependencyOnAnotherRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dependency, dependent := monitorAssignedTo("r2", "r1", "r2"), monitorAssignedTo("r1", "r1", "r2")
		s, probes := newMemoryStore(dependency, dependOn(dependent, dependency.ID)), newFakeProbes()
		one, two := startEngineWithID(t, "r1", s, probes), startEngineWithID(t, "r2", s, probes)
		reads := func() int { return inspect(s, func() int { return s.calls["StatesOf"] }) }
		latest := func(d time.Duration) monitor.IgnoreReason {
			elapse(d)
			return inspect(s, func() monitor.IgnoreReason { return s.states[dependent.ID].Latest.Ignored })
		}
		elapse(30 * time.Second)
		before := reads()
		elapse(time.Minute)
		if n := reads() - before; n != 30 {
			t.Errorf("the dependency was read %d times in a minute", n)
		}
		probes.fail(dependent.Target)
		if got := latest(15 * time.Second); got != "" {
			t.Errorf("dependency OK: %q", got)
		}
		probes.fail(dependent.Target, dependency.Target)
		if got := latest(15 * time.Second); got != monitor.IgnoredBlocked {
			t.Errorf("dependency not OK: %q", got)
		}

		began := time.Now()
		s.with("", func() { s.down = true })
		elapse(10 * time.Minute)
		s.with("", func() { s.down = false })
		elapse(10 * time.Second)
		n := 0
		for _, r := range s.resultsOf(dependent.ID) {
			if r.Date.After(began) {
				n++
				if r.Ignored != monitor.IgnoredBlocked {
					t.Fatalf("%s after the store became unavailable: %q", r.Date.Sub(began), r.Ignored)
				}
			}
		}
		if n < 120 {
			t.Errorf("%d results in ten minutes", n)
		}

		probes.fail(dependent.Target)
		if got := latest(15 * time.Second); got != "" {
			t.Errorf("dependency OK again: %q", got)
		}
		probes.fail(dependent.Target, dependency.Target)
		elapse(15 * time.Second)
		// Each runner takes over from the other one, which then starts again. All results stay ignored.
		for _, leaving := range []*testEngine{two, one} {
			leaving.stop()
			elapse(20 * time.Second)
			startEngineWithID(t, leaving.cfg.ID, s, probes)
			elapse(30 * time.Second)
		}
		if got := latest(0); got != monitor.IgnoredBlocked {
			t.Errorf("at the end: %q", got)
		}
		s.set(dependent)
		elapse(time.Second)
		before = reads()
		if got := latest(time.Minute); got != "" || reads() != before {
			t.Errorf("no dependency: %q, read %d times", got, reads()-before)
		}
		s.checkLog(t, dependent.ID)
		counted := 0
		for _, change := range s.statusChanges {
			if change.Kind == store.ChangeIgnored && change.To == store.Counted {
				counted++
			}
		}
		if counted != 2 {
			t.Errorf("results counted again %d times: %+v", counted, s.statusChanges)
		}
	})
}

func TestClearingResultsResetsDependencies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dependency, dependent := monitorAssignedTo("r2", "r1", "r2"), monitorAssignedTo("r1", "r1", "r2")
		dependency.Interval = "1h"
		s, probes := newMemoryStore(dependency, dependOn(dependent, dependency.ID)), newFakeProbes()
		probes.fail(dependent.Target, dependency.Target)
		startEngineWithID(t, "r1", s, probes)
		startEngineWithID(t, "r2", s, probes)
		latest := func() monitor.IgnoreReason {
			elapse(time.Minute)
			return inspect(s, func() monitor.IgnoreReason { return s.states[dependent.ID].Latest.Ignored })
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
