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
