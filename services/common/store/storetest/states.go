package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var stateContracts = []contract{
	{"Revision", revisionChanges},
	{"StateIsReplacedOnlyByNewer", newerStateWins},
	{"StateIsReplacedByGreaterNumber", greaterNumberWins},
	{"StatusChangeSupersedes", supersedingStatusChange},
	{"States", listStates},
	{"StatesOf", statesOf},
	{"StateWithHistory", stateWithHistory},
	{"StatusChangesAreUnique", statusChanges},
}

func putState(ctx context.Context, t *testing.T, s store.Store, states ...store.State) {
	t.Helper()
	must(t, s.AppendBatch(ctx, store.Batch{States: states}))
}

func newerStateWins(ctx context.Context, t *testing.T, s store.Store) {
	id := newID(1)
	now := newState(newResult(id, 50, base), 5)
	putState(ctx, t, s, now)
	for name, older := range map[string]store.State{
		"the same result":           newState(now.Latest, 9),
		"an older date":             newState(newResult(id, 90, base.Add(-time.Millisecond)), 9),
		"the same date, smaller id": newState(newResult(id, 49, base), 9),
		"an older date, greater id": newState(newResult(id, 99, base.Add(-time.Hour)), 9),
	} {
		putState(ctx, t, s, older)
		same(t, "state after "+name, got(s.State(ctx, id))(t), now)
	}
	for _, newer := range []store.State{
		newState(newResult(id, 51, base), 1),
		newState(newResult(id, 2, base.Add(time.Millisecond)), 2),
		newState(newResult(id, 1, base.Add(time.Hour)), 3),
	} {
		putState(ctx, t, s, newer)
		same(t, "newer state", got(s.State(ctx, id))(t), newer)
	}
	first, second := newState(newResult(id, 101, base.Add(2*time.Hour)), 4), newState(newResult(id, 102, base.Add(2*time.Hour)), 5)
	putState(ctx, t, s, second, first)
	same(t, "the newer state of one batch", got(s.State(ctx, id))(t), second)
}

// greaterNumberWins checks that the number decides which state is newer, not the date, and that a Sequence of 0 means
// the date.
func greaterNumberWins(ctx context.Context, t *testing.T, s store.Store) {
	id, future := newID(1), base.Add(2*time.Hour)
	numbered := func(n int, date time.Time, sequence int64) store.State {
		state := newState(newResult(id, n, date), n)
		state.Sequence = sequence
		state.History = []store.Point{
			{Date: date.Add(time.Hour), Status: monitor.StatusFailed, Value: 1.5, Ignored: monitor.IgnoredBlocked},
			{Sequence: state.Number(), Date: date, Status: state.Latest.Status, Value: state.Latest.Value},
		}
		if sequence == 0 {
			state.History[1].Sequence = 0
		}
		return state
	}
	now := numbered(1, future, 0)
	putState(ctx, t, s, now)
	for i, next := range []store.State{
		numbered(2, base, future.UnixMilli()+1),
		numbered(3, base.Add(time.Second), future.UnixMilli()+2),
		numbered(4, future, future.UnixMilli()+2),
	} {
		putState(ctx, t, s, next, now)
		same(t, fmt.Sprint("state after number ", i), got(s.State(ctx, id))(t), next)
		now = next
	}
	for name, older := range map[string]store.State{
		"a later date, a smaller number":       numbered(9, future.Add(time.Second), future.UnixMilli()+1),
		"a later date, the same number and id": numbered(4, future.Add(time.Second), future.UnixMilli()+2),
		"a date that means a smaller number":   numbered(9, future.Add(time.Millisecond), 0),
	} {
		putState(ctx, t, s, older)
		same(t, "state after "+name, got(s.State(ctx, id))(t), now)
	}
	last := numbered(5, future.Add(time.Second), 0)
	putState(ctx, t, s, last)
	same(t, "state after a date that means a greater number", got(s.State(ctx, id))(t), last)
}

// supersedingStatusChange checks that a status change after the clock was set back deletes status changes of later
// dates that earlier results caused.
func supersedingStatusChange(ctx context.Context, t *testing.T, s store.Store) {
	change := func(id int, minute int, kind store.ChangeKind, to string, sequence int64) store.StatusChange {
		return store.StatusChange{
			MonitorID: newID(id), Date: base.Add(time.Duration(minute) * time.Minute), Kind: kind, To: to, Sequence: sequence,
		}
	}
	number := base.Add(time.Hour).UnixMilli()
	before := change(1, 0, store.ChangeStatus, "ok", 0)
	sameDate := change(1, 10, store.ChangeIgnored, "counted", 0)
	early, stale := change(1, 30, store.ChangeStatus, "failed", 0), change(1, 31, store.ChangeStatus, "ok", number-1)
	newer := change(1, 40, store.ChangeStatus, "error", number+1000)
	laterDate := change(1, 61, store.ChangeStatus, "ok", 0)
	disabled, other := change(1, 30, store.ChangeEnabled, "disabled", 0), change(2, 30, store.ChangeStatus, "ok", 0)
	must(t, s.AppendBatch(ctx, store.Batch{StatusChanges: []store.StatusChange{
		before, sameDate, early, stale, newer, laterDate, disabled, other,
	}}))
	back := change(1, 10, store.ChangeStatus, "failed", number)
	for range 2 {
		must(t, s.AppendBatch(ctx, store.Batch{StatusChanges: []store.StatusChange{back}}))
		back.Sequence, newer.Sequence = 0, 0
		wantStatusChanges(ctx, t, s, newID(1), laterDate, newer, disabled, back, sameDate, before)
		wantStatusChanges(ctx, t, s, newID(2), other)
		back.Sequence = number
	}
}

func listStates(ctx context.Context, t *testing.T, s store.Store) {
	same(t, "states of an empty store", got(s.States(ctx))(t), []store.State{})
	var want []store.State
	for i := range 60 {
		want = append(want, newState(newResult(newID(i), 1000+i, base), i))
	}
	putState(ctx, t, s, want...)
	list := got(s.States(ctx))(t)
	slices.SortFunc(list, func(a, b store.State) int { return strings.Compare(a.MonitorID, b.MonitorID) })
	same(t, "states", list, want)
}

func statesOf(ctx context.Context, t *testing.T, s store.Store) {
	same(t, "states of an empty store", got(s.StatesOf(ctx, []string{newID(1)}))(t), []store.State{})
	var all []store.State
	for i := range 5 {
		all = append(all, newState(newResult(newID(i), 1000+i, base), i))
	}
	all[3].Latest.Ignored = monitor.IgnoredBlocked
	putState(ctx, t, s, all...)
	ids := append([]string{newID(3), newID(9), newID(1), newID(3)}, invalidIDs...)
	list := got(s.StatesOf(ctx, ids))(t)
	slices.SortFunc(list, func(a, b store.State) int { return strings.Compare(a.MonitorID, b.MonitorID) })
	same(t, "states", list, []store.State{all[1], all[3]})
	same(t, "states of no monitors", got(s.StatesOf(ctx, nil))(t), []store.State{})
}

func stateWithHistory(ctx context.Context, t *testing.T, s store.Store) {
	results := newResults(newID(1), 1, store.HistoryLength, base)
	state := newState(results[len(results)-1], 1)
	state.Since, state.History = base.Add(-time.Hour), nil
	reasons := []monitor.IgnoreReason{"", monitor.IgnoredMaintenance, monitor.IgnoredBlocked}
	for i, r := range results {
		state.History = append(state.History, store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: reasons[i/4%3], Warning: i%5 == 0})
	}
	state.History[5].Sequence = state.History[5].Date.UnixMilli() + 7
	state.Latest.Ignored = state.History[len(results)-1].Ignored
	putState(ctx, t, s, state)
	same(t, "state", got(s.State(ctx, newID(1)))(t), state)

	state = newState(newResult(newID(2), 1, base), 1)
	state.History = []store.Point{}
	putState(ctx, t, s, state)
	same(t, "state without history", got(s.State(ctx, newID(2)))(t), state)
}

// wantStatusChanges checks all status changes of a monitor, newest first.
func wantStatusChanges(ctx context.Context, t *testing.T, s store.Store, monitorID string, want ...store.StatusChange) {
	t.Helper()
	list := got(s.StatusChanges(ctx, monitorID, base.Add(-1000*time.Hour), base.Add(1000*time.Hour), 1000))(t)
	if want == nil {
		want = []store.StatusChange{}
	}
	same(t, "status changes", list, want)
}

func statusChanges(ctx context.Context, t *testing.T, s store.Store) {
	id := newID(1)
	var all []store.StatusChange
	for i := range 10 {
		all = append(all, store.StatusChange{
			MonitorID: id, Date: base.Add(time.Duration(i) * time.Millisecond), Kind: store.ChangeStatus,
			From: fmt.Sprint("before ", i), To: fmt.Sprint("after ", i),
		})
	}
	other := store.StatusChange{MonitorID: newID(2), Date: base, Kind: store.ChangeStatus, To: store.Unchecked}
	must(t, s.AppendBatch(ctx, store.Batch{StatusChanges: append(slices.Clone(all[3:]), other)}))
	must(t, s.AppendBatch(ctx, store.Batch{StatusChanges: all}))
	changed := all[4]
	changed.From, changed.To = "x", "y"
	must(t, s.AppendBatch(ctx, store.Batch{StatusChanges: []store.StatusChange{changed}}))

	slices.Reverse(all)
	wantStatusChanges(ctx, t, s, id, all...)
	wantStatusChanges(ctx, t, s, other.MonitorID, other)
	wantStatusChanges(ctx, t, s, newID(3))
	list := got(s.StatusChanges(ctx, id, base.Add(2*time.Millisecond), base.Add(6*time.Millisecond), 3))(t)
	same(t, "a range with a limit", list, all[4:7])
	wantUTC(t, "Date", list[0].Date)

	enabled := store.StatusChange{MonitorID: other.MonitorID, Date: base, Kind: store.ChangeEnabled, From: store.Disabled, To: store.Enabled}
	must(t, s.AppendBatch(ctx, store.Batch{StatusChanges: []store.StatusChange{enabled}}))
	both := got(s.StatusChanges(ctx, other.MonitorID, base, base.Add(time.Millisecond), 10))(t)
	same(t, "number of status changes of two kinds with the same date", len(both), 2)

	_, err := s.StatusChanges(ctx, id, base, base.Add(time.Hour), 0)
	wantInvalid(t, "limit 0", err)
	same(t, "status changes of an invalid id", got(s.StatusChanges(ctx, "invalid", base, base.Add(time.Hour), 5))(t), []store.StatusChange{})
}
