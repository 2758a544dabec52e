package alerting

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
)

// dependentMonitors returns database, api and shop: api depends on database, shop on api. The interval is
// 10 s.
func dependentMonitors() []monitor.Monitor {
	ms := alertingtest.Monitors("database", "api", "shop")
	for i, needed := range []string{"", "database", "name of api"} {
		ms[i].Interval = "10s"
		ms[i].Properties = map[string]string{"dependsOn": needed}
	}
	return ms
}

func TestIncidentWaitsForDependency(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(h *harness, ms []monitor.Monitor)
		want string
	}{
		{"dependency OK", func(h *harness, _ []monitor.Monitor) { h.addResults("database", "o") }, "api-1-alert"},
		{"dependency failed", func(h *harness, _ []monitor.Monitor) { h.addResults("database", "f"); h.addResults("api", "F") }, ""},
		{"monitor OK again", func(h *harness, _ []monitor.Monitor) { h.addResults("api", "o"); h.addResults("database", "o") }, ""},
		{"dependency disabled", func(h *harness, ms []monitor.Monitor) {
			ms[0].Enabled = false
			h.alerter.Monitors(ms, all)
		}, "api-1-alert"},
		{"dependency deleted", func(h *harness, ms []monitor.Monitor) { h.alerter.Monitors(ms[1:], all) }, "api-1-alert"},
		{"dependency removed", func(h *harness, ms []monitor.Monitor) {
			ms[1].Properties = nil
			h.alerter.Monitors(ms, all)
		}, "api-1-alert"},
		{"monitor muted", func(h *harness, ms []monitor.Monitor) {
			ms[1].Properties["alertMute"] = "true"
			h.alerter.Monitors(ms, all)
			wait(2 * time.Second)
			h.addResults("database", "o")
		}, ""},
		{"store unavailable", func(h *harness, _ []monitor.Monitor) {
			h.SetIntercept(alertingtest.StoreUnavailable)
			h.addResults("database", "o")
			wait(20 * time.Second)
			h.SetIntercept(nil)
			wait(3 * time.Second)
		}, "api-1-alert"},
		{"restart", func(h *harness, ms []monitor.Monitor) {
			h.stop()
			h.alerter = New(Config{Runner: "next", Rules: incident.Rules{FailCount: 2}, Types: testTypes}, h.Memory, nil, alertingtest.QuietLog())
			go h.alerter.Run(h.ctx)
			h.alerter.Monitors(ms, all)
			h.alerter.Stored([]store.State{*h.current["api"]})
			wait(3 * time.Second)
			h.addResults("database", "o")
		}, "api-1-alert"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 2})
				ms := dependentMonitors()
				h.alerter.Monitors(ms, all)
				h.addResults("database", "o")
				wait(time.Second)
				h.addResults("api", "ff")
				wait(20 * time.Second)
				h.expect(t, "")
				tt.then(h, ms)
				wait(3 * time.Second)
				h.expect(t, tt.want)
				wait(time.Minute)
				h.SetIntercept(nil)
				wait(10 * time.Second)
				if calls := fmt.Sprint(h.EvaluatorCalls()); calls != "map[]" && calls != "map[Notifications:1]" {
					t.Errorf("nothing waits, but calls %s", calls)
				}
			})
		})
	}
}

// An incident doesn't wait forever for a dependency without recent results. While it waits, there is a round per
// second.
func TestDependencyWithoutResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
		h.alerter.Monitors(dependentMonitors(), all)
		h.addResults("api", "f")
		h.addResults("shop", "f")
		wait(5 * time.Second)
		h.SetIntercept(nil)
		wait(10 * time.Second)
		if calls := fmt.Sprint(h.EvaluatorCalls()); calls != "map[IncidentStates:10 PutIncidentStates:10 StatesOf:10]" && calls != "map[IncidentStates:10 StatesOf:10]" {
			t.Errorf("calls %s", calls)
		}
		wait(monitor.StaleAfter(10*time.Second) - 16*time.Second)
		h.expect(t, "")
		wait(3 * time.Second)
		// shop waits for api, whose result is not OK and just as old.
		if got := h.IDs(); !strings.HasPrefix(got, "api-1-alert") {
			t.Errorf("notifications %q", got)
		}
	})
}

// A round reads a dependency only if an incident waits for it. Blocked results cause no store calls.
func TestDependencyIsReadOnlyIfNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 2})
		h.alerter.Monitors(dependentMonitors(), all)
		h.addResults("api", "o")
		wait(2 * time.Second)
		for _, tt := range []struct{ letter, want string }{
			{"F", "map[]"}, {"F", "map[]"}, {"f", "map[IncidentStates:1 PutIncidentStates:1]"}, {"f", "map[IncidentStates:3 PutIncidentStates:1 StatesOf:2]"},
		} {
			h.SetIntercept(nil)
			h.addResults("api", tt.letter)
			wait(2600 * time.Millisecond)
			if got := fmt.Sprint(h.EvaluatorCalls()); got != tt.want {
				t.Errorf("%s: calls %s, want %s", tt.letter, got, tt.want)
			}
		}
	})
}

func TestCountOfDependents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 1})
		ms := append(dependentMonitors(), alertingtest.Monitors("other", "off")...)
		for i := range ms[3:] {
			ms[3+i].Properties = map[string]string{"dependsOn": "api"}
		}
		ms[4].Enabled = false
		h.alerter.Monitors(ms, all)
		h.addResults("database", "e")
		wait(2 * time.Second)
		h.addResults("database", "f")
		wait(time.Second)
		h.addResults("database", "o")
		wait(time.Second)
		h.expect(t, "database-1-alert database-1-escalation database-1-recovery")
		for i, want := range []int{3, 3, 0} {
			if got := h.List[i].Dependents; got != want {
				t.Errorf("%s: %d dependents, want %d", h.List[i].ID, got, want)
			}
		}
	})
}
