package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var pushContracts = []contract{
	{"AddPing", addPing},
	{"PingsAreReadInTheOrderOfReceipt", pingsAreOrdered},
	{"InvalidPings", invalidPings},
	{"OnlyTheNewestPingsOfAMonitorWait", surplusPings},
	{"DonePingsAreDeleted", donePings},
	{"PushStates", pushStates},
	{"PushStateIsReplacedOnlyByGreaterSequence", greaterSequenceWins},
	{"PushStateIsBounded", pushStateIsBounded},
	{"PushBatchTwice", pushBatchTwice},
	{"DeleteResultsKeepsDeadlines", deadlineSurvives},
	{"ExpireDeletesPings", expirePings},
	{"ExpireDeletesManyPings", expireManyPings},
	{"ExpireDeletesOrphanPushStates", expirePushStates},
}

// newPing returns a success ping with an id that depends on n.
func newPing(monitorID string, n int, received time.Time) store.Ping {
	return store.Ping{ID: newID(n), MonitorID: monitorID, Received: received, Kind: store.PingSuccess}
}

func newPushState(monitorID string, sequence int64) store.PushState {
	return store.PushState{
		MonitorID: monitorID, Sequence: sequence, Schedule: "every 1h", Since: base, Deadline: base.Add(time.Hour),
	}
}

// fullPushState returns the largest push state.
func fullPushState(monitorID string) store.PushState {
	state := newPushState(monitorID, 1)
	state.Schedule = "'; DROP TABLE push_states; -- \u202e🔥 {\"$gt\": \"\"}" + strings.Repeat("*", 2000)
	state.Ended, state.NotCheckedSince = base.Add(-time.Hour), base.Add(time.Millisecond)
	for i := range store.MaxPushRuns {
		run := store.PushRun{RunID: strings.Repeat("r", store.MaxRunID), Started: base.Add(time.Duration(i) * time.Second)}
		state.Runs = append(state.Runs, run)
	}
	for i := range store.MaxPushPings {
		duration := float64(i) + 0.25
		state.Pings = append(state.Pings, store.PushPing{
			ID: newID(i), Received: base.Add(-time.Duration(i) * time.Second), Kind: store.PingFail, ExitCode: 255,
			RunID: strings.Repeat("r", store.MaxRunID), Duration: &duration,
		})
	}
	return state
}

func addPings(ctx context.Context, t *testing.T, s store.Store, pings ...store.Ping) {
	t.Helper()
	for _, p := range pings {
		must(t, s.AddPing(ctx, p))
	}
}

func wantPings(ctx context.Context, t *testing.T, s store.Store, what string, want ...store.Ping) {
	t.Helper()
	same(t, what, got(s.Pings(ctx, nil, len(want)+10))(t), append([]store.Ping{}, want...))
}

func addPing(ctx context.Context, t *testing.T, s store.Store) {
	wantPings(ctx, t, s, "pings of an empty store")
	largest := newPing(newID(1), 1, base.Add(7*time.Millisecond))
	largest.Kind, largest.ExitCode, largest.RunID = store.PingFail, 255, strings.Repeat("é", store.MaxRunID/2)
	largest.Body = slices.Repeat([]byte{0, 0xff, '\'', 0xc3}, store.MaxPingBody/4)
	want := []store.Ping{largest}
	for i, kind := range []store.PingKind{store.PingStart, store.PingSuccess, store.PingFail, store.PingLog} {
		p := newPing(newID(2), 2+i, base.Add(time.Duration(1+i)*time.Second))
		p.Kind = kind
		want = append(want, p)
	}
	addPings(ctx, t, s, want...)
	wantPings(ctx, t, s, "pings", want...)
	wantUTC(t, "Received", got(s.Pings(ctx, nil, 1))(t)[0].Received)

	again := want[1]
	again.Kind, again.MonitorID = store.PingLog, newID(3)
	addPings(ctx, t, s, again)
	wantPings(ctx, t, s, "pings after one was added again", want...)
}

func pingsAreOrdered(ctx context.Context, t *testing.T, s store.Store) {
	var want []store.Ping
	for n := range 20 {
		want = append(want, newPing(newID(n%3), n, base.Add(time.Duration(n/4)*time.Millisecond))) // four at the same time
	}
	for i := range want {
		addPings(ctx, t, s, want[7*i%len(want)])
	}
	wantPings(ctx, t, s, "all pings", want...)
	var read []store.Ping
	var after *store.Cursor
	for {
		page := got(s.Pings(ctx, after, 3))(t)
		if len(page) == 0 {
			break
		}
		if len(page) > 3 {
			t.Fatalf("a page has %d pings, the limit is 3", len(page))
		}
		last := page[len(page)-1]
		read, after = append(read, page...), &store.Cursor{Date: last.Received, ID: last.ID}
	}
	same(t, "pages", read, want)
	_, err := s.Pings(ctx, nil, 0)
	wantInvalid(t, "limit 0", err)
	_, err = s.Pings(ctx, &store.Cursor{Date: base, ID: "x"}, 1)
	wantInvalid(t, "an invalid cursor", err)
}

func invalidPings(ctx context.Context, t *testing.T, s store.Store) {
	for name, change := range map[string]func(p *store.Ping){
		"id":          func(p *store.Ping) { p.ID = "x" },
		"monitor":     func(p *store.Ping) { p.MonitorID = "" },
		"no kind":     func(p *store.Ping) { p.Kind = "" },
		"exit status": func(p *store.Ping) { p.ExitCode = 256 },
		"run id":      func(p *store.Ping) { p.RunID = strings.Repeat("r", store.MaxRunID+1) },
		"no text":     func(p *store.Ping) { p.RunID = "\xff" },
		"body":        func(p *store.Ping) { p.Body = make([]byte, store.MaxPingBody+1) },
	} {
		p := newPing(newID(1), 1, base)
		change(&p)
		wantInvalid(t, name, s.AddPing(ctx, p))
	}
	wantPings(ctx, t, s, "pings")
}

// surplusPings adds more pings than may wait. The pings of another monitor stay. A store need not delete the surplus at
// each ping, but at the last one here, whose id ends in 00.
func surplusPings(ctx context.Context, t *testing.T, s store.Store) {
	const last = 0x400
	other := newPing(newID(2), 0, base)
	addPings(ctx, t, s, other)
	var adding errgroup.Group
	adding.SetLimit(200)
	for n := 1; n < last; n++ {
		adding.Go(func() error { return s.AddPing(ctx, newPing(newID(1), n, base.Add(time.Duration(n)*time.Millisecond))) })
	}
	must(t, adding.Wait())
	addPings(ctx, t, s, newPing(newID(1), last, base.Add(last*time.Millisecond)))
	list := got(s.Pings(ctx, nil, 2*store.MaxWaitingPings))(t)
	same(t, "number of pings", len(list), 1+store.MaxWaitingPings)
	same(t, "ping of another monitor", list[0], other)
	oldest := last - store.MaxWaitingPings + 1
	same(t, "oldest ping", list[1], newPing(newID(1), oldest, base.Add(time.Duration(oldest)*time.Millisecond)))
}

func donePings(ctx context.Context, t *testing.T, s store.Store) {
	var pings []store.Ping
	for n := range 5 {
		pings = append(pings, newPing(newID(n%2), n, base.Add(time.Duration(n)*time.Second)))
	}
	addPings(ctx, t, s, pings...)
	for range 2 {
		must(t, s.AppendBatch(ctx, store.Batch{DonePings: []string{pings[1].ID, newID(99), "x", pings[3].ID}}))
		wantPings(ctx, t, s, "pings that are left", pings[0], pings[2], pings[4])
	}
	must(t, s.AppendBatch(ctx, store.Batch{DonePings: []string{pings[0].ID, pings[2].ID, pings[4].ID}}))
	wantPings(ctx, t, s, "pings at the end")
}

func putPushStates(ctx context.Context, t *testing.T, s store.Store, states ...store.PushState) {
	t.Helper()
	must(t, s.AppendBatch(ctx, store.Batch{PushStates: states}))
}

func wantPushState(ctx context.Context, t *testing.T, s store.Store, what string, want store.PushState) {
	t.Helper()
	same(t, what, got(s.PushStates(ctx, []string{want.MonitorID}))(t), []store.PushState{want})
}

func pushStates(ctx context.Context, t *testing.T, s store.Store) {
	full, small := fullPushState(newID(1)), store.PushState{MonitorID: newID(2), Sequence: 1, Since: base}
	putPushStates(ctx, t, s, full, small, newPushState(newID(3), 1))
	wantPushState(ctx, t, s, "the largest state", full)
	wantPushState(ctx, t, s, "the smallest state", small)
	same(t, "number of states", len(got(s.PushStates(ctx, []string{newID(1), newID(9), "x", newID(3)}))(t)), 2)
	for _, none := range [][]string{nil, {}, {"x"}, {newID(9)}} {
		same(t, "states of none", got(s.PushStates(ctx, none))(t), []store.PushState{})
	}
	for _, id := range invalidIDs {
		wantInvalid(t, "monitor id "+id, s.AppendBatch(ctx, store.Batch{PushStates: []store.PushState{newPushState(id, 1)}}))
	}
}

func greaterSequenceWins(ctx context.Context, t *testing.T, s store.Store) {
	id := newID(1)
	now := newPushState(id, 7)
	putPushStates(ctx, t, s, now)
	for _, sequence := range []int64{7, 6, 0, -1} {
		older := newPushState(id, sequence)
		older.Deadline = base.Add(24 * time.Hour)
		putPushStates(ctx, t, s, older)
		wantPushState(ctx, t, s, "state after an older one", now)
	}
	next, last := newPushState(id, 8), newPushState(id, 1<<60)
	last.Since = base.Add(-24 * time.Hour)
	putPushStates(ctx, t, s, next, last, next)
	wantPushState(ctx, t, s, "the newest state of one batch", last)
}

func pushStateIsBounded(ctx context.Context, t *testing.T, s store.Store) {
	for name, change := range map[string]func(p *store.PushState){
		"schedule": func(p *store.PushState) { p.Schedule = strings.Repeat("*", 10_000) },
		"runs":     func(p *store.PushState) { p.Runs = append(p.Runs, store.PushRun{Started: base}) },
		"pings":    func(p *store.PushState) { p.Pings = append(p.Pings, store.PushPing{ID: newID(1), Received: base}) },
	} {
		state := fullPushState(newID(1))
		change(&state)
		wantInvalid(t, name, s.AppendBatch(ctx, store.Batch{PushStates: []store.PushState{state}}))
	}
	same(t, "states", got(s.PushStates(ctx, []string{newID(1)}))(t), []store.PushState{})
}

// pushBatchTwice stores the batch of two pings, then the next one, and then the first one again.
func pushBatchTwice(ctx context.Context, t *testing.T, s store.Store) {
	id := newID(1)
	batch := func(n int) store.Batch {
		r := newResult(id, n, base.Add(time.Duration(n)*time.Second))
		r.Status = monitor.StatusOK
		state := newState(r, n)
		state.Since = base
		return store.Batch{
			Results: []monitor.Result{r}, States: []store.State{state}, DonePings: []string{newID(n)},
			StatusChanges: []store.StatusChange{{MonitorID: id, Date: base, Kind: store.ChangeStatus, To: "ok"}},
			PushStates:    []store.PushState{newPushState(id, int64(n))},
		}
	}
	later := newPing(id, 3, base.Add(time.Second))
	addPings(ctx, t, s, newPing(id, 1, base), newPing(id, 2, base), later)
	first, second := batch(1), batch(2)
	for _, b := range []store.Batch{first, first, second, first, second} {
		must(t, s.AppendBatch(ctx, b))
	}
	same(t, "results", listAll(ctx, t, s, id), []monitor.Result{second.Results[0], first.Results[0]})
	same(t, "state", got(s.State(ctx, id))(t), second.States[0])
	wantStatusChanges(ctx, t, s, id, first.StatusChanges...)
	wantPushState(ctx, t, s, "push state", second.PushStates[0])
	wantPings(ctx, t, s, "pings", later)
}

// deadlineSurvives expects that a deletion of all results keeps what a deadline depends on: otherwise the monitor would
// be late although its job has sent a ping.
func deadlineSurvives(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	state, p := newPushState(m.ID, 1), newPing(m.ID, 1, base)
	putPushStates(ctx, t, s, state)
	addPings(ctx, t, s, p)
	must(t, s.DeleteResults(ctx, base.Add(time.Hour)))
	wantPushState(ctx, t, s, "push state", state)
	wantPings(ctx, t, s, "pings", p)
}

func expirePings(ctx context.Context, t *testing.T, s store.Store) {
	m, now := newMonitor("m"), base
	must(t, s.CreateMonitor(ctx, m))
	orphan := newID(9)
	ping := func(id string, n int, age time.Duration) store.Ping { return newPing(id, n, now.Add(-age)) }
	kept := []store.Ping{
		ping(m.ID, 1, store.PingAge), ping(m.ID, 2, 2*time.Hour), ping(orphan, 3, time.Hour), ping(m.ID, 4, 0),
	}
	addPings(ctx, t, s, kept...)
	addPings(ctx, t, s, ping(m.ID, 5, store.PingAge+time.Millisecond), ping(orphan, 6, time.Hour+time.Millisecond))
	for range 2 {
		got(s.Expire(ctx, now, keep))(t)
		wantPings(ctx, t, s, "pings", kept...)
	}
}

func expireManyPings(ctx context.Context, t *testing.T, s store.Store) {
	const old = 520
	for n := range old {
		addPings(ctx, t, s, newPing(newID(n%2), n, base))
	}
	got(s.Expire(ctx, base.Add(2*time.Hour), keep))(t)
	wantPings(ctx, t, s, "pings")
}

func expirePushStates(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	state := newPushState(m.ID, 1)
	putPushStates(ctx, t, s, state, newPushState(newID(9), 1))
	got(s.Expire(ctx, base.Add(time.Hour), keep))(t)
	same(t, "push states", got(s.PushStates(ctx, []string{m.ID, newID(9)}))(t), []store.PushState{state})
}
