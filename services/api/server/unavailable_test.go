package server

import (
	"context"
	"fmt"
	"testing"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

// unavailableStore is a store that can't be reached.
type unavailableStore struct{}

var errUnavailable = fmt.Errorf("connect to mongodb://secret@db: %w", monitor.ErrUnavailable)

func (unavailableStore) Ping(context.Context) error { return errUnavailable }
func (unavailableStore) Runners(context.Context, time.Time) ([]store.Runner, error) {
	return nil, errUnavailable
}
func (unavailableStore) Now(context.Context) (t time.Time, err error) { return t, errUnavailable }
func (unavailableStore) Monitors(context.Context) ([]monitor.Monitor, error) {
	return nil, errUnavailable
}
func (unavailableStore) Monitor(context.Context, string) (m monitor.Monitor, err error) {
	return m, errUnavailable
}
func (unavailableStore) CreateMonitor(context.Context, monitor.Monitor) error  { return errUnavailable }
func (unavailableStore) ReplaceMonitor(context.Context, monitor.Monitor) error { return errUnavailable }
func (unavailableStore) ReplaceMonitorIf(context.Context, monitor.Monitor, monitor.Monitor) error {
	return errUnavailable
}
func (unavailableStore) DeleteMonitorIf(context.Context, monitor.Monitor) error {
	return errUnavailable
}
func (unavailableStore) DeleteMonitor(context.Context, string) error { return errUnavailable }
func (unavailableStore) DeleteMonitors(context.Context) error        { return errUnavailable }
func (unavailableStore) ImportMonitors(context.Context, []monitor.Monitor) error {
	return errUnavailable
}
func (unavailableStore) ChangeMonitors(context.Context, store.BulkChange) ([]store.ChangeOutcome, error) {
	return nil, errUnavailable
}
func (unavailableStore) States(context.Context) ([]store.State, error)  { return nil, errUnavailable }
func (unavailableStore) Revision(context.Context, bool) (string, error) { return "", errUnavailable }
func (unavailableStore) State(context.Context, string) (s store.State, err error) {
	return s, errUnavailable
}
func (unavailableStore) Results(context.Context, store.ResultFilter) ([]monitor.Result, error) {
	return nil, errUnavailable
}
func (unavailableStore) EachNumber(context.Context, store.NumberFilter, func(time.Time, []float64)) (bool, error) {
	return false, errUnavailable
}
func (unavailableStore) ResultsCleared(context.Context) (t time.Time, err error) {
	return t, errUnavailable
}
func (unavailableStore) StatusChangesExpired(context.Context) (t time.Time, err error) {
	return t, errUnavailable
}
func (unavailableStore) DeleteResults(context.Context, time.Time) error { return errUnavailable }
func (unavailableStore) AddOnDemandChecks(context.Context, ...store.OnDemandCheck) error {
	return errUnavailable
}
func (unavailableStore) DeleteOnDemandCheck(context.Context, string) error { return errUnavailable }
func (unavailableStore) Watch(context.Context, store.Topic) (<-chan struct{}, error) {
	return nil, errUnavailable
}

func (unavailableStore) Rollups(context.Context, string, store.Period, time.Time, time.Time) ([]store.Rollup, error) {
	return nil, errUnavailable
}

func (unavailableStore) StatusChanges(context.Context, string, time.Time, time.Time, int) ([]store.StatusChange, error) {
	return nil, errUnavailable
}

func (unavailableStore) StatusChangesOf(context.Context, []string, time.Time, time.Time, int) ([]store.StatusChange, error) {
	return nil, errUnavailable
}

func (unavailableStore) EachRollup(context.Context, []string, store.Period, time.Time, time.Time, func(store.Rollup)) error {
	return errUnavailable
}

func (unavailableStore) StatesOf(context.Context, []string) ([]store.State, error) {
	return nil, errUnavailable
}

func (unavailableStore) OnDemandResult(context.Context, string) (r monitor.Result, known bool, err error) {
	return r, false, errUnavailable
}

func (unavailableStore) ResultsSince(context.Context, string, int) ([]monitor.Result, string, error) {
	return nil, "", errUnavailable
}

func (unavailableStore) Incident(context.Context, string) (i store.Incident, err error) {
	return i, errUnavailable
}

func (unavailableStore) Incidents(context.Context, store.IncidentFilter) ([]store.Incident, error) {
	return nil, errUnavailable
}

func (unavailableStore) OpenIncidents(context.Context, []string) ([]store.Incident, error) {
	return nil, errUnavailable
}

func (unavailableStore) IncidentsByID(context.Context, []string) ([]store.Incident, error) {
	return nil, errUnavailable
}
func (unavailableStore) CountOpenIncidents(context.Context) (int, error) { return 0, errUnavailable }

func (unavailableStore) AcknowledgeIncident(context.Context, string, store.Acknowledgement) (i store.Incident, err error) {
	return i, errUnavailable
}

func (unavailableStore) NotificationsOf(context.Context, []string, int) ([]store.Notification, error) {
	return nil, errUnavailable
}

func (unavailableStore) PutSilence(context.Context, store.Silence) error { return errUnavailable }

func (unavailableStore) Silences(context.Context, time.Time) ([]store.Silence, error) {
	return nil, errUnavailable
}

func (unavailableStore) AddNotifications(context.Context, []store.Notification) ([]string, error) {
	return nil, errUnavailable
}
func (unavailableStore) Notification(context.Context, string) (a store.Notification, err error) {
	return a, errUnavailable
}
func (unavailableStore) PutDeliveries(context.Context, store.Notification) error {
	return errUnavailable
}

func (unavailableStore) Notifications(context.Context, store.NotificationFilter) ([]store.Notification, error) {
	return nil, errUnavailable
}

func (unavailableStore) MaintenanceWindows(context.Context) ([]maintenance.Window, error) {
	return nil, errUnavailable
}
func (unavailableStore) MaintenanceWindow(context.Context, string) (w maintenance.Window, err error) {
	return w, errUnavailable
}
func (unavailableStore) CreateMaintenanceWindow(context.Context, maintenance.Window) error {
	return errUnavailable
}
func (unavailableStore) ReplaceMaintenanceWindow(context.Context, maintenance.Window) error {
	return errUnavailable
}
func (unavailableStore) ReplaceMaintenanceWindowIf(context.Context, maintenance.Window, maintenance.Window) error {
	return errUnavailable
}
func (unavailableStore) DeleteMaintenanceWindowIf(context.Context, maintenance.Window) error {
	return errUnavailable
}
func (unavailableStore) DeleteMaintenanceWindow(context.Context, string) error { return errUnavailable }

func (unavailableStore) StatusPages(context.Context) ([]statuspage.Page, error) {
	return nil, errUnavailable
}
func (unavailableStore) StatusPage(context.Context, string) (p statuspage.Page, err error) {
	return p, errUnavailable
}
func (unavailableStore) CreateStatusPage(context.Context, statuspage.Page) error {
	return errUnavailable
}
func (unavailableStore) ReplaceStatusPageIf(context.Context, statuspage.Page, statuspage.Page) error {
	return errUnavailable
}
func (unavailableStore) DeleteStatusPage(context.Context, string) error { return errUnavailable }
func (unavailableStore) DeleteStatusPageIf(context.Context, statuspage.Page) error {
	return errUnavailable
}
func (unavailableStore) StatusMessages(context.Context, []string, time.Time) ([]statuspage.Message, error) {
	return nil, errUnavailable
}
func (unavailableStore) StatusPagesRevision(context.Context) (string, error) {
	return "", errUnavailable
}
func (unavailableStore) StatusMessage(context.Context, string) (m statuspage.Message, err error) {
	return m, errUnavailable
}
func (unavailableStore) CreateStatusMessage(context.Context, statuspage.Message) error {
	return errUnavailable
}
func (unavailableStore) ReplaceStatusMessageIf(context.Context, statuspage.Message, statuspage.Message) error {
	return errUnavailable
}
func (unavailableStore) DeleteStatusMessage(context.Context, string) error { return errUnavailable }
func (unavailableStore) DeleteStatusMessageIf(context.Context, statuspage.Message) error {
	return errUnavailable
}

func (unavailableStore) Keys(context.Context) ([]store.Key, error)         { return nil, errUnavailable }
func (unavailableStore) CreateKey(context.Context, store.Key) error        { return errUnavailable }
func (unavailableStore) DeleteKey(context.Context, string) error           { return errUnavailable }
func (unavailableStore) TouchKey(context.Context, string, time.Time) error { return errUnavailable }

func (unavailableStore) AddPing(context.Context, store.Ping) error { return errUnavailable }
func (unavailableStore) PingURL(context.Context, string) (string, error) {
	return "", errUnavailable
}
func (unavailableStore) AddPingURL(context.Context, string, string) (string, error) {
	return "", errUnavailable
}
func (unavailableStore) PutPingURL(context.Context, string, string) error { return errUnavailable }
func (unavailableStore) PingURLOwner(context.Context, string) (string, error) {
	return "", errUnavailable
}
func (unavailableStore) PushStates(context.Context, []string) ([]store.PushState, error) {
	return nil, errUnavailable
}
func (unavailableStore) PutReceivingPeriod(context.Context, store.ReceivingPeriod) error {
	return errUnavailable
}

func TestStoreIsUnavailable(t *testing.T) {
	a := startAPI(t, unavailableStore{})
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
		{"GET", "/api/status-pages", ""},
		{"POST", "/api/status-pages", pageJSON},
		{"POST", "/api/status-pages/import", "[" + pageJSON + "]"},
		{"POST", "/api/status-pages/preview", pageJSON},
		{"GET", "/api/status-pages/" + idA, ""},
		{"PUT", "/api/status-pages/" + idA, pageJSON},
		{"DELETE", "/api/status-pages/" + idA, ""},
		{"GET", "/api/status-pages/" + idA + "/messages", ""},
		{"POST", "/api/status-pages/" + idA + "/messages", messageJSON},
		{"GET", "/api/status-pages/" + idA + "/messages/" + idB, ""},
		{"PUT", "/api/status-pages/" + idA + "/messages/" + idB, messageJSON},
		{"DELETE", "/api/status-pages/" + idA + "/messages/" + idB, ""},
		{"POST", "/api/status-pages/" + idA + "/messages/" + idB + "/updates", updateJSON},
		{"GET", "/api/monitors", ""},
		{"POST", "/api/monitors", body},
		{"PATCH", "/api/monitors", `{"ids":["` + idA + `"],"delete":true}`},
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
		{"GET", "/api/monitors/" + idA + "/outputs", ""},
		{"POST", "/api/rules/evaluate", `{"monitor":"` + idA + `","rule":"status == 200"}`},
		{"POST", "/api/monitors/check", body},
		{"POST", "/api/monitors/" + idA + "/run", ""},
		{"GET", "/api/monitors/" + idA + "/ping-url", ""},
		{"POST", "/api/monitors/" + idA + "/ping-url", ""},
		{"GET", "/api/monitors/" + idA + "/pings", ""},
		{"GET", "/api/push/" + canary, ""},
		{"POST", "/api/push/" + canary + "/fail", "broken"},
	} {
		t.Run(c.method+c.path, func(t *testing.T) {
			got := a.do(c.method, c.path, c.body)
			got.wantProblem(t, 503, "the store is unavailable; try again in a few seconds")
			if got.header.Get("Retry-After") == "" {
				t.Error("Retry-After is missing")
			}
		})
	}
	a.do("GET", "/api/events", "").wantProblem(t, 503, "the event stream is unavailable; try again in a few seconds")
	a.do("GET", "/api/", "").wantJSON(t, 200, `{"service":"nanomon-api"}`)
	if status := decodeAs[statusResponse](t, a.do("GET", "/api/status", "")); status.Healthy || status.Runners == nil {
		t.Errorf("status is %+v", status)
	}
}
