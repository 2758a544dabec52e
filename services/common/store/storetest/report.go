package storetest

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/store"
)

var reportContracts = []contract{
	{"StatusChangesOf", statusChangesOf},
	{"EachRollup", eachRollup},
}

func statusChangesOf(ctx context.Context, t *testing.T, s store.Store) {
	minute := func(n int) time.Time { return base.Add(time.Duration(n) * time.Minute) }
	change := func(monitor, at int, kind store.ChangeKind, to string) store.StatusChange {
		return store.StatusChange{MonitorID: newID(monitor), Date: minute(at), Kind: kind, From: "before", To: to}
	}
	all := []store.StatusChange{
		change(1, 9, store.ChangeStatus, "end"), change(2, 8, store.ChangeStatus, "ok"), change(1, 7, store.ChangeEnabled, "disabled"),
		change(1, 6, store.ChangeStatus, "failed"), change(2, 6, store.ChangeIgnored, "maintenance"), change(2, 6, store.ChangeStatus, "error"),
		change(3, 5, store.ChangeStatus, "other"), change(1, 4, store.ChangeStatus, "start"), change(2, 3, store.ChangeStatus, "earlier"),
	}
	must(t, s.AppendBatch(ctx, store.Batch{StatusChanges: all}))
	read := func(limit int, ids ...string) []store.StatusChange {
		t.Helper()
		list := got(s.StatusChangesOf(ctx, ids, minute(4), minute(9), limit))(t)
		if !slices.IsSortedFunc(list, func(a, b store.StatusChange) int { return b.Date.Compare(a.Date) }) {
			t.Errorf("not newest first: %v", list)
		}
		slices.SortStableFunc(list, func(a, b store.StatusChange) int {
			return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(a.MonitorID, b.MonitorID), cmp.Compare(a.Kind, b.Kind))
		})
		return list
	}
	both := append(slices.Clone(all[1:6]), all[7])
	same(t, "changes of two monitors", read(100, newID(2), newID(1), newID(9), newID(2), "invalid"), both)
	same(t, "changes of one monitor", read(100, newID(3)), all[6:7])
	same(t, "number of changes with a limit", len(read(2, newID(1), newID(2))), 2)
	same(t, "changes of no monitor", read(100), []store.StatusChange{})
	wantUTC(t, "Date", read(100, newID(3))[0].Date)
	_, err := s.StatusChangesOf(ctx, nil, base, base.Add(time.Hour), 0)
	wantInvalid(t, "limit 0", err)
}

func eachRollup(ctx context.Context, t *testing.T, s store.Store) {
	day := func(n int) time.Time { return base.Truncate(24*time.Hour).AddDate(0, 0, n) }
	var all []store.Rollup
	for monitor := range 3 {
		for n := range 4 {
			all = append(all, store.Rollup{MonitorID: newID(monitor), Period: store.Day, Start: day(n), Summary: []byte{byte(monitor), byte(n)}})
		}
	}
	var hours []store.Rollup
	for _, n := range []int{21, 22, 47, 48, 49} {
		hours = append(hours, store.Rollup{MonitorID: newID(1), Period: store.Hour, Start: day(0).Add(time.Duration(n) * time.Hour), Summary: []byte{byte(n)}})
	}
	must(t, s.PutRollups(ctx, append(all, hours...)))
	read := func(p store.Period, from, to time.Time, ids ...string) []store.Rollup {
		t.Helper()
		list := []store.Rollup{}
		must(t, s.EachRollup(ctx, ids, p, from, to, func(r store.Rollup) { list = append(list, r) }))
		slices.SortFunc(list, func(a, b store.Rollup) int {
			return cmp.Or(cmp.Compare(a.MonitorID, b.MonitorID), a.Start.Compare(b.Start))
		})
		return list
	}
	two := []store.Rollup{all[1], all[2], all[9], all[10]}
	same(t, "days of two monitors", read(store.Day, day(1), day(3), newID(2), newID(0), newID(9), "invalid"), two)
	same(t, "days that start in a period with odd ends",
		read(store.Day, day(0).Add(time.Millisecond), day(2).Add(time.Millisecond), newID(0), newID(2)), two)
	same(t, "hours of three days", read(store.Hour, hours[1].Start, hours[4].Start, newID(1), newID(2)), hours[1:4])
	same(t, "rollups of no monitor", read(store.Day, day(0), day(9)), []store.Rollup{})
	same(t, "rollups of an empty period", read(store.Day, day(1), day(1), newID(1)), []store.Rollup{})
	wantUTC(t, "Start", read(store.Hour, day(0), day(3), newID(1))[0].Start)
}
