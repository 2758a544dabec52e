package summary

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
)

// testKeeper is a keeper with its store and log.
type testKeeper struct {
	*Keeper
	memory  *memory
	changes atomic.Int64
	watched atomic.Bool
	log     bytes.Buffer
}

func newTestKeeper(monitors int) *testKeeper {
	k := &testKeeper{memory: newMemory(monitors)}
	k.Keeper = NewKeeper(k.memory, slog.New(slog.NewTextHandler(&k.log, nil)), func(time.Time) { k.changes.Add(1) }, k.watched.Load)
	return k
}

// refresh computes the summaries and returns the calls of the store.
func (k *testKeeper) refresh(t *testing.T, at time.Time) string {
	t.Helper()
	if err := k.Refresh(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	return k.memory.takeCalls()
}

// of returns the summary of the n-th monitor as text.
func (k *testKeeper) of(n int) string {
	id := k.memory.monitors[n].ID
	state, known := k.memory.states[id]
	if !known {
		return toText(k.Current().Of(id, nil))
	}
	return toText(k.Current().Of(id, &state))
}

func toText(s Summary) string {
	var texts []string
	for _, value := range []*float64{s.Uptime24h, s.Uptime30d, s.P95} {
		if value == nil {
			texts = append(texts, "null")
		} else {
			texts = append(texts, fmt.Sprint(*value))
		}
	}
	return strings.Join(texts, " ")
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

const (
	unchanged = "cleared, monitors, states"
	start     = 30 * time.Minute
)

// TestOnlyChangesAreRead counts the reads of the history. None is made for a monitor whose status has not changed.
func TestOnlyChangesAreRead(t *testing.T) {
	k := newTestKeeper(150)
	at := now.Truncate(time.Hour).Add(start)
	for minute := range 30 {
		k.memory.check(at.Add(time.Duration(minute-30)*time.Minute), monitor.StatusOK)
	}
	first := strings.Split(k.refresh(t, at), ", ")
	same(t, "number of calls at first", fmt.Sprint(len(first)), "11") // four for each of two batches
	same(t, "summary", k.of(0), "100 100 100")
	for minute := range 5 {
		k.memory.check(at.Add(time.Duration(minute)*time.Minute), monitor.StatusOK)
	}
	at = at.Add(5 * time.Minute)
	same(t, "calls without a change", k.refresh(t, at), unchanged)
	k.memory.check(at, monitor.StatusOK)
	k.memory.checkOne(k.memory.monitors[7].ID, at.Add(time.Second), monitor.StatusFailed)
	at = at.Add(5 * time.Minute)
	calls := k.refresh(t, at)
	for _, want := range []string{unchanged, "changes of 1", "states of 1", "1 × hour of 1", "1 × minutes of 1"} {
		if !strings.Contains(calls, want) {
			t.Errorf("calls after a change are %s, without %s", calls, want)
		}
	}
	if got := k.of(7); !strings.HasPrefix(got, "9") && !strings.HasPrefix(got, "8") {
		t.Errorf("after a failure, the summary is %s", got)
	}
	k.memory.monitors[3].Updated = at
	k.memory.check(at, monitor.StatusOK)
	if calls = k.refresh(t, at.Add(time.Minute)); !strings.Contains(calls, "changes of") {
		t.Errorf("calls after an edit are %s", calls)
	}
	if calls = k.refresh(t, at.Add(time.Hour)); !strings.Contains(calls, "2 × hour of 50") || strings.Contains(calls, "24 ×") {
		t.Errorf("calls after an hour are %s", calls)
	}
	if calls = k.refresh(t, at.Add(25*time.Hour)); !strings.Contains(calls, "24 × hour of 50") {
		t.Errorf("calls after a day are %s", calls)
	}
}

// TestHiddenChangesAreRead: a status change that is over at the next computation has left a trace in the history.
func TestHiddenChangesAreRead(t *testing.T) {
	at := now.Truncate(time.Hour).Add(start)
	for name, change := range map[string]func(k *testKeeper, id string){
		"none": func(k *testKeeper, id string) {
			k.memory.checkOne(id, at.Add(time.Minute), monitor.StatusOK)
			k.memory.checkOne(id, at.Add(2*time.Minute), monitor.StatusOK)
		},
		"failed": func(k *testKeeper, id string) {
			k.memory.checkOne(id, at.Add(time.Minute), monitor.StatusFailed)
			k.memory.checkOne(id, at.Add(2*time.Minute), monitor.StatusOK)
		},
		"not checked": func(k *testKeeper, id string) { k.memory.checkOne(id, at.Add(4*time.Minute), monitor.StatusOK) },
		"ignored": func(k *testKeeper, id string) {
			k.memory.checkOne(id, at.Add(time.Minute), monitor.StatusOK)
			k.memory.states[id].History[1].Ignored = monitor.IgnoredMaintenance
			k.memory.checkOne(id, at.Add(2*time.Minute), monitor.StatusOK)
		},
		"clock set back": func(k *testKeeper, id string) {
			k.memory.checkOne(id, at.Add(-time.Minute), monitor.StatusOK)
			s := k.memory.states[id]
			s.Sequence = at.Add(time.Second).UnixMilli()
			s.History[1].Sequence = s.Sequence
			k.memory.states[id] = s
		},
		"more results than a history has": func(k *testKeeper, id string) {
			for second := range 120 {
				k.memory.checkOne(id, at.Add(time.Duration(second)*time.Second), monitor.Status(second/40%2))
			}
		},
	} {
		k := newTestKeeper(1)
		k.memory.check(at, monitor.StatusOK)
		k.refresh(t, at)
		change(k, k.memory.monitors[0].ID)
		if read := k.refresh(t, at.Add(5*time.Minute)) != unchanged; read != (name != "none") {
			t.Errorf("%s: the history is read: %t", name, read)
		}
	}
}

// TestDeletedResultsLeaveNoSummary: neither the snapshot from before nor the next computation has old figures.
func TestDeletedResultsLeaveNoSummary(t *testing.T) {
	k := newTestKeeper(3)
	at := now.Truncate(time.Hour).Add(start)
	for minute := range 400 {
		k.memory.check(at.Add(time.Duration(minute-400)*time.Minute), monitor.StatusFailed)
	}
	k.refresh(t, at)
	same(t, "before", k.of(1), "0 0 50")
	id := k.memory.monitors[1].ID
	delete(k.memory.states, id)
	delete(k.memory.changes, id)
	same(t, "without a state", k.of(1), "null null null")
	k.memory.checkOne(id, at, monitor.StatusOK)
	same(t, "with a first result", k.of(1), "null null null")
	at = at.Add(time.Minute)
	k.refresh(t, at)
	same(t, "after the next computation", k.of(1), "100 100 50") // the rollups stay
	same(t, "of another monitor", k.of(2), "0 0 50")

	k.memory.cleared = at
	if !k.Current().IsOutdated(at) {
		t.Error("the snapshot is not outdated after the deletion of all results")
	}
	clear(k.memory.states)
	clear(k.memory.changes)
	for second := range 40 { // more than a history contains
		k.memory.check(at.Add(time.Duration(second)*time.Second), monitor.StatusOK)
	}
	k.refresh(t, at.Add(time.Minute))
	if k.Current().IsOutdated(at) {
		t.Error("the snapshot is outdated after a computation")
	}
	same(t, "after the deletion of all results", k.of(2), "100 100 100")
	k.memory.monitors = k.memory.monitors[:2]
	k.refresh(t, at.Add(2*time.Minute))
	if n := len(k.Current().entries); n != 2 || len(k.tracked) != 2 {
		t.Errorf("%d summaries of 2 monitors", n)
	}
}

func TestKeeperWorksWhileItIsNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTestKeeper(1)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			k.Run(ctx)
		}()
		calls := func() int {
			synctest.Wait()
			return strings.Count(k.memory.takeCalls(), "cleared")
		}
		wait := func(d time.Duration) int {
			time.Sleep(d)
			return calls()
		}
		want := func(what string, got, expected int) {
			t.Helper()
			if got != expected {
				t.Errorf("%s: %d computations, want %d", what, got, expected)
			}
		}
		want("without a request", wait(2*time.Hour), 0)
		if k.Current() != nil {
			t.Error("there are summaries before the first computation")
		}
		want("a request", wait(time.Second), 1)
		if k.Current() == nil {
			t.Error("there is no summary after the first computation")
		}
		k.Renew()
		k.Renew()
		want("soon after the first computation", wait(8*time.Second), 0)
		want("a pause later", wait(2*time.Second), 1)
		want("another request", calls(), 0)
		want("half an hour", wait(31*time.Minute), 6)
		want("until it is idle", wait(2*time.Hour), 5)
		if k.current.Load() != nil {
			t.Error("an idle keeper has summaries")
		}
		k.Current()
		want("a request after the idle time", wait(time.Second), 1)
		k.watched.Store(true)
		if n := wait(3 * time.Hour); n < 35 {
			t.Errorf("with clients: %d computations in 3 hours", n)
		}
		k.memory.edit(time.Now().Add(time.Second))
		if n := wait(20 * time.Minute); n < 10 || n > 24 {
			t.Errorf("with a new monitor: %d computations in 20 minutes", n)
		}
		k.memory.fail(monitor.ErrUnavailable)
		k.Renew()
		if n := wait(10 * time.Minute); n < 15 || k.Current() == nil {
			t.Errorf("with a broken store: %d computations, summaries %v", n, k.Current())
		}
		k.memory.fail(nil)
		wait(10 * time.Minute)
		cancel()
		<-ended
		if text := k.log.String(); strings.Count(text, "could not compute") != 1 || strings.Count(text, "computed again") != 1 {
			t.Errorf("log is %s", text)
		}
	})
}
