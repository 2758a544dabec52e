package alerting

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
)

// incident returns the stored incident with the given number.
func (h *harness) incident(t *testing.T, id string, number int) store.Incident {
	t.Helper()
	list, err := h.IncidentsByID(h.ctx, []string{store.IncidentID(id, number)})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d incidents, %v", len(list), err)
	}
	return list[0]
}

func TestIncidentIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 2})
		h.alerter.Monitors(dependentMonitors(), all)
		h.addResults("database", "oee")
		first := h.current["database"].Latest
		wait(time.Second)
		want := store.Incident{
			ID: "database-1", MonitorID: "database", Number: 1, MonitorName: "name of database", Group: "g",
			FirstNotOK: first.Date.Add(-time.Second), Opened: first.Date, Severity: monitor.StatusError,
			FirstMessage: first.Message, Message: first.Message,
		}
		got := h.incident(t, "database", 1)
		if want.Dependents = got.Dependents; len(got.Dependents) != 2 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("opened: %+v\nwant %+v", got, want)
		}

		h.SetIntercept(nil)
		for range 20 {
			wait(time.Second)
			h.addResults("database", "e")
		}
		wait(time.Second)
		if calls := h.EvaluatorCalls(); calls["MergeIncidents"] > 0 {
			t.Errorf("%d writes for messages within a minute", calls["MergeIncidents"])
		}
		wait(time.Minute)
		h.addResults("database", "e")
		wait(time.Second)
		if got := h.incident(t, "database", 1); got.Message != h.current["database"].Latest.Message || got.FirstMessage != first.Message {
			t.Errorf("another message: %+v", got)
		}
		h.addResults("database", "f")
		wait(time.Second)
		if got := h.incident(t, "database", 1); got.Severity != monitor.StatusFailed {
			t.Errorf("escalated: %+v", got)
		}
		if counts := h.alerter.Incidents(); counts != (incident.Counts{OpenFailed: 1, Opened: 1}) {
			t.Errorf("counts %+v", counts)
		}
		h.addResults("database", "o")
		wait(time.Second)
		if got := h.incident(t, "database", 1); !got.Resolved.Equal(h.current["database"].Latest.Date) || got.Closed {
			t.Errorf("resolved: %+v", got)
		}
		if counts := h.alerter.Incidents(); counts != (incident.Counts{Opened: 1, Resolved: 1}) {
			t.Errorf("counts %+v", counts)
		}
	})
}

func TestIncidentOfDisabledMonitorIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
		ms := alertingtest.Monitors("m")
		h.alerter.Monitors(ms, all)
		h.addResults("m", "f")
		wait(time.Second)
		ms[0].Enabled = false
		h.alerter.Monitors(ms, all)
		wait(time.Second)
		if got := h.incident(t, "m", 1); !got.Closed || got.Resolved.IsZero() {
			t.Errorf("%+v", got)
		}
	})
}

// An earlier version has stored the states and notifications, but no incidents. Or it ran last, and left incidents as
// they were.
func TestIncidentsOfEarlierVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.NewMemory()
		old := newHarness(t, m, incident.Rules{FailCount: 1})
		old.alerter.Monitors(alertingtest.Monitors("open", "ended"), all)
		old.addResults("open", "f")
		old.addResults("ended", "f")
		wait(time.Second)
		old.stop()
		want := old.incident(t, "open", 1)
		left := old.incident(t, "ended", 1)
		m.SetIntercept(nil)
		old = newHarness(t, m, incident.Rules{FailCount: 1})
		old.alerter.Monitors(alertingtest.Monitors("open", "ended"), all)
		old.addResults("ended", "o")
		wait(time.Second)
		end := old.current["ended"].Latest.Date
		old.stop()
		delete(m.StoredIncidents, "open-1")
		m.StoredIncidents["ended-1"] = left

		h := newHarness(t, m, incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("open", "ended"), all)
		wait(2 * time.Second)
		if got := h.incident(t, "open", 1); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("missing incident: %+v\nwant %+v", got, want)
		}
		if got := h.incident(t, "ended", 1); !got.Resolved.Equal(end) {
			t.Errorf("incident that ended at %s: %+v", end, got)
		}
		h.expect(t, "ended-1-alert open-1-alert ended-1-recovery")
	})
}

// An earlier version has left many open incidents with many reminders.
func TestRemindedIncidentsOfEarlierVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, start := alertingtest.NewMemory(), monitor.Date(time.Now())
		var ids []string
		for n := range 30 {
			id, opened := fmt.Sprintf("m%02d", n), start.Add(time.Duration(n)*24*time.Hour)
			notification := store.Notification{
				ID: store.NotificationID(id, 1, store.KindOpened, 0), MonitorID: id, MonitorName: "at the opening", Incident: 1,
				Kind: store.KindOpened, Status: monitor.StatusFailed, Message: "first", Opened: opened.Add(-time.Minute), Date: opened,
			}
			m.Add(notification)
			for r := range 50 {
				notification.Kind, notification.Message = store.KindReminder, "reminder"
				notification.ID = store.NotificationID(id, 1, store.KindReminder, r+1)
				notification.Date = notification.Date.Add(time.Minute)
				m.Add(notification)
			}
			m.Incidents[id] = store.IncidentState{
				MonitorID: id, Phase: store.PhaseOpen, Evaluated: notification.Date, Incident: 1, Opened: notification.Opened,
				Severity: monitor.StatusFailed, Reminders: 50, LastNotified: notification.Date,
			}
			ids = append(ids, id)
		}
		wait(31 * 24 * time.Hour)
		h := newHarness(t, m, incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors(ids...), all)
		wait(2 * time.Second)
		for n, id := range ids {
			i, opened := h.incident(t, id, 1), start.Add(time.Duration(n)*24*time.Hour)
			if i.MonitorName != "at the opening" || i.FirstMessage != "first" || !i.Opened.Equal(opened) {
				t.Errorf("%+v, opened %s", i, opened)
			}
		}
	})
}

// A monitor was deleted long ago, while no runner ran.
func TestOpenIncidentOfDeletedMonitorIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.NewMemory()
		h := newHarness(t, m, incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("gone", "other"), all)
		h.addResults("gone", "f")
		wait(time.Second)
		h.stop()
		wait(72 * time.Hour)
		h = newHarness(t, m, incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("other"), all)
		wait(5 * time.Second)
		if got := h.incident(t, "gone", 1); !got.Closed {
			t.Errorf("%+v", got)
		}
		h.expect(t, "gone-1-alert gone-1-closed")
	})
}

// A monitor was deleted right before the runner started. Another one was just created, and the runner does not know it.
func TestOpenIncidentOfUnknownMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.NewMemory()
		h := newHarness(t, m, incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("gone", "new", "other"), all)
		h.addResults("gone", "f")
		h.addResults("new", "f")
		wait(time.Second)
		h.stop()
		m.SetMonitors(alertingtest.Monitors("new", "other"))
		h = newHarness(t, m, incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("other"), all)
		wait(10 * time.Minute)
		if gone, created := h.incident(t, "gone", 1), h.incident(t, "new", 1); !gone.Closed || created.Closed {
			t.Errorf("%+v, %+v", gone, created)
		}
		h.expect(t, "gone-1-alert new-1-alert gone-1-closed")
	})
}

func TestAcknowledgedIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channel := alertingtest.NewScripted("test", "a")
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1, Reminder: time.Minute}, channel)
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		h.addResults("m", "e")
		wait(2 * time.Second)
		if !h.Acknowledge(h.incident(t, "m", 1), "Ada", monitor.Date(time.Now())) {
			t.Fatal("not acknowledged")
		}
		for _, letter := range "eeffo" {
			wait(2 * time.Minute)
			h.addResults("m", string(letter))
		}
		wait(2 * time.Second)
		h.expect(t, "m-1-alert m-1-acknowledged m-1-recovery")
		if got := h.incident(t, "m", 1); got.Severity != monitor.StatusFailed || got.Resolved.IsZero() {
			t.Errorf("%+v", got)
		}
		if n := len(channel.All()); n != 3 {
			t.Errorf("%d attempts: %s", n, channel.Attempts())
		}
	})
}

// TestSilence adds one result every two minutes. The monitor is silenced for seven minutes, at different times.
func TestSilence(t *testing.T) {
	for name, tt := range map[string]struct {
		results, silenced, notifications, sent string
	}{
		"opens and ends in it":     {"offoo", "^    ", "m-1-alert m-1-recovery", ""},
		"opens in it and lasts":    {"offfffo", "^      ", "m-1-alert m-1-reminder-1 m-1-recovery", "m-1-reminder-1 m-1-recovery"},
		"ends in it":               {"ofoooo", " ^    ", "m-1-alert m-1-recovery", "m-1-alert m-1-recovery"},
		"gets worse in it":         {"oeffffo", " ^     ", "m-1-alert m-1-escalation m-1-recovery", "m-1-alert m-1-escalation m-1-recovery"},
		"is ended by a silence 0s": {"offfo", "^ x  ", "m-1-alert m-1-reminder-1 m-1-recovery", "m-1-reminder-1 m-1-recovery"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				channel := alertingtest.NewScripted("test", "a")
				h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1}, channel)
				h.alerter.Monitors(alertingtest.Monitors("m"), all)
				for i, letter := range tt.results {
					h.addResults("m", string(letter))
					wait(2 * time.Second)
					switch tt.silenced[i] {
					case '^':
						h.Silence("m", time.Now().Add(7*time.Minute))
					case 'x':
						h.Silence("m", time.Now())
					}
					wait(2 * time.Minute)
				}
				wait(10 * time.Minute)
				h.expect(t, tt.notifications)
				var sent string
				for _, n := range h.List {
					if len(n.Deliveries) == 1 && n.Deliveries[0].Status == store.DeliverySent {
						sent += " " + n.ID
					}
				}
				if sent != "" {
					sent = sent[1:]
				}
				if sent != tt.sent {
					t.Errorf("sent %q, want %q; attempts %s", sent, tt.sent, channel.Attempts())
				}
			})
		})
	}
}

// The runner crashes after it has stored the first reminder of an incident that opened in a silence.
func TestCrashAfterASilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.NewMemory()
		h := newHarness(t, m, incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		m.Silence("m", time.Now().Add(time.Minute))
		h.addResults("m", "f")
		wait(2 * time.Minute)
		h.SetIntercept(func(_ context.Context, operation, _ string) error {
			if operation == "PutIncidentStates" {
				return alertingtest.ErrUnavailable
			}
			return nil
		})
		h.addResults("m", "f")
		wait(time.Second)
		h.stop()
		m.SetIntercept(nil)
		h = newHarness(t, m, incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		h.addResults("m", "o")
		wait(2 * time.Second)
		h.expect(t, "m-1-alert m-1-reminder-1 m-1-recovery")
		if m.Find("m-1-recovery").Silenced {
			t.Error("nobody is notified of the end")
		}
	})
}

// A store that rejects the incidents delays the evaluation, and no incident is lost.
func TestIncidentsOfUnavailableStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		h.addResults("m", "o")
		wait(time.Second)
		h.SetIntercept(func(_ context.Context, operation, _ string) error {
			if operation == "MergeIncidents" {
				return alertingtest.ErrUnavailable
			}
			return nil
		})
		h.addResults("m", "f")
		wait(time.Second)
		h.expect(t, "m-1-alert")
		if len(h.StoredIncidents) != 0 {
			t.Fatalf("stored: %v", h.StoredIncidents)
		}
		h.SetIntercept(nil)
		wait(10 * time.Second)
		if got := h.incident(t, "m", 1); got.Resolved != (time.Time{}) {
			t.Errorf("%+v", got)
		}
	})
}
