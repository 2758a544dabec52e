package engine

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// problemObserver records the problems that the engine reports.
type problemObserver struct {
	noObserver
	problems []string
}

func (o *problemObserver) RunnerProblem(text string, _ time.Time) {
	o.problems = append(o.problems, text)
}

// lackFiles makes the checks of the given targets end without a result, because of too many open files.
func (probes *fakeProbes) lackFiles(targets ...string) {
	probes.mu.Lock()
	defer probes.mu.Unlock()
	probes.outcome = func(_ context.Context, target string) probe.Outcome {
		if slices.Contains(targets, target) {
			return probe.Outcome{Err: &probe.NotCheckedError{Cause: probe.CauseFiles, Text: "no files; raise the limit"}}
		}
		return probe.Outcome{Value: 1}
	}
}

func TestOwnFaultGivesNoResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, probes, observer := newMemoryStore(monitors(3, "10s")...), newFakeProbes(), &problemObserver{}
		b := startEngineWith(t, Config{ID: "r1", Observer: observer}, s, probes)
		b.store = s
		elapse(time.Minute)
		states := inspect(s, func() int { return len(s.statusChanges) })
		probes.lackFiles("1", "2")
		elapse(5 * time.Minute)
		results := inspect(s, func() int { return len(s.results) })
		if got := inspect(s, func() int { return len(s.statusChanges) }); got != states || s.states[monitorNumber(1, "").ID].Latest.Status != 0 {
			t.Errorf("%d status changes, want %d", got, states)
		}
		if n := b.Stats().NotChecked[probe.CauseFiles]; n != 60 {
			t.Errorf("%d checks not made, want 60", n)
		}
		const sentence = "Some monitors are not checked: no files; raise the limit."
		if got := b.health.Problems.List(); !slices.Equal(got, []string{sentence}) {
			t.Errorf("problems %q", got)
		}
		// The problem goes and comes: it is neither logged nor notified again.
		for range 5 {
			probes.lackFiles()
			elapse(time.Minute)
			probes.lackFiles("1", "2")
			elapse(time.Minute)
		}
		if !slices.Equal(observer.problems, []string{sentence}) || b.log.count("checks can't be made") != 1 {
			t.Errorf("notified %q, log %s", observer.problems, b.log.text.String())
		}
		probes.lackFiles()
		elapse(notCheckedHold + time.Minute)
		if got := b.health.Problems.List(); len(got) != 0 || b.log.count("checks can be made again") != 1 {
			t.Errorf("problems %q", got)
		}
		b.stop()
		unchecked := slices.ContainsFunc(s.statusChanges, func(c store.StatusChange) bool { return c.To == store.Unchecked })
		if len(s.results) <= results || !unchecked || strings.Contains(b.log.text.String(), "status=failed") {
			t.Errorf("%d results, then %d; status changes %+v", results, len(s.results), s.statusChanges)
		}
	})
}

func TestRemovedMonitorEndsProblem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, probes := newMemoryStore(monitors(2, "10s")...), newFakeProbes()
		probes.lackFiles("1")
		b := startEngine(t, s, probes)
		elapse(time.Minute)
		s.with(store.TopicMonitors, func() { delete(s.monitors, monitorNumber(1, "").ID) })
		elapse(2 * notCheckedHold)
		if got := b.health.Problems.List(); len(got) != 0 {
			t.Errorf("problems %q", got)
		}
	})
}

func TestChecksWithin(t *testing.T) {
	for _, c := range []struct {
		limit      uint64
		open, want int
	}{
		{64, 18, 7}, {64, 64, 1}, {20, 0, 1}, {1024, 20, 486}, {1 << 20, 20, 1024}, {1<<64 - 1, 20, 1024},
	} {
		if got := checksWithin(c.limit, c.open); got != c.want {
			t.Errorf("limit %d with %d open: %d, want %d", c.limit, c.open, got, c.want)
		}
	}
}
