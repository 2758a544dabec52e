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

var listingContracts = []contract{
	{"ResultsAreOrderedAndFiltered", resultsAreFiltered},
	{"ResultsPageThroughTies", resultsPageThroughTies},
	{"ResultsOfDates", resultsOfDates},
	{"LimitsWithFractionsOfMilliseconds", fractions},
	{"ResultsLimitMustBePositive", resultsLimit},
}

// manyTies stores results of three monitors, not in the order of their dates and many with the same date. It returns
// them newest first.
func manyTies(ctx context.Context, t *testing.T, s store.Store) []monitor.Result {
	t.Helper()
	var all []monitor.Result
	for i := range 120 {
		n := i * 77 % 120
		all = append(all, newResult(newID(1+n%3), 1000+n, base.Add(time.Duration(n/40)*time.Millisecond)))
	}
	all = append(all, newResult(newID(1), 5000, base.Add(-time.Hour)), newResult(newID(2), 1, base.Add(time.Hour)))
	for chunk := range slices.Chunk(all, 25) {
		must(t, s.AppendBatch(ctx, store.Batch{Results: chunk}))
	}
	return newestFirst(all)
}

// selectResults returns the results that f selects: the reference for the adapters.
func selectResults(all []monitor.Result, f store.ResultFilter) []monitor.Result {
	selected := []monitor.Result{}
	for _, r := range newestFirst(all) {
		switch {
		case f.MonitorID != "" && r.MonitorID != f.MonitorID,
			!f.From.IsZero() && r.Date.Before(f.From),
			!f.To.IsZero() && !r.Date.Before(f.To),
			len(f.Dates) > 0 && !slices.ContainsFunc(f.Dates, func(d time.Time) bool { return d.UnixMilli() == r.Date.UnixMilli() }),
			len(f.Statuses) > 0 && !slices.Contains(f.Statuses, r.Status),
			f.Before != nil && !comesAfter(r, *f.Before),
			len(selected) == f.Limit:
		default:
			selected = append(selected, r)
		}
	}
	return selected
}

// comesAfter reports whether r follows the cursor in a listing.
func comesAfter(r monitor.Result, c store.Cursor) bool {
	if !r.Date.Equal(c.Date) {
		return r.Date.Before(c.Date)
	}
	return strings.Compare(r.ID, c.ID) < 0
}

func resultsAreFiltered(ctx context.Context, t *testing.T, s store.Store) {
	all := manyTies(ctx, t, s)
	failed, ok, notOK := []monitor.Status{monitor.StatusFailed}, []monitor.Status{monitor.StatusOK}, []monitor.Status{monitor.StatusFailed, monitor.StatusError}
	middle := store.Cursor{Date: all[60].Date, ID: all[60].ID}
	for _, monitorID := range []string{"", newID(1), newID(99)} {
		for _, from := range []time.Time{{}, base, base.Add(time.Millisecond), base.Add(2 * time.Hour)} {
			for _, to := range []time.Time{{}, base, base.Add(2 * time.Millisecond)} {
				for _, statuses := range [][]monitor.Status{nil, failed, ok, notOK} {
					for _, before := range []*store.Cursor{nil, &middle, {Date: base, ID: newID(0)}} {
						for _, limit := range []int{7, 1000} {
							f := store.ResultFilter{MonitorID: monitorID, From: from, To: to, Statuses: statuses, Before: before, Limit: limit}
							want := selectResults(all, f)
							same(t, fmt.Sprintf("%+v", f), ids(got(s.Results(ctx, f))(t)), ids(want))
						}
					}
				}
			}
		}
	}
}

// resultsOfDates lists results of exact dates, in blocks and in rows, together with the other filters.
func resultsOfDates(ctx context.Context, t *testing.T, s store.Store) {
	all := oldHours(ctx, t, s)
	early, late := base.Add(-time.Hour), base.Add(30*time.Minute)
	ties := []monitor.Result{newResult(newID(1), 9000, base), newResult(newID(1), 9001, early), newResult(newID(1), 9002, late)}
	must(t, s.AppendBatch(ctx, store.Batch{Results: ties}))
	all = append(all, ties...)
	cursor := store.Cursor{Date: early, ID: newID(9001)}
	for _, dates := range [][]time.Time{
		{base}, {late, early, late}, {early, early.Add(3 * time.Minute), base.Add(-3 * time.Hour)},
		{base.Add(7 * time.Hour)}, {base.Add(time.Millisecond)}, {base.Add(time.Microsecond)},
	} {
		for _, f := range []store.ResultFilter{
			{Limit: 1000}, {MonitorID: newID(1), Limit: 1000}, {MonitorID: newID(1), Limit: 2}, {MonitorID: newID(99), Limit: 5},
			{MonitorID: newID(1), Statuses: []monitor.Status{1, 2}, Limit: 1000}, {Statuses: []monitor.Status{2}, Limit: 1000},
			{MonitorID: newID(2), Before: &cursor, Limit: 1000}, {MonitorID: newID(1), From: base, Limit: 1000}, {To: base, Limit: 1000},
		} {
			f.Dates = dates
			same(t, fmt.Sprintf("%+v", f), got(s.Results(ctx, f))(t), selectResults(all, f))
		}
	}
}

func resultsPageThroughTies(ctx context.Context, t *testing.T, s store.Store) {
	all := manyTies(ctx, t, s)
	for _, monitorID := range []string{"", newID(1)} {
		want := selectResults(all, store.ResultFilter{MonitorID: monitorID, Limit: 1000})
		paged := readPages(ctx, t, s, store.ResultFilter{MonitorID: monitorID, Limit: 7})
		same(t, "all pages", paged, want)
	}
}

func resultsLimit(ctx context.Context, t *testing.T, s store.Store) {
	for _, limit := range []int{0, -1} {
		_, err := s.Results(ctx, store.ResultFilter{Limit: limit})
		wantInvalid(t, fmt.Sprint("limit ", limit), err)
	}
}

// fractions reads what has a date at the limits of a period, which have fractions of a millisecond. A date before the
// end is in the period, and a date before the start is not.
func fractions(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	var batch store.Batch
	var incidents []store.Incident
	for i := range 4 {
		at := base.Add(time.Duration(i) * time.Millisecond)
		batch.Results = append(batch.Results, newResult(m.ID, 1+i, at))
		batch.StatusChanges = append(batch.StatusChanges, store.StatusChange{MonitorID: m.ID, Date: at, Kind: store.ChangeStatus, From: "ok", To: "failed"})
		incidents = append(incidents, newIncident(m.ID, i, at))
	}
	must(t, s.AppendBatch(ctx, batch))
	must(t, s.MergeIncidents(ctx, incidents))
	for from, first := range map[time.Duration]int{0: 0, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2, time.Millisecond + 999_999: 2} {
		for to, end := range map[time.Duration]int{2 * time.Millisecond: 2, 2*time.Millisecond + 1: 3, 2*time.Millisecond + 999_999: 3} {
			name, from, to, want := fmt.Sprintf(" from %s to %s", from, to), base.Add(from), base.Add(to), max(0, end-first)
			list := got(s.Results(ctx, store.ResultFilter{MonitorID: m.ID, From: from, To: to, Limit: 10}))(t)
			same(t, "number of results"+name, len(list), want)
			list = got(s.Results(ctx, store.ResultFilter{From: from, To: to, Limit: 10}))(t)
			same(t, "number of results of all monitors"+name, len(list), want)
			same(t, "number of status changes"+name, len(got(s.StatusChanges(ctx, m.ID, from, to, 10))(t)), want)
			same(t, "number of status changes of several monitors"+name, len(got(s.StatusChangesOf(ctx, []string{m.ID}, from, to, 10))(t)), want)
			same(t, "number of incidents"+name, len(got(s.Incidents(ctx, store.IncidentFilter{From: from, To: to, Limit: 10}))(t)), want)
			numbers, _ := readNumbers(ctx, t, s, store.NumberFilter{MonitorID: m.ID, From: from, To: to, Limit: 10, Section: time.Hour})
			same(t, "number of numbers"+name, len(numbers), want)
		}
	}
}
