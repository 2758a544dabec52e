package alerting

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
	"nanomon/services/runner/alerting/notify"
)

var warningRules = incident.Rules{FailCount: 3, Warnings: true}

// warningID returns the id of the notification about a warning of m that began some time ago.
func warningID(m string, ago time.Duration) string {
	return store.WarningNotificationID(m, monitor.Date(time.Now()).Add(-ago))
}

func TestOnlyChosenChannelsSendWarnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wanted, other := alertingtest.NewScripted("slack", "wanted"), alertingtest.NewScripted("email", "other")
		h := newHarness(t, alertingtest.NewMemory(), warningRules, notify.WithWarnings(wanted), other)
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		h.addResults("m", "www")
		id := warningID("m", 2*time.Second)
		wait(time.Minute)
		h.expect(t, id)
		if got, want := h.Deliveries(id), `slack:wanted sent ""`; got != want {
			t.Errorf("deliveries %s, want %s", got, want)
		}
		n := h.List[0]
		if n.Status != monitor.StatusOK || n.Incident != 0 || n.Message != h.current["m"].Latest.Message || n.Dependents != 0 {
			t.Errorf("notification %+v", n)
		}
		if len(h.StoredIncidents) != 0 {
			t.Errorf("incidents %+v", h.StoredIncidents)
		}
		h.addResults("m", "oo")
		wait(time.Minute)
		h.addResults("m", "www")
		id = warningID("m", 2*time.Second) + ", " + id
		wait(time.Minute)
		if len(h.List) != 2 {
			t.Errorf("notifications %s, want %s", h.IDs(), id)
		}
	})
}

func TestWarningsAreOffByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		for range 5 {
			h.addResults("m", "ww")
			wait(time.Minute)
		}
		h.expect(t, "")
		if calls := h.EvaluatorCalls(); calls["PutIncidentStates"] != 0 {
			t.Errorf("calls %v", calls)
		}
	})
}

func TestMutedMonitorsHaveNoWarnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), warningRules)
		ms := alertingtest.Monitors("m")
		ms[0].Properties = map[string]string{"alertMute": "true", "alertFailCount": "2"}
		h.alerter.Monitors(ms, all)
		h.addResults("m", "wwww")
		wait(time.Minute)
		h.expect(t, "")
		ms = alertingtest.Monitors("m")
		ms[0].Properties = map[string]string{"alertFailCount": "2"}
		h.alerter.Monitors(ms, all)
		h.addResults("m", "w")
		wait(time.Minute)
		h.expect(t, "")
		h.addResults("m", "w")
		since := monitor.Date(time.Now()).Add(-time.Minute)
		wait(time.Minute)
		h.expect(t, store.WarningNotificationID("m", since))
	})
}

// Nobody is notified twice of a warning, whatever store operation fails before a restart, and however long it lasts.
func TestWarningsAreNotifiedOnceAcrossRestarts(t *testing.T) {
	for _, failing := range []string{"", "added", "AddNotifications", "put", "PutIncidentStates"} {
		t.Run(failing, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := alertingtest.NewMemory()
				current := make(map[string]*store.State)
				for start := range 6 {
					h := newHarness(t, m, warningRules)
					h.current = current
					h.alerter.Monitors(alertingtest.Monitors("m"), all)
					if current["m"] != nil {
						h.alerter.Stored([]store.State{*current["m"]})
					}
					for n := range 10 {
						if n == 2*start {
							m.SetIntercept(func(_ context.Context, operation, _ string) error {
								if operation == failing {
									return alertingtest.ErrUnavailable
								}
								return nil
							})
						}
						h.addResults("m", "w")
						wait(2 * time.Second)
					}
					h.stop()
					m.SetIntercept(nil)
				}
				if len(m.List) != 1 {
					t.Errorf("notifications %s", m.IDs())
				}
			})
		})
	}
}

// A warning that ended while nobody wanted warnings has ended, and the next one is notified.
func TestWarningsThatAreTurnedOffAndOnAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, current := alertingtest.NewMemory(), make(map[string]*store.State)
		run := func(rules incident.Rules, letters string) {
			h := newHarness(t, m, rules)
			h.current = current
			h.alerter.Monitors(alertingtest.Monitors("m"), all)
			h.addResults("m", letters)
			wait(time.Minute)
			h.stop()
		}
		first := warningID("m", 2*time.Second)
		run(warningRules, "www")
		run(incident.Rules{FailCount: 3}, "oo")
		if s := m.Incidents["m"]; !s.Warning.Equal(store.Warning{}) {
			t.Errorf("stored %+v although nobody wants warnings", s.Warning)
		}
		second := warningID("m", 2*time.Second)
		run(warningRules, "www")
		if got, want := m.IDs(), first+" "+second; got != want {
			t.Errorf("notifications %s, want %s", got, want)
		}
	})
}

func TestARunnerWithoutAChannelForWarningsLogsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		log := slog.New(slog.NewTextHandler(&text, nil))
		h := newHarnessWith(t, alertingtest.NewMemory(), Config{Rules: warningRules}, log, alertingtest.NewScripted("email", "ann"))
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		h.addResults("m", "www")
		id := warningID("m", 2*time.Second)
		wait(time.Minute)
		h.stop()
		want := `level=WARN msg="notification of a warning not sent: this runner has no channel for warnings" notification_id=` + id
		if strings.Count(text.String(), want) != 1 || h.Deliveries(id) != "" {
			t.Errorf("deliveries %q, log %s", h.Deliveries(id), text.String())
		}
	})
}
