package notify_test

import (
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

// An acknowledgement ends the retries of the reminders and the escalation of its incident, and no others.
func TestAcknowledgementEndsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := alertingtest.NewScripted("email", "ann")
		mail.Set(alertingtest.FailTemporarily)
		m := alertingtest.NewMemory()
		add := func(monitorID string, kind store.NotificationKind, reminder int) {
			m.Add(store.Notification{
				ID: store.NotificationID(monitorID, 1, kind, reminder), MonitorID: monitorID, Incident: 1, Kind: kind,
				Date: time.Now(), Next: time.Now(),
			})
		}
		for _, id := range []string{"a", "b", "c", "d"} {
			m.StoredIncidents[id+"-1"] = store.Incident{ID: id + "-1", MonitorID: id}
		}
		add("a", store.KindReminder, 1)
		add("b", store.KindEscalated, 0)
		add("c", store.KindOpened, 0)
		add("d", store.KindReminder, 1)
		newHarness(t, m, mail)
		wait(5 * time.Second)
		for _, id := range []string{"a", "b", "c"} {
			m.Acknowledge(m.StoredIncidents[id+"-1"], "ann", time.Now())
		}
		add("a", store.KindReminder, 2)
		add("a", store.KindAcknowledged, 0)
		mail.Set(nil)
		wait(time.Hour)
		expectDeliveries(t, m, "a-1-reminder-1", `email:ann failed "451 later; not sent: the incident was acknowledged"`)
		expectDeliveries(t, m, "a-1-reminder-2", `email:ann failed "not sent: the incident was acknowledged"`)
		expectDeliveries(t, m, "b-1-escalation", `email:ann failed "451 later; not sent: the incident was acknowledged"`)
		expectDeliveries(t, m, "c-1-alert", `email:ann sent ""`)
		expectDeliveries(t, m, "d-1-reminder-1", `email:ann sent ""`)
		expectDeliveries(t, m, "a-1-acknowledged", `email:ann sent ""`)
	})
}
