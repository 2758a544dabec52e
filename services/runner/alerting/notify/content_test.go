package notify_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/notify"
)

var testFormat = notify.Formatter{BaseURL: "https://nanomon.example.org/", TimeZone: time.UTC}

func TestFormatDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 1400 * time.Millisecond: "1 s", 59 * time.Second: "59 s", 90 * time.Second: "1 min 30 s",
		3 * time.Hour: "3 h 0 min", 26*time.Hour + 5*time.Minute: "26 h 5 min", 75 * time.Hour: "3 days 3 h",
	} {
		if got := notify.FormatDuration(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestContentOfResolvedIncident(t *testing.T) {
	n := alertingtest.Notification(store.KindResolved)
	n.Status, n.Value, n.Message = monitor.StatusOK, 123.4567, ""
	c := testFormat.Message(n).Content
	if c.Text != "The monitor is OK again after 1 min 30 s." || c.Tone != "ok" || c.Link != "https://nanomon.example.org/#monitor/65f2c0ffee65f2c0ffee65f2" {
		t.Errorf("%+v", c)
	}
	want := []notify.Row{{"Target", "https://pay.example.org/health"}, {"Group", "Shop"}, {"Value", "123.457"},
		{"Not OK since", "Sat 14 Mar 2026, 10:00:00 UTC"}, {"OK since", "Sat 14 Mar 2026, 10:01:30 UTC"}}
	for i, r := range c.Rows {
		if len(c.Rows) != len(want) || r != want[i] {
			t.Errorf("row %d: %+v", i, r)
		}
	}
}

func TestLongNameIsShownInFull(t *testing.T) {
	n := alertingtest.Notification(store.KindOpened)
	n.MonitorName = "The payments service of the shop, as seen from the branch office beyond the mountains"
	if c := testFormat.Message(n).Content; c.Rows[0] != (notify.Row{"Monitor", n.MonitorName}) {
		t.Errorf("%+v", c.Rows)
	}
}

func TestContentOfRunnerNotification(t *testing.T) {
	for kind, want := range map[store.NotificationKind]notify.Content{
		store.KindRunnerOffline: {
			Title: "Runner shop-1 may be offline", Status: "Failed", Tone: "failed", Text: "9 of 10 monitors on 4 hosts failed.",
			Rows: []notify.Row{{"Since", "Sat 14 Mar 2026, 10:00:00 UTC"}},
		},
		store.KindRunnerOnline: {
			Title: "Runner shop-1 is online again", Status: "OK", Tone: "ok", Text: "Still failed: 2 of 10 monitors.",
			Rows: []notify.Row{{"Offline since", "Sat 14 Mar 2026, 10:00:00 UTC"}, {"Online since", "Sat 14 Mar 2026, 11:00:00 UTC"}},
		},
	} {
		want.Link, want.LinkText = "https://nanomon.example.org/", "Open NanoMon"
		if got := testFormat.Message(alertingtest.Notification(kind)).Content; !reflect.DeepEqual(got, want) {
			t.Errorf("%+v", got)
		}
	}
}

func TestAcknowledgement(t *testing.T) {
	n := alertingtest.Notification(store.KindAcknowledged)
	n.By, n.Message = "Ada\x00", "disk\nfull"
	m := testFormat.Message(n)
	want := "Ada takes care of it. There are no further reminders and escalations. Note: disk full"
	if c := m.Content; c.Title != "Payments API: incident acknowledged" || c.Status != "Acknowledged" || c.Text != want || m.Ends {
		t.Errorf("%+v", m)
	}
	if opened := testFormat.Message(alertingtest.Notification(store.KindOpened)); m.Key != opened.Key || m.Thread != opened.ID {
		t.Errorf("key %s, thread %s", m.Key, m.Thread)
	}
	n.By, n.Message = "", ""
	if text := testFormat.Message(n).Content.Text; text != "Somebody takes care of it. There are no further reminders and escalations." {
		t.Error(text)
	}
}

func TestContentOfWarning(t *testing.T) {
	m := testFormat.Message(alertingtest.Notification(store.KindWarning))
	c := m.Content
	if c.Title != "Payments API has a warning" || c.Status != "Warning" || c.Tone != "warning" || c.Text != "Warning: respTime > 300" || m.Ends {
		t.Errorf("%+v", m)
	}
	if want := (notify.Row{Label: "Since", Value: "Sat 14 Mar 2026, 10:00:00 UTC, for 1 min 30 s"}); !slices.Contains(c.Rows, want) {
		t.Errorf("%+v", c.Rows)
	}
	if opened := testFormat.Message(alertingtest.Notification(store.KindOpened)); m.Key == opened.Key || m.Thread != m.ID {
		t.Errorf("key %s, thread %s", m.Key, m.Thread)
	}
}

func TestDependentsAreShown(t *testing.T) {
	n := alertingtest.Notification(store.KindOpened)
	n.Dependents = 12
	if rows := testFormat.Message(n).Content.Rows; !slices.Contains(rows, notify.Row{"Dependent monitors", "12"}) {
		t.Errorf("%+v", rows)
	}
	for _, r := range testFormat.Message(alertingtest.Notification(store.KindOpened)).Content.Rows {
		if r.Label == "Dependent monitors" {
			t.Errorf("%+v", r)
		}
	}
}
