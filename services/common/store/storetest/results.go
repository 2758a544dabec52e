package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var resultContracts = []contract{
	{"StoreResult", storeResult},
	{"BatchIsIdempotent", batchIsIdempotent},
	{"EmptyBatch", emptyBatch},
	{"InvalidBatch", invalidBatch},
	{"BatchOfUnknownMonitor", batchOfUnknownMonitor},
	{"ConcurrentWriters", concurrentWriters},
	{"IgnoredResults", ignoredResults},
	{"DeleteResults", deleteResults},
}

func storeResult(ctx context.Context, t *testing.T, s store.Store) {
	id := newID(1)
	full := newResult(id, 2, base.Add(7*time.Millisecond))
	full.Status, full.Value, full.Message = monitor.StatusError, 12.000000000000002, "Rule violated: status == 200"
	full.Outputs = map[string]any{
		"respTime": 0.1, "status": 200.0, "big": 1e300, "negative": -1.5, "zero": 0.0, "large": 9007199254740991.0, "huge": 1e18,
		"text": "some text", "empty": "", "number like": "200", "true": true, "false": false,
	}
	plain := monitor.Result{ID: newID(3), Date: base, MonitorID: id, Outputs: map[string]any{}}
	withoutOutputs := plain
	withoutOutputs.Outputs = nil
	must(t, s.AppendBatch(ctx, store.Batch{
		Results: []monitor.Result{full, withoutOutputs},
		States:  []store.State{newState(full, 3)},
	}))

	list := listAll(ctx, t, s, id)
	same(t, "results", list, []monitor.Result{full, plain})
	for _, r := range list {
		wantUTC(t, "Date", r.Date)
		if r.Outputs == nil {
			t.Error("Outputs is nil, want an empty map")
		}
	}
	state := got(s.State(ctx, id))(t)
	same(t, "state", state, newState(full, 3))
	wantUTC(t, "Since", state.Since)
	wantUTC(t, "Latest.Date", state.Latest.Date)
	wantUTC(t, "History[0].Date", state.History[0].Date)
}

// ignoredResults stores results with every status and every reason to ignore them, and lists them by status.
func ignoredResults(ctx context.Context, t *testing.T, s store.Store) {
	id := newID(1)
	reasons := []monitor.IgnoreReason{"", monitor.IgnoredMaintenance, monitor.IgnoredBlocked}
	results := newResults(id, 1, 9, base)
	for i := range results {
		results[i].Ignored = reasons[i/3]
	}
	must(t, s.AppendBatch(ctx, store.Batch{Results: results}))

	sorted := newestFirst(results)
	same(t, "results", listAll(ctx, t, s, id), sorted)
	for _, statuses := range [][]monitor.Status{{0}, {1}, {2}, {0, 2}, {0, 1, 2}} {
		want := slices.DeleteFunc(slices.Clone(sorted), func(r monitor.Result) bool { return !slices.Contains(statuses, r.Status) })
		for _, monitorID := range []string{id, ""} {
			found := got(s.Results(ctx, store.ResultFilter{MonitorID: monitorID, Statuses: statuses, Limit: 10}))(t)
			same(t, fmt.Sprint("results of the statuses ", statuses), found, want)
		}
	}
	page := got(s.Results(ctx, store.ResultFilter{
		MonitorID: id, Statuses: []monitor.Status{1}, Before: &store.Cursor{Date: sorted[0].Date, ID: sorted[0].ID}, Limit: 1,
	}))(t)
	same(t, "the page after a cursor with a status", ids(page), ids(sorted[2:3]))

	_, cursor, err := s.ResultsSince(ctx, "", 10)
	must(t, err)
	late := newResult(id, 100, base)
	late.Ignored = monitor.IgnoredBlocked
	must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{late}}))
	since, _, err := s.ResultsSince(ctx, cursor, 10)
	must(t, err)
	same(t, "ResultsSince returns the ignored result", slices.ContainsFunc(since, func(r monitor.Result) bool { return cmp.Equal(r, late) }), true)
}

func batchIsIdempotent(ctx context.Context, t *testing.T, s store.Store) {
	a, b := newID(1), newID(2)
	results := append(newResults(a, 100, 10, base), newResults(b, 200, 10, base)...)
	batch := store.Batch{
		Results:       results,
		States:        []store.State{newState(results[9], 2), newState(results[19], 2)},
		StatusChanges: []store.StatusChange{{MonitorID: a, Date: base, Kind: store.ChangeStatus, To: "ok"}},
	}
	must(t, s.AppendBatch(ctx, batch))
	must(t, s.AppendBatch(ctx, batch))
	added := newResult(a, 300, base.Add(time.Hour))
	must(t, s.AppendBatch(ctx, store.Batch{Results: append([]monitor.Result{added}, results[5:15]...)}))
	must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{added, added}}))

	same(t, "results", listAll(ctx, t, s, ""), newestFirst(append(results, added)))
	same(t, "state", got(s.State(ctx, a))(t), newState(results[9], 2))
	wantStatusChanges(ctx, t, s, a, batch.StatusChanges...)
}

func emptyBatch(ctx context.Context, t *testing.T, s store.Store) {
	must(t, s.AppendBatch(ctx, store.Batch{}))
	if list := listAll(ctx, t, s, ""); list == nil || len(list) != 0 {
		t.Errorf("results of an empty store: %#v, want an empty slice", list)
	}
}

func invalidBatch(ctx context.Context, t *testing.T, s store.Store) {
	noID, noMonitor := newResult(newID(1), 1, base), newResult("invalid", 2, base)
	noID.ID = "invalid"
	for _, batch := range []store.Batch{
		{Results: []monitor.Result{noID}},
		{Results: []monitor.Result{noMonitor}},
		{States: []store.State{{MonitorID: "invalid", Latest: newResult(newID(1), 1, base)}}},
		{StatusChanges: []store.StatusChange{{MonitorID: "invalid", Date: base, Kind: store.ChangeStatus, To: "ok"}}},
	} {
		wantInvalid(t, fmt.Sprintf("%+v", batch), s.AppendBatch(ctx, batch))
	}
	same(t, "results", listAll(ctx, t, s, ""), []monitor.Result{})
}

func batchOfUnknownMonitor(ctx context.Context, t *testing.T, s store.Store) {
	fill(ctx, t, s, newID(1))
	wantData(ctx, t, s, newID(1), true)
	same(t, "monitors", got(s.Monitors(ctx))(t), []monitor.Monitor{})
}

func concurrentWriters(ctx context.Context, t *testing.T, s store.Store) {
	const writers, batches, size = 8, 5, 10
	id := newID(1)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for b := range batches {
				first := 1000 + (w*batches+b)*size
				results := newResults(id, first, size, base.Add(time.Duration(first)*time.Second))
				last := results[size-1]
				batch := store.Batch{Results: results, States: []store.State{newState(last, first)}}
				if err := s.AppendBatch(ctx, batch); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	all.Wait()
	list := listAll(ctx, t, s, id)
	same(t, "number of results", len(list), writers*batches*size)
	same(t, "order", ids(list), ids(newestFirst(list)))
	same(t, "latest", got(s.State(ctx, id))(t).Latest, list[0])
}

func deleteResults(ctx context.Context, t *testing.T, s store.Store) {
	if at := got(s.ResultsCleared(ctx))(t); !at.IsZero() {
		t.Errorf("ResultsCleared is %s before any DeleteResults, want zero", at)
	}
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	fill(ctx, t, s, m.ID, newID(2))
	off := store.StatusChange{MonitorID: m.ID, Date: base.Add(time.Minute), Kind: store.ChangeEnabled, From: store.Enabled, To: store.Disabled}
	ignored := store.StatusChange{MonitorID: m.ID, Date: base.Add(time.Minute), Kind: store.ChangeIgnored, From: store.Counted, To: "maintenance"}
	must(t, s.AppendBatch(ctx, store.Batch{StatusChanges: []store.StatusChange{off, ignored}}))

	at := base.Add(42 * time.Millisecond)
	must(t, s.DeleteResults(ctx, at))
	cleared := got(s.ResultsCleared(ctx))(t)
	same(t, "ResultsCleared", cleared, at)
	wantUTC(t, "ResultsCleared", cleared)
	same(t, "results", listAll(ctx, t, s, ""), []monitor.Result{})
	same(t, "states", got(s.States(ctx))(t), []store.State{})
	wantStatusChanges(ctx, t, s, m.ID, off)
	wantStatusChanges(ctx, t, s, newID(2))
	same(t, "rollups", got(s.Rollups(ctx, m.ID, store.Hour, base, base.Add(time.Hour)))(t), []store.Rollup{})
	same(t, "monitors", got(s.Monitors(ctx))(t), []monitor.Monitor{m})

	must(t, s.DeleteResults(ctx, at.Add(time.Hour)))
	same(t, "ResultsCleared", got(s.ResultsCleared(ctx))(t), at.Add(time.Hour))
	fill(ctx, t, s, newID(2))
	wantData(ctx, t, s, newID(2), true)
}
