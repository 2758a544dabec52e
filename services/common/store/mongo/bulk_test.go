package mongo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// writtenIDs returns the _ids, or the first key of ranges, of what a command writes, as text that sorts like them.
func writtenIDs(t *testing.T, command bson.Raw) []string {
	t.Helper()
	type target struct {
		ID any    `bson:"_id"`
		Q  bson.M `bson:"q"`
	}
	var c struct {
		Documents []target `bson:"documents"`
		Updates   []target `bson:"updates"`
		Deletes   []target `bson:"deletes"`
	}
	if err := bson.Unmarshal(command, &c); err != nil {
		t.Error(err)
	}
	var ids []string
	for _, written := range slices.Concat(c.Documents, c.Updates, c.Deletes) {
		id := written.ID
		if id == nil {
			id = written.Q["_id"]
		}
		ids = append(ids, fmt.Sprint(id))
	}
	return ids
}

// TestBulkWritesAreSorted checks that each command writes documents in the order of their _ids. Two writers that lock
// the same documents in different orders can deadlock.
func TestBulkWritesAreSorted(t *testing.T) {
	var mutex sync.Mutex
	sizes := make(map[string]int) // the number of documents of the largest command, by collection and command
	watching := &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		if !slices.Contains([]string{"insert", "update", "delete"}, e.CommandName) {
			return
		}
		mutex.Lock()
		defer mutex.Unlock()
		ids, name := writtenIDs(t, e.Command), e.Command.Lookup(e.CommandName).StringValue()+" "+e.CommandName
		sizes[name] = max(sizes[name], len(ids))
		if !slices.IsSorted(ids) {
			t.Errorf("%s writes in the order %v", name, ids)
		}
	}}
	s := open(t, Config{URI: server, Database: mongotest.Database(t, server), monitor: watching})
	const n = 8
	writeInBulk(t, s, n)
	want := []string{
		"alert_states insert", "alert_states update", "alerts insert", "deleted_monitors update", "dirty_hours delete", "dirty_hours insert",
		"dirty_hours update", "monitors update", "results insert", "rollups delete", "rollups update", "states insert",
		"states update", "transitions delete", "transitions insert",
	}
	maps.DeleteFunc(sizes, func(_ string, size int) bool { return size < n })
	if got := slices.Sorted(maps.Keys(sizes)); !slices.Equal(got, want) {
		t.Errorf("commands with %d documents: %v, want %v", n, got, want)
	}
}

// writeInBulk calls every method that writes several documents at once, with data of n monitors in another order.
func writeInBulk(t *testing.T, s *Store, n int) {
	t.Helper()
	ctx, date := t.Context(), time.Now().UTC().Truncate(time.Hour).Add(-3*time.Hour)
	var monitors []monitor.Monitor
	var batch store.Batch
	var rollups []store.Rollup
	var incidents []store.IncidentState
	var notifications []store.Notification
	for i := range n {
		m := newMonitor(1+(i*5+3)%n, "a") // 5 and n have no common divisor
		r := monitor.Result{ID: fmt.Sprintf("65a5%020x", 1+(i*5+1)%n), MonitorID: m.ID, Date: date}
		monitors = append(monitors, m)
		batch.Results = append(batch.Results, r)
		batch.States = append(batch.States, store.State{MonitorID: m.ID, Latest: r, Since: date})
		batch.StatusChanges = append(batch.StatusChanges, store.StatusChange{MonitorID: m.ID, Date: date, Kind: store.ChangeStatus})
		rollups = append(rollups, store.Rollup{MonitorID: m.ID, Period: store.Day, Start: date})
		incidents = append(incidents, store.IncidentState{MonitorID: m.ID, Evaluated: date})
		notifications = append(notifications, store.Notification{ID: m.ID, MonitorID: m.ID, Date: date})
	}
	var marks []store.DirtyHour
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"import", func() error { return s.ImportMonitors(ctx, monitors) }},
		{"append", func() error { return s.AppendBatch(ctx, batch) }},
		{"rollups", func() error { return s.PutRollups(ctx, rollups) }},
		{"incident states", func() error { return s.PutIncidentStates(ctx, incidents) }},
		{"notifications", func() error { _, err := s.AddNotifications(ctx, notifications); return err }},
		{"dirty hours", func() (err error) { marks, err = s.DirtyHours(ctx, time.Now(), time.Now(), n); return err }},
		{"clear", func() error { slices.Reverse(marks); return s.ClearDirty(ctx, marks) }},
		{"history", func() error { _, err := s.MarkHistory(ctx); return err }},
		{"delete", func() error { return s.DeleteMonitors(ctx) }},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
}
