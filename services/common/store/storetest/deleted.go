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

var deletedContracts = []contract{
	{"DataOfDeletedMonitorIsNotStored", dataOfDeletedMonitor},
	{"DataOfMonitorMissingInImportIsStored", dataOfMissingInImport},
	{"DataIsStoredDuringDeletion", storeDuringDeletion},
	{"DeletionOfDataIsCompleted", completeDeletion},
}

// write stores everything that a runner stores of a monitor.
func write(ctx context.Context, s store.Store, first int, monitorIDs ...string) error {
	var b store.Batch
	var rollups []store.Rollup
	for i, id := range monitorIDs {
		results := newResults(id, first+10*i, 5, base)
		b.Results = append(b.Results, results...)
		b.States = append(b.States, newState(results[4], 1))
		b.StatusChanges = append(b.StatusChanges, store.StatusChange{MonitorID: id, Date: base, Kind: store.ChangeStatus, To: "ok"})
		b.PushStates = append(b.PushStates, newPushState(id, 1))
		rollups = append(rollups, store.Rollup{MonitorID: id, Period: store.Hour, Start: base, Summary: []byte{1}})
	}
	if err := s.AppendBatch(ctx, b); err != nil {
		return err
	}
	return s.PutRollups(ctx, rollups)
}

// wantWritten checks whether what write stores of a monitor is stored.
func wantWritten(ctx context.Context, t *testing.T, s store.Store, monitorID string, written bool) {
	t.Helper()
	results, one := 0, 0
	if written {
		results, one = 5, 1
	}
	same(t, "number of results", len(listAll(ctx, t, s, monitorID)), results)
	among := 0
	for _, r := range listAll(ctx, t, s, "") {
		if r.MonitorID == monitorID {
			among++
		}
	}
	same(t, "number of results among all", among, results)
	same(t, "number of states", len(got(s.StatesOf(ctx, []string{monitorID}))(t)), one)
	same(t, "number of status changes", len(got(s.StatusChanges(ctx, monitorID, base, base.Add(time.Hour), 10))(t)), one)
	same(t, "number of push states", len(got(s.PushStates(ctx, []string{monitorID}))(t)), one)
	same(t, "number of rollups", len(got(s.Rollups(ctx, monitorID, store.Hour, base, base.Add(time.Hour)))(t)), one)
	marks := 0
	for _, d := range got(s.DirtyHours(ctx, base.Add(24*time.Hour), time.Now().Add(time.Hour), 100))(t) {
		if d.MonitorID == monitorID {
			marks++
		}
	}
	same(t, "number of dirty hours", marks, one)
}

func dataOfDeletedMonitor(ctx context.Context, t *testing.T, s store.Store) {
	deletions := map[string]func(monitor.Monitor) error{
		"DeleteMonitor":   func(m monitor.Monitor) error { return s.DeleteMonitor(ctx, m.ID) },
		"DeleteMonitorIf": func(m monitor.Monitor) error { return s.DeleteMonitorIf(ctx, m) },
		"ChangeMonitors": func(m monitor.Monitor) error {
			_, err := s.ChangeMonitors(ctx, store.BulkChange{MonitorIDs: []string{m.ID}, Delete: true, Date: base})
			return err
		},
		"DeleteMonitors": func(monitor.Monitor) error { return s.DeleteMonitors(ctx) },
	}
	number := 1000
	for name, deleteIt := range deletions {
		deleted, other, unknown := newMonitor("deleted"), newMonitor("other"), newMonitor("never stored")
		must(t, s.CreateMonitor(ctx, deleted))
		must(t, deleteIt(deleted))
		must(t, s.CreateMonitor(ctx, other))
		_, cursor, err := s.ResultsSince(ctx, "", 1)
		must(t, err)
		number += 100
		must(t, write(ctx, s, number, deleted.ID, other.ID, unknown.ID))
		t.Log(name)
		wantWritten(ctx, t, s, deleted.ID, false)
		wantWritten(ctx, t, s, other.ID, true)
		wantWritten(ctx, t, s, unknown.ID, true)
		since, _, err := s.ResultsSince(ctx, cursor, 100)
		must(t, err)
		same(t, "number of results in the order of storing", len(since), 10)

		must(t, s.CreateMonitor(ctx, deleted)) // such as from an export
		must(t, write(ctx, s, number+50, deleted.ID))
		wantWritten(ctx, t, s, deleted.ID, true)
	}
}

// dataOfMissingInImport checks that the history of a monitor stays that an import does not contain, and that results can
// be added to it, also if the monitor was deleted and imported before.
func dataOfMissingInImport(ctx context.Context, t *testing.T, s store.Store) {
	missing, again := newMonitor("missing"), newMonitor("deleted before")
	must(t, s.CreateMonitor(ctx, missing))
	must(t, s.CreateMonitor(ctx, again))
	must(t, s.DeleteMonitor(ctx, again.ID))
	must(t, s.ImportMonitors(ctx, []monitor.Monitor{missing, again}))
	must(t, s.ImportMonitors(ctx, nil))
	must(t, write(ctx, s, 1000, missing.ID, again.ID))
	wantWritten(ctx, t, s, missing.ID, true)
	wantWritten(ctx, t, s, again.ID, true)
}

// storeDuringDeletion stores data of monitors while they are deleted.
func storeDuringDeletion(ctx context.Context, t *testing.T, s store.Store) {
	for n := range 25 {
		m := newMonitor(fmt.Sprint(n))
		must(t, s.CreateMonitor(ctx, m))
		var writing sync.WaitGroup
		for i := range 2 {
			writing.Go(func() {
				if err := write(ctx, s, 1000+100*n+10*i, m.ID); err != nil {
					t.Error(err)
				}
			})
		}
		must(t, s.DeleteMonitor(ctx, m.ID))
		writing.Wait()
		wantWritten(ctx, t, s, m.ID, false)
	}
}

// completeDeletion checks that a deleted monitor is forgotten after [store.DeletedMonitorAge], and not before.
func completeDeletion(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("deleted")
	must(t, s.CreateMonitor(ctx, m))
	must(t, s.DeleteMonitor(ctx, m.ID))
	keep := store.Retention{Results: 365 * 24 * time.Hour, Rollups: 365 * 24 * time.Hour}
	got(s.Expire(ctx, time.Now().Add(store.DeletedMonitorAge-time.Minute), keep))(t)
	must(t, write(ctx, s, 1000, m.ID))
	wantWritten(ctx, t, s, m.ID, false)
	got(s.Expire(ctx, time.Now().Add(store.DeletedMonitorAge+time.Minute), keep))(t)
	must(t, write(ctx, s, 1000, m.ID))
	wantWritten(ctx, t, s, m.ID, true)
}
