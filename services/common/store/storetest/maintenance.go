package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var maintenanceContracts = []contract{
	{"CreateMaintenanceWindow", createWindow},
	{"MaintenanceWindowsAreOrderedByNameThenID", windowsAreOrdered},
	{"MaintenanceWindowNotFound", windowNotFound},
	{"MaintenanceWindowIDIsUnique", windowIDIsUnique},
	{"ReplaceAndDeleteMaintenanceWindow", replaceAndDeleteWindow},
}

func newWindow(name string) maintenance.Window {
	return maintenance.Window{
		ID: monitor.NewID(base), Name: name, Monitors: []string{newID(1)}, Groups: []string{}, Start: base, End: base.Add(time.Hour), Updated: base,
	}
}

func createWindow(ctx context.Context, t *testing.T, s store.Store) {
	once := newWindow("'; DROP TABLE maintenance; -- \u202e🔥 <b> {\"$gt\": \"\"}")
	once.Public, once.PublicName = true, "Public 🔥 name"
	once.Groups, once.End = []string{"Ünits", "\tother "}, base.Add(time.Hour+123*time.Millisecond)
	weekly := newWindow("weekly")
	weekly.Monitors, weekly.Start, weekly.End = []string{}, time.Time{}, time.Time{}
	weekly.Weekly = &maintenance.Weekly{Days: []string{"sunday", "monday"}, At: "02:30", Duration: "1h30m", Zone: "Europe/Amsterdam"}
	for _, w := range []maintenance.Window{once, weekly} {
		must(t, s.CreateMaintenanceWindow(ctx, w))
		for _, id := range []string{w.ID, strings.ToUpper(w.ID)} {
			found := got(s.MaintenanceWindow(ctx, id))(t)
			same(t, "window", found, w)
			wantUTC(t, "Start", found.Start)
			wantUTC(t, "Updated", found.Updated)
		}
	}
	same(t, "list", got(s.MaintenanceWindows(ctx))(t), []maintenance.Window{once, weekly})

	minimal := maintenance.Window{ID: newID(5), Name: "minimal"}
	must(t, s.CreateMaintenanceWindow(ctx, minimal))
	minimal.Monitors, minimal.Groups = []string{}, []string{}
	same(t, "minimal window", got(s.MaintenanceWindow(ctx, minimal.ID))(t), minimal)
}

func windowsAreOrdered(ctx context.Context, t *testing.T, s store.Store) {
	list := got(s.MaintenanceWindows(ctx))(t)
	if list == nil || len(list) != 0 {
		t.Fatalf("windows of an empty store: %#v, want an empty slice", list)
	}
	want := []maintenance.Window{newWindow("Zebra"), newWindow("apple"), newWindow("apple"), newWindow("apple 2"), newWindow("Äpfel")}
	for i := range want {
		want[i].ID = newID(i)
	}
	for _, i := range []int{4, 2, 0, 3, 1} {
		must(t, s.CreateMaintenanceWindow(ctx, want[i]))
	}
	same(t, "list", got(s.MaintenanceWindows(ctx))(t), want)
}

func windowNotFound(ctx context.Context, t *testing.T, s store.Store) {
	another := newWindow("another")
	must(t, s.CreateMaintenanceWindow(ctx, another))
	for _, id := range append([]string{newID(1)}, invalidIDs...) {
		_, err := s.MaintenanceWindow(ctx, id)
		wantError(t, "MaintenanceWindow "+id, err, monitor.ErrNotFound)
		wantError(t, "DeleteMaintenanceWindow "+id, s.DeleteMaintenanceWindow(ctx, id), monitor.ErrNotFound)
		w := newWindow("absent")
		w.ID = id
		wantError(t, "ReplaceMaintenanceWindow "+id, s.ReplaceMaintenanceWindow(ctx, w), monitor.ErrNotFound)
	}
	same(t, "windows at the end", got(s.MaintenanceWindows(ctx))(t), []maintenance.Window{another})
}

func windowIDIsUnique(ctx context.Context, t *testing.T, s store.Store) {
	first, second := newWindow("first"), newWindow("second")
	second.ID = first.ID
	must(t, s.CreateMaintenanceWindow(ctx, first))
	wantInvalid(t, "CreateMaintenanceWindow with an existing id", s.CreateMaintenanceWindow(ctx, second))
	second.ID = "no id"
	wantInvalid(t, "CreateMaintenanceWindow with an invalid id", s.CreateMaintenanceWindow(ctx, second))
	same(t, "list", got(s.MaintenanceWindows(ctx))(t), []maintenance.Window{first})
}

func replaceAndDeleteWindow(ctx context.Context, t *testing.T, s store.Store) {
	w, other := newWindow("b"), newWindow("c")
	must(t, s.CreateMaintenanceWindow(ctx, w))
	must(t, s.CreateMaintenanceWindow(ctx, other))
	w.Name, w.Monitors, w.Groups, w.Updated = "d", []string{}, []string{"web"}, base.Add(time.Minute)
	w.Start, w.End, w.Public = time.Time{}, time.Time{}, true
	w.Weekly = &maintenance.Weekly{Days: []string{"friday"}, At: "00:00", Duration: "24h", Zone: "UTC"}
	must(t, s.ReplaceMaintenanceWindow(ctx, w))
	must(t, s.ReplaceMaintenanceWindow(ctx, w))
	same(t, "list ordered by the new name", got(s.MaintenanceWindows(ctx))(t), []maintenance.Window{other, w})

	must(t, s.DeleteMonitors(ctx))
	must(t, s.DeleteMaintenanceWindow(ctx, w.ID))
	same(t, "list after deleting", got(s.MaintenanceWindows(ctx))(t), []maintenance.Window{other})
	wantError(t, "deleting a second time", s.DeleteMaintenanceWindow(ctx, w.ID), monitor.ErrNotFound)
}
