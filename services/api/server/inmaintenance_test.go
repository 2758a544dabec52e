package server

import (
	"testing"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
)

// plan stores a maintenance window of an hour that begins at start.
func (a *api) plan(start time.Time, monitors, groups []string) (id string) {
	a.t.Helper()
	w := maintenance.Window{
		ID: monitor.NewID(start), Name: "Work", Monitors: monitors, Groups: groups,
		Start: start, End: start.Add(time.Hour), Updated: start,
	}
	must(a.t, a.store.CreateMaintenanceWindow(a.t.Context(), w))
	return w.ID
}

func TestInMaintenance(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	now := monitor.Date(time.Now())
	want := func(what string, want any) {
		t.Helper()
		one := decodeAs[map[string]any](t, a.do("GET", "/api/monitors/"+idA+"?include=latest", ""))
		same(t, what, one["inMaintenance"], want)
		for _, item := range decodeAs[[]map[string]any](t, a.do("GET", "/api/monitors?include=latest,history", "")) {
			if item["id"] == idA {
				same(t, what+", in the list", item["inMaintenance"], want)
			} else if _, exists := item["inMaintenance"]; exists {
				t.Errorf("%s: another monitor is in maintenance", what)
			}
		}
	}
	a.plan(now.Add(time.Hour), []string{idA}, []string{})
	want("before the window", nil)
	a.plan(now, []string{idA}, []string{})
	want("from the start of the window", true)
	other := decodeAs[map[string]any](t, a.do("GET", "/api/monitors/"+idA+"?include=history", ""))
	if _, exists := other["inMaintenance"]; exists {
		t.Error("the member is there without include=latest")
	}
	m := monitorA
	m.Enabled = false
	must(t, a.store.ReplaceMonitor(t.Context(), m))
	want("a disabled monitor", nil)
}

func TestInMaintenanceEvents(t *testing.T) {
	a := startAPI(t, nil)
	m := monitorA
	m.Group = "Shop"
	must(t, a.store.CreateMonitor(t.Context(), m))
	events := a.listen()
	id := a.plan(monitor.Date(time.Now()), []string{}, []string{"Shop"})
	events.wantEvent("monitor", monitorEvent{idA, "changed"})
	must(t, a.store.DeleteMaintenanceWindow(t.Context(), id))
	events.wantEvent("monitor", monitorEvent{idA, "changed"})
}
