package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var expireContracts = []contract{
	{"ExpireDeletesOldHistory", expireHistory},
	{"ExpireStoresTheAgeOfStatusChanges", expireStatusChanges},
	{"ExpireDeletesStatusChangesByWholeHours", expireHours},
	{"ExpireDeletesEachPeriodAtItsAge", expireRollups},
	{"ExpireDeletesManyResults", expireMany},
	{"ExpireDeletesOrphanStates", expireStates},
	{"ExpireDeletesOnDemandChecksAndHeartbeats", expireOnDemand},
}

var keep = store.Retention{Results: 24 * time.Hour, Rollups: 48 * time.Hour}

func expireHistory(ctx context.Context, t *testing.T, s store.Store) {
	m, now := newMonitor("m"), base
	must(t, s.CreateMonitor(ctx, m))
	at := func(age time.Duration) time.Time { return now.Add(-age) }
	results := []monitor.Result{
		newResult(m.ID, 1, at(time.Hour)), newResult(m.ID, 2, at(23*time.Hour)),
		newResult(m.ID, 3, at(25*time.Hour)), newResult(newID(9), 4, at(300*time.Hour)),
	}
	var changes []store.StatusChange
	var rollups []store.Rollup
	for _, age := range []time.Duration{47 * time.Hour, 52 * time.Hour} {
		changes = append(changes, store.StatusChange{MonitorID: m.ID, Date: at(age), Kind: store.ChangeStatus, To: "ok"})
		rollups = append(rollups, store.Rollup{MonitorID: m.ID, Period: store.Hour, Start: at(age).Truncate(time.Hour), Summary: []byte{1}})
	}
	must(t, s.AppendBatch(ctx, store.Batch{Results: results, StatusChanges: changes, States: []store.State{newState(results[0], 1)}}))
	must(t, s.PutRollups(ctx, rollups))

	same(t, "number of deleted results", got(s.Expire(ctx, now, keep))(t), 2)
	same(t, "results", listAll(ctx, t, s, ""), results[:2])
	wantStatusChanges(ctx, t, s, m.ID, changes[0])
	same(t, "rollups", got(s.Rollups(ctx, m.ID, store.Hour, at(1000*time.Hour), now))(t), rollups[:1])
	same(t, "state", got(s.State(ctx, m.ID))(t), newState(results[0], 1))
	same(t, "number of results deleted by the second call", got(s.Expire(ctx, now, keep))(t), 0)
}

// expireStatusChanges expects the date before which status changes have expired. It is the start of an hour, and does
// not become earlier: a longer retention does not bring the deleted ones back. Only a date in the future becomes now.
func expireStatusChanges(ctx context.Context, t *testing.T, s store.Store) {
	if at := got(s.StatusChangesExpired(ctx))(t); !at.IsZero() {
		t.Errorf("before any Expire, status changes have expired up to %s", at)
	}
	for _, c := range []struct {
		now       time.Time
		retention time.Duration
		want      time.Time
	}{
		{base, 48 * time.Hour, base.Add(-48 * time.Hour)},
		{base.Add(time.Hour), 48 * time.Hour, base.Add(-47 * time.Hour)},
		{base.Add(time.Hour), 49 * time.Hour, base.Add(-47 * time.Hour)},
		{base, 48 * time.Hour, base.Add(-47 * time.Hour)},
		{base, time.Hour, base.Add(-time.Hour)},
		{base.Add(59 * time.Minute), time.Hour, base.Add(-time.Hour)},
		{base.Add(time.Hour), time.Hour, base},
		{base.Add(1000 * time.Hour), 48 * time.Hour, base.Add(952 * time.Hour)}, // a wrong clock
		{base.Add(time.Minute), 48 * time.Hour, base.Add(time.Minute)},
		{base.Add(2 * time.Minute), 48 * time.Hour, base.Add(time.Minute)},
		{base.Add(50 * time.Hour), 48 * time.Hour, base.Add(2 * time.Hour)},
	} {
		got(s.Expire(ctx, c.now, store.Retention{Results: time.Hour, Rollups: c.retention}))(t)
		at := got(s.StatusChangesExpired(ctx))(t)
		same(t, "date before which status changes have expired", at, c.want)
		wantUTC(t, "date before which status changes have expired", at)
	}
	must(t, s.DeleteResults(ctx, base))
	same(t, "the same after a deletion of all results", got(s.StatusChangesExpired(ctx))(t), base.Add(2*time.Hour))
}

// expireHours expects that the status changes from an hour on which StatusChangesExpired does not include stay.
func expireHours(ctx context.Context, t *testing.T, s store.Store) {
	var changes []store.StatusChange
	for _, age := range []time.Duration{90 * time.Minute, 120 * time.Minute, 121 * time.Minute} {
		change := store.StatusChange{MonitorID: newID(1), Date: base.Add(-age), Kind: store.ChangeStatus, To: "ok"}
		changes = append(changes, change)
	}
	must(t, s.AppendBatch(ctx, store.Batch{StatusChanges: changes}))
	got(s.Expire(ctx, base.Add(59*time.Minute), store.Retention{Results: time.Hour, Rollups: 2 * time.Hour}))(t)
	wantStatusChanges(ctx, t, s, newID(1), changes[:2]...)
}

func expireRollups(ctx context.Context, t *testing.T, s store.Store) {
	const day = 24 * time.Hour
	now, id := base, newID(1)
	put := func(p store.Period, ages ...time.Duration) []store.Rollup {
		var rs []store.Rollup
		for _, age := range ages {
			rs = append(rs, store.Rollup{MonitorID: id, Period: p, Start: now.Add(-age).Truncate(p.Length()), Summary: []byte{byte(age / time.Hour)}})
		}
		must(t, s.PutRollups(ctx, rs))
		return rs
	}
	minutes := put(store.Minutes, 14*day, 14*day+time.Hour)
	hours := put(store.Hour, 40*day-time.Hour, 40*day, 40*day+time.Hour, 41*day+time.Hour)
	days := put(store.Day, 99*day, 101*day)
	check := func(minutes, hours, days []store.Rollup) {
		t.Helper()
		for p, want := range map[store.Period][]store.Rollup{store.Minutes: minutes, store.Hour: hours, store.Day: days} {
			list := got(s.Rollups(ctx, id, p, now.Add(-1000*day), now))(t)
			slices.Reverse(list) // newest first
			same(t, "rollups of the period "+string(p), list, want)
		}
	}
	got(s.Expire(ctx, now, store.Retention{Results: day, Rollups: 100 * day}))(t)
	check(minutes[:1], hours, days[:1])
	got(s.Expire(ctx, now, store.Retention{Results: day, Rollups: 100 * day, Hours: 40 * day}))(t)
	check(minutes[:1], hours[:2], days[:1])
	late := put(store.Hour, 45*day)
	same(t, "a late rollup", got(s.Rollups(ctx, id, store.Hour, late[0].Start, late[0].Start.Add(time.Hour)))(t), late)
	got(s.Expire(ctx, now, store.Retention{Results: day, Rollups: 10 * day}))(t)
	check([]store.Rollup{}, []store.Rollup{}, []store.Rollup{})
}

func expireMany(ctx context.Context, t *testing.T, s store.Store) {
	const old = 5000
	for first := range old / 1000 {
		must(t, s.AppendBatch(ctx, store.Batch{Results: newResults(newID(1), 1000*first, 1000, base)}))
	}
	young := newResults(newID(1), 100000, 10, base.Add(48*time.Hour))
	must(t, s.AppendBatch(ctx, store.Batch{Results: young}))
	same(t, "number of deleted results", got(s.Expire(ctx, base.Add(49*time.Hour), keep))(t), old)
	same(t, "results", listAll(ctx, t, s, ""), newestFirst(young))
}

func expireStates(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	putState(ctx, t, s, newState(newResult(m.ID, 1, base), 1), newState(newResult(newID(9), 2, base), 1))
	got(s.Expire(ctx, base, keep))(t)
	same(t, "states", got(s.States(ctx))(t), []store.State{newState(newResult(m.ID, 1, base), 1)})
}

func expireOnDemand(ctx context.Context, t *testing.T, s store.Store) {
	now := monitor.Date(time.Now())
	expired := store.OnDemandCheck{ID: newID(1), Requested: now.Add(-time.Hour), Expires: now.Add(-time.Minute), MonitorID: newID(9)}
	live := store.OnDemandCheck{ID: newID(2), Requested: now, Expires: now.Add(time.Hour), MonitorID: newID(9)}
	completed := store.OnDemandCheck{ID: newID(3), Requested: now, Expires: now.Add(time.Minute), MonitorID: newID(9)}
	for _, r := range []store.OnDemandCheck{expired, live, completed} {
		must(t, s.AddOnDemandChecks(ctx, r))
	}
	if !got(s.ClaimOnDemandCheck(ctx, completed.ID, "runner", now))(t) {
		t.Fatal("the request can't be claimed")
	}
	must(t, s.CompleteOnDemandCheck(ctx, completed.ID, newResult(newID(9), 1, now)))
	must(t, s.PutHeartbeat(ctx, store.Runner{ID: "old", LastSeen: now.Add(-25 * time.Hour)}))
	must(t, s.PutHeartbeat(ctx, store.Runner{ID: "young", LastSeen: now.Add(-23 * time.Hour)}))

	same(t, "number of deleted results", got(s.Expire(ctx, now.Add(2*time.Minute), keep))(t), 0)
	same(t, "pending two days ago", got(s.PendingOnDemandChecks(ctx, now.Add(-48*time.Hour)))(t), []store.OnDemandCheck{live})
	if _, found := findResult(ctx, t, s, completed.ID); found {
		t.Error("the result of an expired request was not deleted")
	}
	runners := got(s.Runners(ctx, time.Time{}))(t)
	same(t, "number of runners", len(runners), 1)
	same(t, "runner", runners[0].ID, "young")
}
