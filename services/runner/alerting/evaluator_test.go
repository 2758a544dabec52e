package alerting

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
)

func TestRoundOfManyMonitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
		ids := make([]string, 2500)
		for i := range ids {
			ids[i] = fmt.Sprintf("%024x", i)
		}
		h.alerter.Monitors(alertingtest.Monitors(ids...), all)
		for i, tt := range []struct{ letter, want string }{
			{"o", "map[IncidentStates:3 Notifications:1 OpenIncidents:4]"},
			{"o", "map[]"},
			{"f", "map[AddNotifications:1 IncidentStates:3 MergeIncidents:1 PutIncidentStates:1]"},
			{"f", "map[IncidentStates:3 PutIncidentStates:1]"},
			{"o", "map[AddNotifications:1 IncidentStates:3 MergeIncidents:1 PutIncidentStates:1]"},
			{"o", "map[]"},
		} {
			h.SetIntercept(nil)
			time.Sleep(time.Second)
			for _, id := range ids {
				h.addResults(id, tt.letter)
			}
			wait(time.Second)
			if got := fmt.Sprint(h.EvaluatorCalls()); got != tt.want {
				t.Errorf("step %d: calls %s, want %s", i, got, tt.want)
			}
		}
	})
}

func TestFieldsOfNotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{})
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		h.addResults("m", "fef")
		wait(time.Second)
		h.expect(t, "m-1-alert")
		n := h.List[0]
		last := h.current["m"].Latest
		if n.MonitorName != "name of m" || n.MonitorType != "http" || n.MonitorTarget != "http://x.test" || n.Group != "g" ||
			n.Message != last.Message || n.Status != monitor.StatusFailed || !n.Date.Equal(last.Date) || !n.Opened.Equal(last.Date.Add(-2*time.Second)) {
			t.Errorf("notification %+v", n)
		}
	})
}

// TestSpellingsOfSettings checks the spellings that checks of stored monitors accept.
func TestSpellingsOfSettings(t *testing.T) {
	for _, text := range []string{"1", "True", " true "} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 3})
			ms := alertingtest.Monitors("early", "muted")
			ms[0].Properties = map[string]string{"alertFailCount": " 1 "}
			ms[1].Properties = map[string]string{"alertMute": text}
			h.alerter.Monitors(ms, all)
			h.addResults("early", "f")
			h.addResults("muted", "ffff")
			wait(time.Second)
			h.expect(t, "early-1-alert")
		})
	}
}

// TestFailCountOfPushMonitors: a job reports once for each run, so the first failure opens an incident.
func TestFailCountOfPushMonitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 3})
		ms := alertingtest.Monitors("job", "patient", "site")
		ms[0].Type, ms[1].Type = "push", "push"
		ms[1].Properties = map[string]string{"alertFailCount": "2"}
		h.alerter.Monitors(ms, all)
		for _, m := range ms {
			h.addResults(m.ID, "f")
		}
		wait(time.Second)
		h.expect(t, "job-1-alert")
	})
}

func TestSettingsOfMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 3})
		ms := alertingtest.Monitors("early", "muted")
		ms[0].Properties = map[string]string{"alertFailCount": "1", "alertTo": "a@x.test, b@x.test"}
		ms[1].Properties = map[string]string{"alertMute": "true"}
		h.alerter.Monitors(ms, all)
		h.addResults("early", "f")
		h.addResults("muted", "ffff")
		wait(time.Second)
		h.expect(t, "early-1-alert")
		if to := h.List[0].To; !slices.Equal(to, []string{"a@x.test", "b@x.test"}) {
			t.Errorf("recipients %v", to)
		}

		// Results from the muted time don't count.
		ms[1].Properties = nil
		h.alerter.Monitors(ms, all)
		wait(5 * time.Second)
		h.addResults("muted", "ff")
		wait(time.Second)
		h.expect(t, "early-1-alert")
		h.addResults("muted", "f")
		wait(time.Second)
		h.expect(t, "early-1-alert muted-1-alert")

		// An incident that was open before the mute continues afterwards.
		ms[1].Properties = map[string]string{"alertMute": "true"}
		h.alerter.Monitors(ms, all)
		wait(time.Second)
		h.addResults("muted", "o")
		wait(time.Second)
		h.expect(t, "early-1-alert muted-1-alert")
		ms[1].Properties = nil
		h.alerter.Monitors(ms, all)
		h.addResults("muted", "o")
		wait(time.Second)
		h.expect(t, "early-1-alert muted-1-alert muted-1-recovery")
	})
}

// Earlier versions stored any recipients.
func TestStoredRecipients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		log := slog.New(slog.NewTextHandler(&text, nil))
		h := newHarnessWith(t, alertingtest.NewMemory(), Config{Rules: incident.Rules{FailCount: 1}}, log)
		var want []string
		for i := range 25 {
			want = append(want, fmt.Sprintf("a%d@x.test", i))
		}
		ms := alertingtest.Monitors("m", "fine")
		ms[0].Properties = map[string]string{"alertTo": "nobody, " + strings.Join(want, " ") + "; x\r\ny@@x.test"}
		ms[1].Properties = map[string]string{"alertTo": "a@x.test"}
		h.alerter.Monitors(ms, all)
		h.addResults("m", "f")
		h.addResults("fine", "f")
		wait(time.Second)
		if got := h.Get("m-1-alert").To; !slices.Equal(got, want[:20]) {
			t.Errorf("recipients %v", got)
		}
		h.stop()
		const warning = `level=WARN msg="ignored recipients of alertTo" monitor_id=m monitor="name of m" invalid=4 first_invalid=nobody too_many=4 allowed=20`
		if got := text.String(); strings.Count(got, "level=WARN") != 1 || !strings.Contains(got, warning) {
			t.Errorf("logged %s", got)
		}
	})
}

func TestCloseForDisabledAndDeletedMonitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
		ms := alertingtest.Monitors("a", "b", "c", "d")
		h.alerter.Monitors(ms, func(id string) bool { return id != "d" })
		for _, m := range ms {
			h.addResults(m.ID, "f")
		}
		wait(time.Second)
		h.expect(t, "a-1-alert b-1-alert c-1-alert")

		// The incident of a monitor that moves to another runner stays open. It closes if the monitor is disabled or
		// deleted, whichever runner had it.
		ms[0].Enabled = false
		h.Incidents["d"] = store.IncidentState{MonitorID: "d", Phase: store.PhaseOpen, Incident: 4, Evaluated: time.Now()}
		h.alerter.Monitors(slices.Delete(slices.Clone(ms), 3, 4)[:2], func(id string) bool { return id == "a" })
		wait(time.Second)
		want := "a-1-alert b-1-alert c-1-alert a-1-closed c-1-closed d-4-closed"
		h.expect(t, want)
		for _, n := range h.List[3:] {
			if len(n.Deliveries) > 0 || n.Message == "" {
				t.Errorf("closed: %+v", n)
			}
		}

		h.addResults("a", "f")
		wait(time.Second)
		h.expect(t, want)
		ms[0].Enabled = true
		h.alerter.Monitors(ms[:2], all)
		wait(time.Second)
		h.addResults("a", "f")
		wait(time.Second)
		h.expect(t, want+" a-2-alert")
	})
}

// A monitor may be restored before its deletion is processed, and then belong to another runner.
func TestDeletedAndRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		h.addResults("m", "f")
		wait(time.Second)
		h.SetIntercept(alertingtest.StoreUnavailable)
		h.alerter.Monitors(nil, all)
		wait(time.Second)
		h.alerter.Monitors(alertingtest.Monitors("m"), func(string) bool { return false })
		wait(time.Second)
		h.SetIntercept(nil)
		wait(time.Minute)
		h.expect(t, "m-1-alert")
	})
}

func TestDisabledWithoutRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.NewMemory()
		m.Incidents["a"] = store.IncidentState{MonitorID: "a", Phase: store.PhaseRecovering, Incident: 3, Evaluated: time.Now(), Count: 1}
		// This one was deleted.
		m.Add(store.Notification{ID: "g-1-alert", MonitorID: "g", Incident: 1, Kind: store.KindOpened, Date: time.Now()})
		time.Sleep(time.Hour)
		h := newHarness(t, m, incident.Rules{})
		ms := alertingtest.Monitors("a")
		ms[0].Enabled = false
		h.alerter.Monitors(ms, all)
		wait(2 * time.Second)
		h.expect(t, "g-1-alert a-3-closed g-1-closed")
	})
}

// A runner may crash after it has stored a notification and before it has stored the state, and another runner may
// evaluate the monitor too.
func TestNotificationsAlreadyStored(t *testing.T) {
	for _, tt := range []struct {
		name    string
		stored  []store.NotificationKind
		results string
		want    string
	}{
		{"same incident", []store.NotificationKind{store.KindOpened}, "f", "m-1-alert"},
		{"OK since", []store.NotificationKind{store.KindOpened}, "fo", "m-1-alert m-1-recovery"},
		{"never failed on this runner", []store.NotificationKind{store.KindOpened}, "o", "m-1-alert m-1-recovery"},
		{"resolved", []store.NotificationKind{store.KindOpened, store.KindResolved}, "f", "m-1-alert m-1-recovery m-2-alert"},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, late), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := alertingtest.NewMemory()
					date := time.Now()
					time.Sleep(time.Second)
					insert := func() {
						for i, kind := range tt.stored {
							m.Add(store.Notification{
								ID: store.NotificationID("m", 1, kind, 0), MonitorID: "m", Incident: 1, Kind: kind,
								Date: date.Add(time.Duration(i) * time.Millisecond), Status: monitor.StatusFailed,
							})
						}
					}
					if !late {
						insert()
					}
					h := newHarness(t, m, incident.Rules{FailCount: 1})
					h.alerter.Monitors(alertingtest.Monitors("m"), all)
					wait(time.Second)
					if late {
						// The other runner was faster: this one notices it at its own insert, or at the next read.
						insert()
						if strings.HasSuffix(tt.results, "o") {
							wait(time.Minute)
						}
					}
					time.Sleep(3 * time.Second)
					h.addResults("m", tt.results)
					wait(time.Second)
					h.expect(t, tt.want)
				})
			})
		}
	}
}

// Another runner may store the end of an incident without storing the state.
func TestResolvedWithoutState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
		h.alerter.Monitors(alertingtest.Monitors("m"), all)
		h.addResults("m", "f")
		wait(time.Second)
		h.Add(store.Notification{ID: "m-1-recovery", MonitorID: "m", Incident: 1, Kind: store.KindResolved, Date: time.Now()})
		wait(time.Minute)
		h.addResults("m", "o")
		wait(time.Second)
		h.expect(t, "m-1-alert m-1-recovery")
		if s := h.Incidents["m"]; s.Phase != store.PhaseOK || s.Incident != 1 {
			t.Errorf("stored state %+v", s)
		}
	})
}

func TestEvaluationWaitsForStore(t *testing.T) {
	for name, intercept := range map[string]func(context.Context, string, string) error{"unavailable": alertingtest.StoreUnavailable, "hanging": alertingtest.StoreHangs} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
				h.alerter.Monitors(alertingtest.Monitors("a", "b"), all)
				h.addResults("a", "o")
				h.addResults("b", "o")
				wait(time.Second)
				h.SetIntercept(intercept)
				h.addResults("a", "f")
				h.addResults("b", "f")
				wait(time.Minute)
				if n := h.EvaluatorCalls()["IncidentStates"]; n < 4 || n > 20 {
					t.Errorf("%d attempts in a minute", n)
				}
				h.addResults("a", "fo")
				wait(time.Second)
				h.SetIntercept(nil)
				wait(15 * time.Second)
				h.expect(t, "b-1-alert")
			})
		})
	}
}

// finalRoundTimeout is the time that the last round has after the stop.
const finalRoundTimeout = 3 * time.Second

func TestStopEvaluatesPendingResults(t *testing.T) {
	for _, tt := range []struct {
		name      string
		intercept func(context.Context, string, string) error
		want      string
		took      time.Duration
	}{
		{"the store answers", nil, "m-1-alert", 0},
		{"the store is unavailable", alertingtest.StoreUnavailable, "", 0},
		{"the store hangs", alertingtest.StoreHangs, "", finalRoundTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
				h.alerter.Monitors(alertingtest.Monitors("m"), all)
				wait(1100 * time.Millisecond)
				h.SetIntercept(tt.intercept)
				h.addResults("m", "f")
				stopping := time.Now()
				h.stop()
				h.expect(t, tt.want)
				if took := time.Since(stopping); took != tt.took {
					t.Errorf("the stop took %v, want %v", took, tt.took)
				}
			})
		})
	}
}
