package mongo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// pushBatch adds a ping of a new monitor, and returns the batch that follows from it.
func pushBatch(t *testing.T, s *Store) store.Batch {
	t.Helper()
	now := monitor.Date(time.Now())
	id, ping := monitor.NewID(now), monitor.NewID(now)
	if err := s.AddPing(t.Context(), store.Ping{ID: ping, MonitorID: id, Received: now, Kind: store.PingSuccess}); err != nil {
		t.Fatal(err)
	}
	r := monitor.Result{ID: ping, MonitorID: id, Date: now, Outputs: map[string]any{}}
	return store.Batch{
		Results: []monitor.Result{r}, States: []store.State{{MonitorID: id, Latest: r, Streak: 1, Since: now}},
		StatusChanges: []store.StatusChange{{MonitorID: id, Date: now, Kind: store.ChangeStatus, To: "ok"}},
		PushStates:    []store.PushState{{MonitorID: id, Sequence: 1, Since: now}}, DonePings: []string{ping},
	}
}

// stored returns the parts of a push batch that are stored, in the order in which they must be.
func stored(t *testing.T, s *Store, b store.Batch) string {
	t.Helper()
	ctx, r := t.Context(), b.Results[0]
	results, err := s.Results(ctx, store.ResultFilter{MonitorID: r.MonitorID, Limit: 10})
	var changes []store.StatusChange
	if err == nil {
		changes, err = s.StatusChanges(ctx, r.MonitorID, time.Time{}, r.Date.Add(time.Hour), 10)
	}
	var states []store.State
	if err == nil {
		states, err = s.StatesOf(ctx, []string{r.MonitorID})
	}
	var push []store.PushState
	if err == nil {
		push, err = s.PushStates(ctx, []string{r.MonitorID})
	}
	var pings []store.Ping
	if err == nil {
		pings, err = s.Pings(ctx, nil, 100)
	}
	if err != nil {
		t.Fatal(err)
	}
	waiting := slices.ContainsFunc(pings, func(p store.Ping) bool { return p.ID == b.DonePings[0] })
	parts := map[string]bool{
		"result": len(results) == 1, "change": len(changes) == 1, "state": len(states) == 1, "push state": len(push) == 1,
		"ping done": !waiting,
	}
	var list []string
	for _, name := range []string{"result", "change", "state", "push state", "ping done"} {
		if parts[name] {
			list = append(list, name)
		}
	}
	return strings.Join(list, ", ")
}

// TestPushBatchIsInterrupted interrupts the writes of a batch after each command. A ping must not be deleted before all
// that follows from it is stored, and writing the batch again completes it.
func TestPushBatchIsInterrupted(t *testing.T) {
	t.Parallel()
	database := mongotest.Database(t, server)
	direct := openStore(t, database)
	s, r := openThrough(t, server, database)
	const all = "result, change, state, push state, ping done"
	seen := make(map[string]bool)
	for commands := 0; ; commands++ {
		b := pushBatch(t, direct)
		var mu sync.Mutex
		left := commands
		r.answers.set(func(name string, command bson.Raw) bson.D {
			mu.Lock()
			defer mu.Unlock()
			fail := failWith(1)(name, command)
			if fail == nil || left > 0 {
				if fail != nil {
					left--
				}
				return nil
			}
			return fail
		})
		err := s.AppendBatch(t.Context(), b)
		parts := stored(t, direct, b)
		if !strings.HasPrefix(all, parts) {
			t.Errorf("after %d commands are stored: %s", commands, parts)
		}
		seen[parts] = true
		for range 2 {
			if err := direct.AppendBatch(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			if parts := stored(t, direct, b); parts != all {
				t.Errorf("after the second write are stored: %s", parts)
			}
		}
		if err == nil {
			break
		}
	}
	for _, parts := range []string{"", "result", "result, change", "result, change, state", "result, change, state, push state", all} {
		if !seen[parts] {
			t.Errorf("the batch was never interrupted after %q", parts)
		}
	}
}

// TestPushQueriesUseIndexes runs every method that reads or deletes pings, ping URLs, receiving periods and deleted
// monitors.
func TestPushQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	database := mongotest.Database(t, server)
	plain := openStore(t, database)
	indexes := map[string][]bson.D{
		"pings": indexesOf(t, plain.pings, 2), "ping_urls": indexesOf(t, plain.pingURLs, 1),
		"receiving_periods": indexesOf(t, plain.receivingPeriods, 1), "push_states": {{field("_id", int32(1))}},
		"deleted_monitors": indexesOf(t, plain.deletedMonitors, 1),
	}
	var mutex sync.Mutex
	seen := make(map[string]int)
	watching := &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		name, _ := e.Command.Lookup(e.CommandName).StringValueOK()
		if indexes[name] == nil || e.CommandName != "find" && e.CommandName != "delete" {
			return
		}
		queries, err := queriesOf(e.Command, name)
		mutex.Lock()
		defer mutex.Unlock()
		if err != nil {
			t.Error(err)
		}
		for _, q := range queries {
			seen[name+" "+q.command]++
			if !slices.ContainsFunc(indexes[name], q.served) {
				t.Errorf("no index serves %s %v sorted by %v", q.command, q.filter, q.sort)
			}
			if problem := q.hintProblem(indexes[name]); problem != "" {
				t.Errorf("%s %v sorted by %v names the index %v: %s", q.command, q.filter, q.sort, q.hint, problem)
			}
		}
	}}
	usePush(t, open(t, Config{URI: server, Database: database, monitor: watching}))
	for _, kind := range []string{"pings find", "pings delete", "ping_urls find", "ping_urls delete", "receiving_periods find", "receiving_periods delete", "push_states find", "push_states delete", "deleted_monitors find", "deleted_monitors delete"} {
		if seen[kind] == 0 {
			t.Errorf("no %s was seen, only %v", kind, seen)
		}
	}
}

// usePush calls every method that reads or deletes what belongs to push monitors.
func usePush(t *testing.T, s *Store) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	m := newMonitor(1, "a")
	owned := func(err error) error {
		if err == nil {
			_, err = s.AddPingURL(ctx, m.ID, fmt.Sprint(time.Now().UnixNano()))
		}
		return err
	}
	old := func(n int, monitorID string) error {
		return s.AddPing(ctx, store.Ping{ID: monitor.NewID(now), MonitorID: monitorID, Received: now.Add(-time.Duration(n) * time.Hour), Kind: store.PingLog})
	}
	for _, step := range []struct {
		name string
		call func() error
	}{
		{"create", func() error { return owned(s.CreateMonitor(ctx, m)) }},
		{"pings", func() error {
			s.deleteSurplusPings(ctx, validIDs([]string{m.ID})[0])
			_, err := s.Pings(ctx, nil, 10)
			if err == nil {
				_, err = s.Pings(ctx, &store.Cursor{Date: now, ID: m.ID}, 10)
			}
			return err
		}},
		{"batch", func() error { return s.AppendBatch(ctx, pushBatch(t, s)) }},
		{"states", func() error { _, err := s.PushStates(ctx, []string{m.ID}); return err }},
		{"period", func() error {
			p := store.ReceivingPeriod{ID: m.ID, From: now.Add(-9000 * time.Hour), To: now.Add(-8000 * time.Hour)}
			if err := s.PutReceivingPeriod(ctx, p); err != nil {
				return err
			}
			_, err := s.ReceivingPeriods(ctx, now)
			return err
		}},
		{"expire", func() error {
			if err := old(2, monitor.NewID(now)); err != nil {
				return err
			}
			if err := old(2000, m.ID); err != nil {
				return err
			}
			_, err := s.Expire(ctx, now, store.Retention{Results: time.Hour, Rollups: time.Hour})
			return err
		}},
		{"delete", func() error {
			other := newMonitor(2, "b")
			if err := s.CreateMonitor(ctx, other); err != nil {
				return err
			}
			if err := old(0, other.ID); err != nil {
				return err
			}
			return s.DeleteMonitor(ctx, other.ID)
		}},
	} {
		if err := step.call(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
	_, _ = s.PingURLOwner(ctx, "x")
}
