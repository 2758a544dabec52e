package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var sinceContracts = []contract{
	{"ResultsSinceInOrderOfStoring", resultsSinceOrder},
	{"ResultsSinceWithConcurrentWriters", resultsSinceConcurrently},
	{"ResultsSinceInvalidCursor", resultsSinceInvalidCursor},
	{"ResultsSinceOmitsDeleted", resultsSinceOmitsDeleted},
}

// readSince reads from cursor until it has n different results, and returns them in the order in which they were first
// returned.
func readSince(ctx context.Context, t *testing.T, s store.Store, cursor string, limit, n int) []monitor.Result {
	t.Helper()
	seen := make(map[string]bool)
	var all []monitor.Result
	for deadline := time.Now().Add(patience); len(all) < n; {
		page, next, err := s.ResultsSince(ctx, cursor, limit)
		must(t, err)
		if len(page) > limit {
			t.Fatalf("%d results, the limit is %d", len(page), limit)
		}
		for _, r := range page {
			if !seen[r.ID] {
				seen[r.ID] = true
				all = append(all, r)
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("only %d of %d results were returned", len(all), n)
		}
		cursor = next
	}
	return all
}

func resultsSinceOrder(ctx context.Context, t *testing.T, s store.Store) {
	id := newID(1)
	must(t, s.AppendBatch(ctx, store.Batch{Results: newResults(id, 1, 5, base)}))
	list, cursor, err := s.ResultsSince(ctx, "", 100)
	must(t, err)
	if list == nil || len(list) != 0 || cursor == "" {
		t.Fatalf("ResultsSince with no cursor: %d results (nil %v), cursor %q; want none and a cursor", len(list), list == nil, cursor)
	}

	// Later batches contain older results: the order must not depend on dates.
	batches := make(map[string]int)
	for b := range 4 {
		results := newResults(id, 1000-100*b, 5, base.Add(-time.Duration(b)*time.Hour))
		for _, r := range results {
			batches[r.ID] = b
		}
		must(t, s.AppendBatch(ctx, store.Batch{Results: results}))
	}
	list = readSince(ctx, t, s, cursor, 3, 20)
	for i := 1; i < len(list); i++ {
		if batches[list[i].ID] < batches[list[i-1].ID] {
			t.Fatalf("result %d is of batch %d, after one of batch %d", i, batches[list[i].ID], batches[list[i-1].ID])
		}
	}
	var stored []monitor.Result
	for _, r := range listAll(ctx, t, s, "") {
		if _, later := batches[r.ID]; later {
			stored = append(stored, r)
		}
	}
	same(t, "results", newestFirst(list), stored)
}

func resultsSinceConcurrently(ctx context.Context, t *testing.T, s store.Store) {
	const writers, batches, size = 6, 10, 5
	_, cursor, err := s.ResultsSince(ctx, "", 1)
	must(t, err)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for b := range batches {
				first := 1000 + (w*batches+b)*size
				results := newResults(newID(w), first, size, base.Add(time.Duration(b)*time.Second))
				if err := s.AppendBatch(ctx, store.Batch{Results: results}); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	defer all.Wait()
	readSince(ctx, t, s, cursor, 17, writers*batches*size)
}

func resultsSinceInvalidCursor(ctx context.Context, t *testing.T, s store.Store) {
	for _, cursor := range []string{"no cursor", "-", `{"$gt":""}`} {
		_, _, err := s.ResultsSince(ctx, cursor, 10)
		wantInvalid(t, fmt.Sprintf("cursor %q", cursor), err)
	}
}

func resultsSinceOmitsDeleted(ctx context.Context, t *testing.T, s store.Store) {
	_, cursor, err := s.ResultsSince(ctx, "", 1)
	must(t, err)
	deleted := newMonitor("deleted")
	must(t, s.CreateMonitor(ctx, deleted))
	fill(ctx, t, s, deleted.ID)
	must(t, s.DeleteMonitor(ctx, deleted.ID))
	fill(ctx, t, s, newID(1))
	must(t, s.DeleteResults(ctx, base))

	last := newResult(newID(2), 9000, base)
	must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{last}}))
	same(t, "results", readSince(ctx, t, s, cursor, 100, 1), []monitor.Result{last})
}
