package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var sealedContracts = []contract{
	{"LateResultInOldHour", lateResult},
	{"LateResultWithSealedTwin", lateResultTwice},
	{"DeleteMonitorWithOldHours", deleteInOldHour},
	{"DeleteResultsOfOldHours", deleteOldHours},
	{"ListAcrossOldHours", listAcrossHours},
	{"ResultsSinceAcrossOldHours", sinceAcrossHours},
	{"ExpireOldHours", expireOldHours},
}

// seal makes a store that stores results of old hours in another form do so for all results; other stores do nothing.
func seal(ctx context.Context, t *testing.T, s store.Store) {
	t.Helper()
	if s, seals := s.(interface {
		Seal(ctx context.Context, now time.Time) error
	}); seals {
		must(t, s.Seal(ctx, base.Add(10000*time.Hour)))
	}
}

// oldHours stores results of three monitors in three hours before base, seals them, and stores some in the hour from
// base on. It returns all of them.
func oldHours(ctx context.Context, t *testing.T, s store.Store) (all []monitor.Result) {
	t.Helper()
	for hour := -3; hour <= 0; hour++ {
		var batch []monitor.Result
		for i := range 60 {
			at := base.Add(time.Duration(hour)*time.Hour + time.Duration(i/3)*3*time.Minute)
			r := newResult(newID(1+i%3), 1000*(hour+4)+i, at)
			r.Status = monitor.Status(i * (hour + 3) / 31 % 3)
			r.Message = []string{"", "timed out", "no answer"}[i%3]
			r.MonitorName = fmt.Sprint("name in hour ", hour)
			if i%7 == 0 {
				r.Outputs = map[string]any{"text": fmt.Sprint(i), "yes": i%2 == 0, "third": float64(i) / 3}
			}
			if i%5 == 0 {
				r.Ignored = monitor.IgnoredMaintenance
			}
			batch = append(batch, r)
		}
		must(t, s.AppendBatch(ctx, store.Batch{Results: batch}))
		if hour == -1 {
			seal(ctx, t, s)
		}
		all = append(all, batch...)
	}
	return all
}

func wantResults(ctx context.Context, t *testing.T, s store.Store, want []monitor.Result) {
	t.Helper()
	same(t, "results", listAll(ctx, t, s, ""), newestFirst(want))
}

func lateResult(ctx context.Context, t *testing.T, s store.Store) {
	all := oldHours(ctx, t, s)
	for i, monitorID := range []string{newID(1), newID(2), newID(4)} {
		late := newResult(monitorID, 9000+i, base.Add(-90*time.Minute))
		must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{late}}))
		all = append(all, late)
		wantResults(ctx, t, s, all)
		if i > 0 {
			seal(ctx, t, s)
			wantResults(ctx, t, s, all)
		}
	}
	marks := got(s.DirtyHours(ctx, base.Add(24*time.Hour), time.Now().Add(time.Hour), 100))(t)
	if !slices.ContainsFunc(marks, func(m store.DirtyHour) bool {
		return m.MonitorID == newID(4) && m.Hour.Equal(base.Add(-2*time.Hour))
	}) {
		t.Errorf("the hour of the late result is not dirty: %v", marks)
	}
}

// lateResultTwice stores all results again, because a runner may send a batch twice: nothing may change.
func lateResultTwice(ctx context.Context, t *testing.T, s store.Store) {
	all := oldHours(ctx, t, s)
	must(t, s.AppendBatch(ctx, store.Batch{Results: all}))
	wantResults(ctx, t, s, all)
	seal(ctx, t, s)
	must(t, s.AppendBatch(ctx, store.Batch{Results: all}))
	wantResults(ctx, t, s, all)
}

func deleteInOldHour(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	m.ID = newID(2)
	must(t, s.CreateMonitor(ctx, m))
	all := oldHours(ctx, t, s)
	must(t, s.DeleteMonitor(ctx, m.ID))
	left := slices.DeleteFunc(all, func(r monitor.Result) bool { return r.MonitorID == m.ID })
	wantResults(ctx, t, s, left)

	must(t, s.CreateMonitor(ctx, m))
	again := newResult(m.ID, 9000, base.Add(-90*time.Minute))
	must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{again}}))
	seal(ctx, t, s)
	wantResults(ctx, t, s, append(left, again))
}

func deleteOldHours(ctx context.Context, t *testing.T, s store.Store) {
	all := oldHours(ctx, t, s)
	must(t, s.DeleteResults(ctx, base))
	wantResults(ctx, t, s, []monitor.Result{})
	must(t, s.AppendBatch(ctx, store.Batch{Results: all[:10]}))
	seal(ctx, t, s)
	wantResults(ctx, t, s, all[:10])
}

// listAcrossHours lists with all combinations of filters, and reads all pages of some listings.
func listAcrossHours(ctx context.Context, t *testing.T, s store.Store) {
	all := oldHours(ctx, t, s)
	late := newResult(newID(1), 9000, base.Add(-2*time.Hour))
	must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{late}}))
	all = append(all, late)
	border := base.Add(-time.Hour)
	for _, monitorID := range []string{"", newID(1), newID(99)} {
		for _, statuses := range [][]monitor.Status{nil, {0}, {2}, {1, 2}, {3}} {
			for _, from := range []time.Time{{}, border, base.Add(30 * time.Minute)} {
				for _, to := range []time.Time{{}, border.Add(time.Minute)} {
					f := store.ResultFilter{MonitorID: monitorID, From: from, To: to, Statuses: statuses, Limit: 37}
					same(t, fmt.Sprintf("%+v", f), ids(got(s.Results(ctx, f))(t)), ids(selectResults(all, f)))
				}
			}
			f := store.ResultFilter{MonitorID: monitorID, Statuses: statuses, Limit: 31}
			pages := readPages(ctx, t, s, f)
			f.Limit = len(all)
			same(t, fmt.Sprintf("pages of %+v", f), pages, selectResults(all, f))
		}
	}
}

// readPages reads all pages of a listing.
func readPages(ctx context.Context, t *testing.T, s store.Store, f store.ResultFilter) []monitor.Result {
	t.Helper()
	paged := []monitor.Result{}
	for {
		page := got(s.Results(ctx, f))(t)
		paged = append(paged, page...)
		if len(page) < f.Limit {
			return paged
		}
		last := page[len(page)-1]
		f.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
}

func sinceAcrossHours(ctx context.Context, t *testing.T, s store.Store) {
	_, cursor, err := s.ResultsSince(ctx, "", 1)
	must(t, err)
	all := oldHours(ctx, t, s)
	same(t, "results", newestFirst(readSince(ctx, t, s, cursor, 7, len(all))), newestFirst(all))
	seal(ctx, t, s)
	list := readSince(ctx, t, s, cursor, 50, len(all))
	same(t, "results", newestFirst(list), newestFirst(all))
	for i := 60; i < len(list); i++ {
		if list[i].Date.Before(list[i-60].Date) {
			t.Fatalf("result %d of %s comes after one of %s, but was stored earlier", i, list[i].Date, list[i-60].Date)
		}
	}
	_, cursor, err = s.ResultsSince(ctx, "", 1)
	must(t, err)
	last := newResult(newID(5), 9000, base)
	must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{last}}))
	same(t, "results", readSince(ctx, t, s, cursor, 100, 1), []monitor.Result{last})
}

// expireOldHours deletes the results from before the start of an hour.
func expireOldHours(ctx context.Context, t *testing.T, s store.Store) {
	all := oldHours(ctx, t, s)
	border := base.Add(-time.Hour)
	left := slices.DeleteFunc(slices.Clone(all), func(r monitor.Result) bool { return r.Date.Before(border) })
	deleted := got(s.Expire(ctx, border.Add(keep.Results), keep))(t)
	same(t, "number of deleted results", deleted, len(all)-len(left))
	wantResults(ctx, t, s, left)
}
