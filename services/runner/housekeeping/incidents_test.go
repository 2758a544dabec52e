package housekeeping

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// pastWorld is a store of an earlier version: monitors with notifications and status changes, and no incidents.
type pastWorld struct {
	*fixture
	start    time.Time
	monitors []monitor.Monitor
}

func newPastWorld(t *testing.T, monitors int) *pastWorld {
	t.Helper()
	w := &pastWorld{fixture: newFixture(t, store.Retention{Results: 30 * day, Rollups: 400 * day})}
	w.start = w.now.Add(-10 * day)
	for n := range monitors {
		m := monitor.Monitor{
			ID: fmt.Sprintf("65a500000000%012x", n), Name: fmt.Sprint("monitor ", n), Type: "tcp", Target: "localhost:1", Interval: "1m",
			Group: "web", Enabled: true, Updated: w.start,
		}
		w.monitors = append(w.monitors, m)
		must(t, w.store.CreateMonitor(t.Context(), m))
	}
	return w
}

// change logs a status of a monitor, some minutes after the start.
func (w *pastWorld) change(id string, minute int, to string) {
	w.t.Helper()
	must(w.t, w.store.AppendBatch(w.t.Context(), store.Batch{StatusChanges: []store.StatusChange{{
		MonitorID: id, Date: w.at(minute), Kind: store.ChangeStatus, From: "ok", To: to,
	}}}))
}

func (w *pastWorld) at(minute int) time.Time { return w.start.Add(time.Duration(minute) * time.Minute) }

// notify stores a notification, some minutes after the start.
func (w *pastWorld) notify(m monitor.Monitor, number, minute int, kind store.NotificationKind, status monitor.Status) {
	w.t.Helper()
	_, err := w.store.AddNotifications(w.t.Context(), []store.Notification{{
		ID: store.NotificationID(m.ID, number, kind, 0), MonitorID: m.ID, MonitorName: "old name", Group: "old group",
		Incident: number, Kind: kind, Status: status, Message: "as of minute " + fmt.Sprint(minute),
		Opened: w.at(minute - 2), Date: w.at(minute),
	}})
	must(w.t, err)
}

func (w *pastWorld) incidents() []store.Incident {
	w.t.Helper()
	list, err := w.store.Incidents(w.t.Context(), store.IncidentFilter{Limit: 1000})
	must(w.t, err)
	return list
}

func (w *pastWorld) reconstruct() {
	w.t.Helper()
	for range 10 {
		done, err := w.keeper.reconstructIncidents(w.t.Context())
		must(w.t, err)
		if done {
			return
		}
	}
	w.t.Fatal("the reconstruction does not end")
}

func TestReconstructIncidents(t *testing.T) {
	w := newPastWorld(t, 2)
	notified, quiet := w.monitors[0], w.monitors[1]
	// Before its first notification, one time that is long enough, and one that is not.
	w.change(notified.ID, 0, "ok")
	for minute, to := range map[int]string{10: "error", 15: "ok", 20: "failed", 21: "ok", 98: "error", 130: "ok"} {
		w.change(notified.ID, minute, to)
	}
	w.notify(notified, 1, 100, store.KindOpened, monitor.StatusError)
	w.notify(notified, 1, 110, store.KindEscalated, monitor.StatusFailed)
	w.notify(notified, 1, 130, store.KindResolved, monitor.StatusOK)
	w.notify(notified, 2, 200, store.KindOpened, monitor.StatusFailed)
	w.notify(notified, 2, 210, store.KindClosed, monitor.StatusFailed)
	w.notify(notified, 3, 300, store.KindOpened, monitor.StatusFailed) // still open
	w.change(quiet.ID, 0, "ok")
	w.change(quiet.ID, 50, "failed")
	w.change(quiet.ID, 60, "ok")
	must(t, w.store.AppendBatch(t.Context(), store.Batch{States: []store.State{{
		MonitorID: quiet.ID, Streak: 1, Since: w.at(60), Latest: monitor.Result{ID: monitor.NewID(w.now), MonitorID: quiet.ID, Date: w.now.Add(-time.Minute)},
	}, {
		MonitorID: notified.ID, Streak: 1, Since: w.at(298),
		Latest: monitor.Result{ID: monitor.NewID(w.now), MonitorID: notified.ID, Date: w.now.Add(-time.Minute), Status: monitor.StatusFailed},
	}}}))
	known := store.Incident{
		ID: store.IncidentID(notified.ID, 2), MonitorID: notified.ID, Number: 2, MonitorName: "known", FirstNotOK: w.at(198),
		Opened: w.at(200), Resolved: w.at(210), Severity: monitor.StatusFailed, Message: "known",
	}
	must(t, w.store.MergeIncidents(t.Context(), []store.Incident{known}))

	w.reconstruct()
	of := func(m monitor.Monitor, from, to int, severity monitor.Status) store.Incident {
		return store.Incident{
			ID: fmt.Sprintf("%s-r%d", m.ID, w.at(from).UnixMilli()), MonitorID: m.ID, MonitorName: m.Name, Group: "web",
			FirstNotOK: w.at(from), Opened: w.at(from), Resolved: w.at(to), Severity: severity, Reconstructed: true,
		}
	}
	want := []store.Incident{
		known,
		{
			ID: store.IncidentID(notified.ID, 1), MonitorID: notified.ID, Number: 1, MonitorName: "old name", Group: "old group",
			FirstNotOK: w.at(98), Opened: w.at(100), Resolved: w.at(130), Severity: monitor.StatusFailed,
			FirstMessage: "as of minute 100", Message: "as of minute 110", Reconstructed: true,
		},
		of(quiet, 50, 60, monitor.StatusFailed),
		of(notified, 10, 15, monitor.StatusError),
	}
	if diff := cmp.Diff(want, w.incidents()); diff != "" {
		t.Errorf("incidents differ (-want +got):\n%s", diff)
	}
	// Repeating all of it changes nothing.
	must(t, w.store.PutIncidentHistory(t.Context(), ""))
	w.reconstruct()
	if diff := cmp.Diff(want, w.incidents()); diff != "" {
		t.Errorf("after a repetition, incidents differ (-want +got):\n%s", diff)
	}
}

func TestReconstructionContinues(t *testing.T) {
	monitors := incidentMonitors*incidentSteps + 5
	w := newPastWorld(t, monitors)
	for _, m := range w.monitors {
		w.notify(m, 1, 10, store.KindOpened, monitor.StatusFailed)
		w.notify(m, 1, 20, store.KindResolved, monitor.StatusOK)
	}
	if added, done, err := w.keeper.reconstructStep(t.Context()); added != incidentMonitors || done || err != nil {
		t.Fatalf("%d added, done: %v, %v", added, done, err)
	}
	if n := len(w.incidents()); n != incidentMonitors {
		t.Errorf("%d incidents after one step, want %d", n, incidentMonitors)
	}
	// The next program continues there, and does a limited number of steps at a time.
	if done, err := w.keeper.reconstructIncidents(t.Context()); done || err != nil {
		t.Fatalf("done: %v, %v", done, err)
	}
	w.reconstruct()
	if n := len(w.incidents()); n != monitors {
		t.Errorf("%d incidents, want %d", n, monitors)
	}
	w.notify(w.monitors[0], 2, 30, store.KindOpened, monitor.StatusFailed)
	w.notify(w.monitors[0], 2, 40, store.KindResolved, monitor.StatusOK)
	w.reconstruct()
	if n := len(w.incidents()); n != monitors {
		t.Errorf("%d incidents after the end of the reconstruction, want %d", n, monitors)
	}
}
