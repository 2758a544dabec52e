package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var onDemandContracts = []contract{
	{"OnDemandCheckLifecycle", onDemandLifecycle},
	{"ClaimOnDemandCheckOnce", claimOnDemandOnce},
	{"OnDemandCheckExpires", onDemandExpires},
	{"DeleteOnDemandCheck", deleteOnDemand},
}

func newRequest(n int, expires time.Duration) store.OnDemandCheck {
	now := monitor.Date(time.Now())
	return store.OnDemandCheck{ID: newID(n), Requested: now.Add(time.Duration(n) * time.Millisecond), Expires: now.Add(expires), MonitorID: newID(1)}
}

func findResult(ctx context.Context, t *testing.T, s store.Store, id string) (monitor.Result, bool) {
	t.Helper()
	r, found, err := s.OnDemandResult(ctx, id)
	must(t, err)
	return r, found
}

func onDemandLifecycle(ctx context.Context, t *testing.T, s store.Store) {
	now := time.Now()
	same(t, "pending in an empty store", got(s.PendingOnDemandChecks(ctx, now))(t), []store.OnDemandCheck{})
	definition := newMonitor("not stored")
	definition.Properties = map[string]string{"headers": `{"Authorization": "secret"}`}
	definition.Rule = "status == 200"
	unsaved, saved := newRequest(1, time.Hour), newRequest(2, time.Hour)
	unsaved.MonitorID, unsaved.Definition = "", &definition
	must(t, s.AddOnDemandChecks(ctx, saved))
	must(t, s.AddOnDemandChecks(ctx, unsaved))
	pending := got(s.PendingOnDemandChecks(ctx, now))(t)
	same(t, "pending", pending, []store.OnDemandCheck{unsaved, saved})
	wantUTC(t, "Expires", pending[0].Expires)

	if !got(s.ClaimOnDemandCheck(ctx, unsaved.ID, "one", time.Now()))(t) {
		t.Fatal("the request can't be claimed")
	}
	if got(s.ClaimOnDemandCheck(ctx, unsaved.ID, "two", time.Now()))(t) {
		t.Error("two runners claimed the request")
	}
	same(t, "pending after a claim", got(s.PendingOnDemandChecks(ctx, now))(t), []store.OnDemandCheck{saved})
	if _, found := findResult(ctx, t, s, unsaved.ID); found {
		t.Error("the request has a result before it is complete")
	}
	result := newResult(definition.ID, 7, base)
	result.Message, result.Outputs = "a message", map[string]any{"respTime": 1.5, "status": "text", "bodyTruncated": true}
	must(t, s.CompleteOnDemandCheck(ctx, unsaved.ID, result))
	stored, found := findResult(ctx, t, s, unsaved.ID)
	if !found {
		t.Fatal("the completed request has no result")
	}
	same(t, "result", stored, result)
	same(t, "pending after the result", got(s.PendingOnDemandChecks(ctx, now))(t), []store.OnDemandCheck{saved})
	same(t, "results", listAll(ctx, t, s, ""), []monitor.Result{})
}

func claimOnDemandOnce(ctx context.Context, t *testing.T, s store.Store) {
	for round := range 5 {
		r := newRequest(round, time.Hour)
		must(t, s.AddOnDemandChecks(ctx, r))
		var wins atomic.Int32
		var all sync.WaitGroup
		for runner := range 8 {
			all.Go(func() {
				won, err := s.ClaimOnDemandCheck(ctx, r.ID, fmt.Sprint("runner ", runner), time.Now())
				if err != nil {
					t.Errorf("claim: %v", err)
				}
				if won {
					wins.Add(1)
				}
			})
		}
		all.Wait()
		same(t, "number of successful claims", int(wins.Load()), 1)
	}
}

func onDemandExpires(ctx context.Context, t *testing.T, s store.Store) {
	late, live := newRequest(1, -time.Second), newRequest(2, time.Hour)
	must(t, s.AddOnDemandChecks(ctx, late))
	must(t, s.AddOnDemandChecks(ctx, live))
	same(t, "pending", got(s.PendingOnDemandChecks(ctx, time.Now()))(t), []store.OnDemandCheck{live})
	if got(s.ClaimOnDemandCheck(ctx, late.ID, "runner", time.Now()))(t) {
		t.Error("an expired request was claimed")
	}
	same(t, "pending in two hours", got(s.PendingOnDemandChecks(ctx, time.Now().Add(2*time.Hour)))(t), []store.OnDemandCheck{})
}

func deleteOnDemand(ctx context.Context, t *testing.T, s store.Store) {
	claimed, completed, pending := newRequest(1, time.Hour), newRequest(2, time.Hour), newRequest(3, time.Hour)
	for _, r := range []store.OnDemandCheck{claimed, completed, pending} {
		must(t, s.AddOnDemandChecks(ctx, r))
	}
	for _, id := range []string{claimed.ID, completed.ID} {
		if !got(s.ClaimOnDemandCheck(ctx, id, "runner", time.Now()))(t) {
			t.Fatal("the request can't be claimed")
		}
	}
	must(t, s.CompleteOnDemandCheck(ctx, completed.ID, newResult(newID(1), 1, base)))
	for _, id := range []string{claimed.ID, completed.ID, pending.ID, pending.ID, newID(99)} {
		must(t, s.DeleteOnDemandCheck(ctx, id))
	}
	same(t, "pending", got(s.PendingOnDemandChecks(ctx, time.Now()))(t), []store.OnDemandCheck{})
	if got(s.ClaimOnDemandCheck(ctx, pending.ID, "runner", time.Now()))(t) {
		t.Error("a deleted request was claimed")
	}
	wantError(t, "result of a deleted request", s.CompleteOnDemandCheck(ctx, claimed.ID, newResult(newID(1), 2, base)), monitor.ErrNotFound)
	for _, id := range []string{claimed.ID, completed.ID, newID(99)} {
		if _, found := findResult(ctx, t, s, id); found {
			t.Errorf("request %s has a result after it was deleted", id)
		}
	}
}
