package engine

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/runner/cluster"
)

// problemObserver records the problems that the engine reports.
type problemObserver struct {
	noObserver
	problems []string
	// since is the time at which the last problem began.
	since time.Time
}

func (o *problemObserver) RunnerProblem(text string, since time.Time) {
	o.problems, o.since = append(o.problems, text), since
}

// lackFiles makes the checks of the given targets end without a result, because of too many open files.
func (probes *fakeProbes) lackFiles(targets ...string) {
	probes.failWith(&probe.NotCheckedError{Cause: probe.CauseFiles, Text: "no files; raise the limit"}, targets...)
}

// failWith makes the checks of the given targets end with an error.
func (probes *fakeProbes) failWith(err error, targets ...string) {
	probes.mu.Lock()
	defer probes.mu.Unlock()
	probes.outcome = func(_ context.Context, target string) probe.Outcome {
		if slices.Contains(targets, target) {
			return probe.Outcome{Err: err}
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

// TestProblemHasDateOfTheRunner uses a runner whose clock differs from the system clock.
func TestProblemHasDateOfTheRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offset atomic.Int64 // a duration
		offset.Store(int64(-10 * time.Minute))
		probes, observer, clock := newFakeProbes(), &problemObserver{}, &testClock{offset: &offset}
		probes.lackFiles("1")
		startEngineWith(t, Config{ID: "r1", Observer: observer, Clock: clock}, newMemoryStore(monitorNumber(1, "10s")), probes)
		elapse(15 * time.Second)
		if age := clock.Now().Sub(observer.since); len(observer.problems) != 1 || age < 0 || age > 15*time.Second {
			t.Errorf("problems %q, the last one began %s ago", observer.problems, age)
		}
	})
}

func TestHeartbeatListsMonitorsThatAreNotChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, probes := newMemoryStore(monitors(3, "10s")...), newFakeProbes()
		b := startEngine(t, s, probes)
		check := func(what string, want ...store.NotChecked) {
			t.Helper()
			elapse(cluster.HeartbeatInterval)
			heartbeat := inspect(s, func() store.Runner { return s.heartbeats[len(s.heartbeats)-1] })
			if got := heartbeat.NotChecked; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %+v, want %+v", what, got, want)
			}
		}
		first, second := monitorNumber(1, "").ID, monitorNumber(2, "").ID
		latest := func(id string) time.Time { return inspect(s, func() time.Time { return s.states[id].Latest.Date }) }
		elapse(time.Minute)
		check("all are checked")
		probes.lackFiles("1", "2")
		elapse(10 * time.Second)
		item := func(id string) store.NotCheckedMonitor {
			return store.NotCheckedMonitor{ID: id, Since: latest(id).Add(10 * time.Second)}
		}
		listed := []store.NotCheckedMonitor{item(first), item(second)}
		slices.SortFunc(listed, func(a, b store.NotCheckedMonitor) int { return a.Since.Compare(b.Since) })
		check("two are not checked", store.NotChecked{Reason: "no files; raise the limit", Monitors: listed})
		elapse(time.Minute)
		check("the dates stay", store.NotChecked{Reason: "no files; raise the limit", Monitors: listed})

		probes.lackFiles("1")
		elapse(10 * time.Second)
		check("one is checked again", store.NotChecked{Reason: "no files; raise the limit", Monitors: []store.NotCheckedMonitor{item(first)}})
		probes.failWith(&probe.NotCheckedError{Cause: probe.CauseMemory, Text: "no memory"}, "1")
		since := item(first)
		elapse(10 * time.Second)
		check("the reason changes, the date stays", store.NotChecked{Reason: "no memory", Monitors: []store.NotCheckedMonitor{since}})
		probes.lackFiles()
		elapse(10 * time.Second)
		check("all are checked again")
		b.stop()
	})
}

// The date of a result is later if the clock of the runner that made the check was ahead.
func TestNotCheckedSinceIsNotBeforeLatestResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s, probes := newMemoryStore(m), newFakeProbes()
		ahead := monitor.Date(time.Now().Add(time.Minute))
		s.states[m.ID] = store.State{MonitorID: m.ID, Latest: monitor.Result{MonitorID: m.ID, Date: ahead}, Streak: 1, Since: ahead}
		probes.lackFiles("1")
		b := startEngine(t, s, probes)
		elapse(30 * time.Second)
		want := []store.NotChecked{{
			Reason: "no files; raise the limit", Monitors: []store.NotCheckedMonitor{{ID: m.ID, Since: ahead}},
		}}
		if got := b.scheduler.notChecked.list(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestHeartbeatListsLimitedNumberOfMonitors(t *testing.T) {
	n := notChecked{problems: make(map[string]*notCheckedProblem)}
	start := time.Date(2026, 1, 31, 8, 30, 0, 0, time.UTC)
	for i := range maxListedNotChecked + 20 {
		reason := &probe.NotCheckedError{Text: []string{"a", "b"}[i/600%2]}
		n.add(fmt.Sprint(i), reason, start.Add(time.Duration(i)*time.Second), 0)
	}
	list := n.list()
	last := list[1].Monitors[len(list[1].Monitors)-1]
	if len(list[0].Monitors) != 600 || list[0].More != 0 || len(list[1].Monitors) != 400 || list[1].More != 20 || last.ID != "999" {
		t.Errorf("%d and %d more, %d and %d more, the last is %s", len(list[0].Monitors), list[0].More,
			len(list[1].Monitors), list[1].More, last.ID)
	}
	if count := (store.Runner{NotChecked: list}).NotCheckedCount(); count != maxListedNotChecked+20 {
		t.Errorf("count is %d", count)
	}
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
		{64, 18, 3}, {64, 64, 1}, {20, 0, 1}, {1024, 20, 243}, {1 << 20, 20, 1024}, {1<<64 - 1, 20, 1024},
	} {
		if got := checksWithin(c.limit, c.open); got != c.want {
			t.Errorf("limit %d with %d open: %d, want %d", c.limit, c.open, got, c.want)
		}
	}
}
