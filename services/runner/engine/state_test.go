package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func resultAt(seconds int, status monitor.Status) monitor.Result {
	return monitor.Result{
		ID: fmt.Sprintf("r%06d", seconds), Date: noon.Add(time.Duration(seconds) * time.Second), Status: status, MonitorID: "m",
	}
}

func TestAdvance(t *testing.T) {
	type move struct {
		second   int
		from, to string
	}
	const ok, violated, failed = monitor.StatusOK, monitor.StatusError, monitor.StatusFailed
	for _, c := range []struct {
		name     string
		interval time.Duration
		results  []monitor.Result
		streak   int
		since    int
		moves    []move
	}{
		{"the first result", 10 * time.Second, []monitor.Result{resultAt(0, violated)}, 1, 0, []move{{0, "", "error"}}},
		{"the same status again", 10 * time.Second,
			[]monitor.Result{resultAt(0, ok), resultAt(10, ok), resultAt(20, ok)}, 3, 0, []move{{0, "", "ok"}}},
		{"every change of status", 10 * time.Second,
			[]monitor.Result{resultAt(0, ok), resultAt(10, failed), resultAt(20, violated), resultAt(30, violated)}, 2, 20,
			[]move{{0, "", "ok"}, {10, "ok", "failed"}, {20, "failed", "error"}}},
		{"a short gap", 10 * time.Second, []monitor.Result{resultAt(0, ok), resultAt(70, ok)}, 2, 0, []move{{0, "", "ok"}}},
		{"a long gap, the same status", 10 * time.Second, []monitor.Result{resultAt(0, ok), resultAt(71, ok)}, 2, 0,
			[]move{{0, "", "ok"}, {10, "ok", "unchecked"}, {71, "unchecked", "ok"}}},
		{"a long gap, another status", time.Minute, []monitor.Result{resultAt(0, ok), resultAt(181, failed)}, 1, 181,
			[]move{{0, "", "ok"}, {60, "ok", "unchecked"}, {181, "unchecked", "failed"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var state *store.State
			var got, want []store.StatusChange
			for _, r := range c.results {
				next, statusChanges := advance(state, r, c.interval)
				state, got = next, append(got, statusChanges...)
			}
			for _, m := range c.moves {
				want = append(want, store.StatusChange{
					MonitorID: "m", Date: resultAt(m.second, ok).Date, Kind: store.ChangeStatus, From: m.from, To: m.to,
				})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("status changes (-want +got):\n%s", diff)
			}
			if state.Streak != c.streak || !state.Since.Equal(resultAt(c.since, ok).Date) {
				t.Errorf("streak %d since %s, want %d since second %d", state.Streak, state.Since, c.streak, c.since)
			}
		})
	}
}

// TestAdvanceAfterClockWasSetBack checks that results count although the state is dated in the future, and that the log
// of status changes then starts again from the new date.
func TestAdvanceAfterClockWasSetBack(t *testing.T) {
	const ok, failed = monitor.StatusOK, monitor.StatusFailed
	const interval, jump = 10 * time.Second, 7200
	var state *store.State
	var log []store.StatusChange
	for i, r := range []monitor.Result{
		resultAt(0, ok), resultAt(jump, failed), resultAt(20, failed), resultAt(30, ok), resultAt(jump+10, ok),
	} {
		next, changes := advance(state, r, interval)
		if state != nil && next.Number() <= state.Number() {
			t.Errorf("result %d has the number %d after %d", i, next.Number(), state.Number())
		}
		if next.Latest.ID != r.ID || next.Since.After(r.Date) || next.History[len(next.History)-1].Number() != next.Number() {
			t.Errorf("result %d: state %+v", i, next)
		}
		state, log = next, append(log, changes...)
	}
	jumped := noon.Add(jump * time.Second).UnixMilli()
	change := func(second int, kind store.ChangeKind, from, to string, sequence int64) store.StatusChange {
		return store.StatusChange{
			MonitorID: "m", Date: resultAt(second, ok).Date, Kind: kind, From: from, To: to, Sequence: sequence,
		}
	}
	want := []store.StatusChange{
		change(0, store.ChangeStatus, "", "ok", 0),
		change(10, store.ChangeStatus, "ok", "unchecked", 0), change(jump, store.ChangeStatus, "unchecked", "failed", 0),
		change(20, store.ChangeIgnored, "counted", "counted", jumped+10), change(20, store.ChangeStatus, "failed", "failed", jumped+10),
		change(30, store.ChangeStatus, "failed", "ok", jumped+20),
		change(40, store.ChangeStatus, "ok", "unchecked", jumped+30), change(jump+10, store.ChangeStatus, "unchecked", "ok", 0),
	}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("status changes (-want +got):\n%s", diff)
	}
	if state.Streak != 2 || !state.Since.Equal(resultAt(30, ok).Date) {
		t.Errorf("streak %d since %s", state.Streak, state.Since)
	}
}

func TestHistoryIsLimitedAndOldStatesStayUnchanged(t *testing.T) {
	var states []*store.State
	var state *store.State
	for i := range 100 {
		state, _ = advance(state, resultAt(i, monitor.Status(i%3)), time.Second)
		states = append(states, state)
	}
	for i, s := range states {
		first := max(0, i+1-store.HistoryLength)
		if len(s.History) != i+1-first || s.Latest.ID != resultAt(i, 0).ID {
			t.Fatalf("state %d has %d points, latest %s", i, len(s.History), s.Latest.ID)
		}
		for n, p := range s.History {
			if want := resultAt(first+n, monitor.Status((first+n)%3)); !p.Date.Equal(want.Date) || p.Status != want.Status {
				t.Fatalf("state %d: point %d is %+v", i, n, p)
			}
		}
	}
}

func TestDropBefore(t *testing.T) {
	var state *store.State
	for i := range 10 {
		status := monitor.StatusOK
		if i >= 4 {
			status = monitor.StatusFailed
		}
		state, _ = advance(state, resultAt(i, status), time.Second)
	}
	for _, c := range []struct{ cleared, streak, since, points int }{
		{-100, 6, 4, 10}, {0, 6, 4, 10}, {2, 6, 4, 8}, {7, 3, 7, 3}, {9, 1, 9, 1},
	} {
		got := dropBefore(state, resultAt(c.cleared, 0).Date)
		if got.Streak != c.streak || !got.Since.Equal(resultAt(c.since, 0).Date) || len(got.History) != c.points {
			t.Errorf("cleared at second %d: streak %d since %s, %d points, want %+v",
				c.cleared, got.Streak, got.Since, len(got.History), c)
		}
	}
	if got := dropBefore(state, resultAt(10, 0).Date); got != nil {
		t.Errorf("a state before the deletion is left: %+v", got)
	}
	if state.Streak != 6 || len(state.History) != 10 {
		t.Errorf("the original state was changed")
	}
}
