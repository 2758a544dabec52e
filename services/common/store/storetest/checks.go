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

var checkContracts = []contract{
	{"CheckIsAskedClaimedAnswered", checkLifeCycle},
	{"CheckIsClaimedOnce", checkClaimedOnce},
	{"CheckExpires", checkExpires},
	{"CheckDropped", checkDropped},
	{"Heartbeats", heartbeats},
}

func newCheck(n int, expires time.Duration) store.OnDemandCheck {
	now := monitor.Date(time.Now())
	return store.OnDemandCheck{ID: newID(n), Requested: now.Add(time.Duration(n) * time.Millisecond), Expires: now.Add(expires), MonitorID: newID(1)}
}

func checkAnswer(ctx context.Context, t *testing.T, s store.Store, id string) (monitor.Result, bool) {
	t.Helper()
	r, there, err := s.OnDemandResult(ctx, id)
	must(t, err)
	return r, there
}

func checkLifeCycle(ctx context.Context, t *testing.T, s store.Store) {
	now := time.Now()
	same(t, "pending in an empty store", got(s.PendingOnDemandChecks(ctx, now))(t), []store.OnDemandCheck{})
	definition := newMonitor("not stored")
	definition.Properties = map[string]string{"headers": `{"Authorization": "secret"}`}
	definition.Rule = "status == 200"
	unsaved, stored := newCheck(1, time.Hour), newCheck(2, time.Hour)
	unsaved.MonitorID, unsaved.Definition = "", &definition
	must(t, s.AddOnDemandCheck(ctx, stored))
	must(t, s.AddOnDemandCheck(ctx, unsaved))
	pending := got(s.PendingOnDemandChecks(ctx, now))(t)
	same(t, "pending", pending, []store.OnDemandCheck{unsaved, stored})
	wantUTC(t, "Expires", pending[0].Expires)

	if !got(s.ClaimOnDemandCheck(ctx, unsaved.ID, "one"))(t) {
		t.Fatal("the request can't be claimed")
	}
	if got(s.ClaimOnDemandCheck(ctx, unsaved.ID, "two"))(t) {
		t.Error("the request was claimed twice")
	}
	same(t, "pending after a claim", got(s.PendingOnDemandChecks(ctx, now))(t), []store.OnDemandCheck{stored})
	if _, there := checkAnswer(ctx, t, s, unsaved.ID); there {
		t.Error("there is an answer before it was given")
	}
	answer := newResult(definition.ID, 7, base)
	answer.Message, answer.Outputs = "a message", map[string]any{"respTime": 1.5, "status": "text", "bodyTruncated": true}
	must(t, s.CompleteOnDemandCheck(ctx, unsaved.ID, answer))
	found, there := checkAnswer(ctx, t, s, unsaved.ID)
	if !there {
		t.Fatal("there is no answer")
	}
	same(t, "answer", found, answer)
	same(t, "pending after the answer", got(s.PendingOnDemandChecks(ctx, now))(t), []store.OnDemandCheck{stored})
	same(t, "results", listAll(ctx, t, s, ""), []monitor.Result{})
}

func checkClaimedOnce(ctx context.Context, t *testing.T, s store.Store) {
	for round := range 5 {
		r := newCheck(round, time.Hour)
		must(t, s.AddOnDemandCheck(ctx, r))
		var wins atomic.Int32
		var all sync.WaitGroup
		for claimer := range 8 {
			all.Go(func() {
				won, err := s.ClaimOnDemandCheck(ctx, r.ID, fmt.Sprint("runner ", claimer))
				if err != nil {
					t.Errorf("claim: %v", err)
				}
				if won {
					wins.Add(1)
				}
			})
		}
		all.Wait()
		same(t, "number of claimers that won", int(wins.Load()), 1)
	}
}

func checkExpires(ctx context.Context, t *testing.T, s store.Store) {
	late, live := newCheck(1, -time.Second), newCheck(2, time.Hour)
	must(t, s.AddOnDemandCheck(ctx, late))
	must(t, s.AddOnDemandCheck(ctx, live))
	same(t, "pending", got(s.PendingOnDemandChecks(ctx, time.Now()))(t), []store.OnDemandCheck{live})
	if got(s.ClaimOnDemandCheck(ctx, late.ID, "runner"))(t) {
		t.Error("an expired request was claimed")
	}
	same(t, "pending in two hours", got(s.PendingOnDemandChecks(ctx, time.Now().Add(2*time.Hour)))(t), []store.OnDemandCheck{})
}

func checkDropped(ctx context.Context, t *testing.T, s store.Store) {
	claimed, answered, pending := newCheck(1, time.Hour), newCheck(2, time.Hour), newCheck(3, time.Hour)
	for _, r := range []store.OnDemandCheck{claimed, answered, pending} {
		must(t, s.AddOnDemandCheck(ctx, r))
	}
	for _, id := range []string{claimed.ID, answered.ID} {
		if !got(s.ClaimOnDemandCheck(ctx, id, "runner"))(t) {
			t.Fatal("the request can't be claimed")
		}
	}
	must(t, s.CompleteOnDemandCheck(ctx, answered.ID, newResult(newID(1), 1, base)))
	for _, id := range []string{claimed.ID, answered.ID, pending.ID, pending.ID, newID(99)} {
		must(t, s.DeleteOnDemandCheck(ctx, id))
	}
	same(t, "pending", got(s.PendingOnDemandChecks(ctx, time.Now()))(t), []store.OnDemandCheck{})
	if got(s.ClaimOnDemandCheck(ctx, pending.ID, "runner"))(t) {
		t.Error("a dropped request was claimed")
	}
	wantError(t, "answer to a dropped request", s.CompleteOnDemandCheck(ctx, claimed.ID, newResult(newID(1), 2, base)), monitor.ErrNotFound)
	for _, id := range []string{claimed.ID, answered.ID, newID(99)} {
		if _, there := checkAnswer(ctx, t, s, id); there {
			t.Errorf("%s has an answer after it was dropped", id)
		}
	}
}

func heartbeats(ctx context.Context, t *testing.T, s store.Store) {
	same(t, "runners of an empty store", got(s.Runners(ctx, base))(t), []store.Runner{})
	a, b := store.Runner{ID: "host-a-1", Monitors: 3, LastSeen: base}, store.Runner{ID: "host-b", Monitors: 0, LastSeen: base.Add(time.Second)}
	must(t, s.PutHeartbeat(ctx, b))
	must(t, s.PutHeartbeat(ctx, a))
	same(t, "runners", got(s.Runners(ctx, base))(t), []store.Runner{a, b})
	same(t, "runners seen later", got(s.Runners(ctx, base.Add(time.Millisecond)))(t), []store.Runner{b})
	a.Monitors, a.LastSeen = 5, base.Add(3*time.Second+time.Millisecond)
	must(t, s.PutHeartbeat(ctx, a))
	runners := got(s.Runners(ctx, base))(t)
	same(t, "runners after a beat", runners, []store.Runner{a, b})
	wantUTC(t, "LastSeen", runners[0].LastSeen)
	must(t, s.RemoveRunner(ctx, a.ID))
	same(t, "runners after one left", got(s.Runners(ctx, base))(t), []store.Runner{b})
}
