package server

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// away is a store that can't be reached.
type away struct{}

var errAway = fmt.Errorf("connect to mongodb://secret@db: %w", monitor.ErrUnavailable)

func (away) Ping(context.Context) error                                     { return errAway }
func (away) Runners(context.Context, time.Time) ([]store.Runner, error)     { return nil, errAway }
func (away) Monitors(context.Context) ([]monitor.Monitor, error)            { return nil, errAway }
func (away) Monitor(context.Context, string) (m monitor.Monitor, err error) { return m, errAway }
func (away) CreateMonitor(context.Context, monitor.Monitor) error           { return errAway }
func (away) ReplaceMonitor(context.Context, monitor.Monitor) error          { return errAway }
func (away) DeleteMonitor(context.Context, string) error                    { return errAway }
func (away) DeleteMonitors(context.Context) error                           { return errAway }
func (away) ImportMonitors(context.Context, []monitor.Monitor) error        { return errAway }
func (away) States(context.Context) ([]store.State, error)                  { return nil, errAway }
func (away) State(context.Context, string) (s store.State, err error)       { return s, errAway }
func (away) Results(context.Context, store.ResultFilter) ([]monitor.Result, error) {
	return nil, errAway
}
func (away) DeleteResults(context.Context, time.Time) error              { return errAway }
func (away) AddOnDemandCheck(context.Context, store.OnDemandCheck) error { return errAway }
func (away) DeleteOnDemandCheck(context.Context, string) error           { return errAway }
func (away) Watch(context.Context, store.Topic) (<-chan struct{}, error) { return nil, errAway }

func (away) Rollups(context.Context, string, store.Period, time.Time, time.Time) ([]store.Rollup, error) {
	return nil, errAway
}

func (away) StatusChanges(context.Context, string, time.Time, time.Time, int) ([]store.StatusChange, error) {
	return nil, errAway
}

func (away) OnDemandResult(context.Context, string) (r monitor.Result, known bool, err error) {
	return r, false, errAway
}

func (away) ResultsSince(context.Context, string, int) ([]monitor.Result, string, error) {
	return nil, "", errAway
}

func (away) AddNotifications(context.Context, []store.Notification) ([]string, error) {
	return nil, errAway
}
func (away) Notification(context.Context, string) (a store.Notification, err error) {
	return a, errAway
}
func (away) PutDeliveries(context.Context, store.Notification) error { return errAway }

func (away) Notifications(context.Context, store.NotificationFilter) ([]store.Notification, error) {
	return nil, errAway
}

func (away) MaintenanceWindows(context.Context) ([]maintenance.Window, error) { return nil, errAway }
func (away) MaintenanceWindow(context.Context, string) (w maintenance.Window, err error) {
	return w, errAway
}
func (away) CreateMaintenanceWindow(context.Context, maintenance.Window) error  { return errAway }
func (away) ReplaceMaintenanceWindow(context.Context, maintenance.Window) error { return errAway }
func (away) DeleteMaintenanceWindow(context.Context, string) error              { return errAway }

func (away) Keys(context.Context) ([]store.Key, error)         { return nil, errAway }
func (away) CreateKey(context.Context, store.Key) error        { return errAway }
func (away) DeleteKey(context.Context, string) error           { return errAway }
func (away) TouchKey(context.Context, string, time.Time) error { return errAway }
func (away) KeyByHash(context.Context, [sha256.Size]byte) (k store.Key, err error) {
	return k, errAway
}

func TestStoreIsAway(t *testing.T) {
	a := startAPI(t, away{})
	const body = `{"name":"n","type":"tcp","interval":"5s","target":"localhost:1"}`
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/api/health", ""},
		{"GET", "/api/notifications", ""},
		{"POST", "/api/notifications/test", ""},
		{"GET", "/api/maintenance", ""},
		{"POST", "/api/maintenance", weeklyJSON},
		{"GET", "/api/maintenance/" + idA, ""},
		{"PUT", "/api/maintenance/" + idA, weeklyJSON},
		{"DELETE", "/api/maintenance/" + idA, ""},
		{"GET", "/api/monitors", ""},
		{"POST", "/api/monitors", body},
		{"DELETE", "/api/monitors", ""},
		{"GET", "/api/monitors/" + idA, ""},
		{"PUT", "/api/monitors/" + idA, body},
		{"DELETE", "/api/monitors/" + idA, ""},
		{"POST", "/api/monitors/import", "[" + body + "]"},
		{"POST", "/api/monitors/import?dryRun=true", "[" + body + "]"},
		{"GET", "/api/results", ""},
		{"DELETE", "/api/results", ""},
		{"GET", "/api/monitors/" + idA + "/results", ""},
		{"GET", "/api/monitors/" + idA + "/stats", ""},
		{"POST", "/api/monitors/check", body},
		{"POST", "/api/monitors/" + idA + "/run", ""},
	} {
		t.Run(c.method+c.path, func(t *testing.T) {
			got := a.do(c.method, c.path, c.body)
			got.wantProblem(t, 503, "the store is unavailable; try again in a few seconds")
			if got.header.Get("Retry-After") == "" {
				t.Error("nothing says when to try again")
			}
		})
	}
	a.do("GET", "/api/events", "").wantProblem(t, 503, "events are not available now; try again in a few seconds")
	a.do("GET", "/api/", "").wantJSON(t, 200, `{"service":"nanomon-api"}`)
	if status := decodeAs[statusAnswer](t, a.do("GET", "/api/status", "")); status.Healthy || status.Runners == nil {
		t.Errorf("status is %+v", status)
	}
}
