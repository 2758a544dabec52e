package storetest

import (
	"context"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

var rollupContracts = []contract{
	{"ResultsMarkHoursDirty", dirtyHours},
	{"ClearDirtyKeepsHourWithNewResults", dirtyToken},
	{"RollupsAreReplacedAndListed", rollups},
	{"RollupsOfEveryPeriodKeepTheirContent", rollupContent},
	{"MarkHistoryIgnoresMarkedHours", markHistory},
}

// marks returns all dirty hours that ended before closed.
func marks(ctx context.Context, t *testing.T, s store.Store, closed time.Time) []store.DirtyHour {
	t.Helper()
	return got(s.DirtyHours(ctx, closed, time.Now().Add(time.Hour), 1000))(t)
}

func dirtyHours(ctx context.Context, t *testing.T, s store.Store) {
	id := newID(1)
	same(t, "marks of an empty store", marks(ctx, t, s, base.Add(1000*time.Hour)), []store.DirtyHour{})
	must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{
		newResult(id, 1, base.Add(2*time.Hour)),
		newResult(id, 2, base),
		newResult(id, 3, base.Add(time.Hour-time.Millisecond)),
		newResult(id, 4, base.Add(time.Hour)),
		newResult(newID(2), 5, base.Add(90*time.Minute)),
	}}))
	list := marks(ctx, t, s, base.Add(10*time.Hour))
	same(t, "number of marks", len(list), 4)
	same(t, "oldest hour", list[0].Hour, base)
	wantUTC(t, "Hour", list[0].Hour)
	for i, mark := range list {
		if i > 0 && mark.Hour.Before(list[i-1].Hour) {
			t.Errorf("mark %d of hour %s comes after hour %s", i, mark.Hour, list[i-1].Hour)
		}
		if mark.Token == "" {
			t.Errorf("mark %d has no token", i)
		}
	}
	same(t, "number of marks of closed hours", len(marks(ctx, t, s, base.Add(130*time.Minute))), 3)
	same(t, "number of marks within the first hour", len(marks(ctx, t, s, base.Add(59*time.Minute))), 0)
	same(t, "number of marks with a limit", len(got(s.DirtyHours(ctx, base.Add(10*time.Hour), time.Now().Add(time.Hour), 2))(t)), 2)
	same(t, "marks from before an hour ago", got(s.DirtyHours(ctx, base.Add(10*time.Hour), time.Now().Add(-time.Hour), 10))(t), []store.DirtyHour{})

	must(t, s.ClearDirty(ctx, list[:2]))
	must(t, s.ClearDirty(ctx, list[:2]))
	must(t, s.ClearDirty(ctx, nil))
	same(t, "marks after clearing two", marks(ctx, t, s, base.Add(10*time.Hour)), list[2:])
}

func dirtyToken(ctx context.Context, t *testing.T, s store.Store) {
	id, later := newID(1), base.Add(24*time.Hour)
	must(t, s.AppendBatch(ctx, store.Batch{Results: newResults(id, 1, 2, base)}))
	old := marks(ctx, t, s, later)
	same(t, "number of marks", len(old), 1)
	must(t, s.AppendBatch(ctx, store.Batch{Results: newResults(id, 10, 2, base)}))
	must(t, s.ClearDirty(ctx, old))
	renewed := marks(ctx, t, s, later)
	same(t, "number of marks after a late result", len(renewed), 1)
	if renewed[0].Token == old[0].Token {
		t.Error("the token did not change when the hour was marked again")
	}
	must(t, s.ClearDirty(ctx, renewed))
	same(t, "marks after clearing", marks(ctx, t, s, later), []store.DirtyHour{})
	must(t, s.AppendBatch(ctx, store.Batch{Results: newResults(id, 20, 1, base)}))
	must(t, s.ClearDirty(ctx, renewed))
	same(t, "number of marks after a result in a cleared hour", len(marks(ctx, t, s, later)), 1)
}

func rollups(ctx context.Context, t *testing.T, s store.Store) {
	id, hour := newID(1), func(n int) time.Time { return base.Add(time.Duration(n) * time.Hour) }
	midnight := base.Truncate(24 * time.Hour)
	var all []store.Rollup
	for _, n := range []int{3, 0, 2, 1} {
		all = append(all, store.Rollup{MonitorID: id, Period: store.Hour, Start: hour(n), Summary: []byte{byte(n), 0, 255}})
	}
	day := store.Rollup{MonitorID: id, Period: store.Day, Start: midnight, Summary: []byte("a day")}
	other := store.Rollup{MonitorID: newID(2), Period: store.Hour, Start: base, Summary: []byte("other")}
	must(t, s.PutRollups(ctx, append(all, day, other)))
	must(t, s.PutRollups(ctx, all))
	must(t, s.PutRollups(ctx, nil))
	newer := store.Rollup{MonitorID: id, Period: store.Hour, Start: hour(1), Summary: []byte("newer")}
	must(t, s.PutRollups(ctx, []store.Rollup{newer}))

	list := got(s.Rollups(ctx, id, store.Hour, hour(0), hour(3)))(t)
	same(t, "hours", list, []store.Rollup{all[1], newer, all[2]})
	wantUTC(t, "Start", list[0].Start)
	same(t, "days", got(s.Rollups(ctx, id, store.Day, midnight, hour(100)))(t), []store.Rollup{day})
	same(t, "other monitor", got(s.Rollups(ctx, other.MonitorID, store.Hour, hour(0), hour(1)))(t), []store.Rollup{other})
	same(t, "none", got(s.Rollups(ctx, newID(3), store.Hour, hour(0), hour(100)))(t), []store.Rollup{})
	invalid := store.Rollup{MonitorID: "invalid", Period: store.Hour, Start: base}
	wantInvalid(t, "invalid id", s.PutRollups(ctx, []store.Rollup{invalid}))
}

// rollupContent stores real summaries, because a store may change their form.
func rollupContent(ctx context.Context, t *testing.T, s store.Store) {
	id, midnight := newID(1), base.Truncate(24*time.Hour)
	part := rollup.New()
	part.Add(monitor.StatusOK, 41.272)
	part.Add(monitor.StatusFailed, 0)
	series := rollup.EncodeSeries([][]byte{nil, part.Encode()})
	var all []store.Rollup
	for _, start := range []time.Time{midnight.Add(-time.Hour), midnight, midnight.Add(23 * time.Hour), midnight.Add(24 * time.Hour)} {
		all = append(all, store.Rollup{MonitorID: id, Period: store.Hour, Start: start, Summary: part.Encode()},
			store.Rollup{MonitorID: id, Period: store.Minutes, Start: start, Summary: series})
	}
	must(t, s.PutRollups(ctx, append(all, store.Rollup{MonitorID: id, Period: store.Day, Start: midnight, Summary: part.Encode()})))
	for _, p := range []store.Period{store.Minutes, store.Hour, store.Day} {
		list := got(s.Rollups(ctx, id, p, midnight, midnight.Add(24*time.Hour)))(t)
		same(t, "number of rollups of the period "+string(p), len(list), map[store.Period]int{store.Minutes: 2, store.Hour: 2, store.Day: 1}[p])
		for i, r := range list {
			same(t, "start", r.Start, midnight.Add(time.Duration(i)*23*time.Hour))
			if p == store.Minutes {
				parts := got(rollup.DecodeSeries(r.Summary, 12))(t)
				same(t, "number of parts", len(parts), 2)
				r.Summary = parts[1]
			}
			a := got(rollup.Decode(r.Summary))(t)
			same(t, "counts", a.Counts, part.Counts)
			same(t, "sum", a.Sum, part.Sum)
		}
	}
}

func markHistory(ctx context.Context, t *testing.T, s store.Store) {
	must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{newResult(newID(1), 1, base)}}))
	before := marks(ctx, t, s, base.Add(24*time.Hour))
	for range 2 {
		same(t, "step", got(s.MarkHistory(ctx))(t), store.MarkedHistory{Done: true})
	}
	same(t, "marks", marks(ctx, t, s, base.Add(24*time.Hour)), before)
}
