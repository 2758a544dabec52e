package alerting

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// family is parent, child, which depends on it, and grandchild, all checked every 10 s.
func dependentMonitors() []monitor.Monitor {
	ms := testMonitors("parent", "child", "grandchild")
	for i, needed := range []string{"", "parent", "name of child"} {
		ms[i].Interval = "10s"
		ms[i].Properties = map[string]string{"dependsOn": needed}
	}
	return ms
}

func TestAnAlertWaitsForTheParent(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(h *harness, ms []monitor.Monitor)
		want string
	}{
		{"well", func(h *harness, _ []monitor.Monitor) { h.addResults("parent", "o") }, "child-1-alert"},
		{"bad", func(h *harness, _ []monitor.Monitor) { h.addResults("parent", "f"); h.addResults("child", "F") }, ""},
		{"OK again", func(h *harness, _ []monitor.Monitor) { h.addResults("child", "o"); h.addResults("parent", "o") }, ""},
		{"disabled", func(h *harness, ms []monitor.Monitor) {
			ms[0].Enabled = false
			h.alerter.Monitors(ms, all)
		}, "child-1-alert"},
		{"deleted", func(h *harness, ms []monitor.Monitor) { h.alerter.Monitors(ms[1:], all) }, "child-1-alert"},
		{"no longer needed", func(h *harness, ms []monitor.Monitor) {
			ms[1].Properties = nil
			h.alerter.Monitors(ms, all)
		}, "child-1-alert"},
		{"muted", func(h *harness, ms []monitor.Monitor) {
			ms[1].Properties["alertMute"] = "true"
			h.alerter.Monitors(ms, all)
			wait(2 * time.Second)
			h.addResults("parent", "o")
		}, ""},
		{"the store is away", func(h *harness, _ []monitor.Monitor) {
			h.setIntercept(storeUnavailable)
			h.addResults("parent", "o")
			wait(20 * time.Second)
			h.setIntercept(nil)
			wait(3 * time.Second)
		}, "child-1-alert"},
		{"a restart", func(h *harness, ms []monitor.Monitor) {
			h.stop()
			h.alerter = New(Config{Runner: "next", Rules: Rules{FailCount: 2}}, h.memory, nil, quietLog())
			go h.alerter.Run(h.ctx)
			h.alerter.Monitors(ms, all)
			h.alerter.Stored([]store.State{*h.current["child"]})
			wait(3 * time.Second)
			h.addResults("parent", "o")
		}, "child-1-alert"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, newMemory(), Rules{FailCount: 2})
				ms := dependentMonitors()
				h.alerter.Monitors(ms, all)
				h.addResults("parent", "o")
				wait(time.Second)
				h.addResults("child", "ff")
				wait(20 * time.Second)
				h.expect(t, "")
				tt.then(h, ms)
				wait(3 * time.Second)
				h.expect(t, tt.want)
				wait(time.Minute)
				h.setIntercept(nil)
				wait(10 * time.Second)
				if calls := fmt.Sprint(h.evaluatorCalls()); calls != "map[]" && calls != "map[Notifications:1]" {
					t.Errorf("nothing waits, but %s", calls)
				}
			})
		})
	}
}

// A parent that nobody checks any more holds up no alert for ever; while it is waited for, there is a round every second.
func TestAParentWithoutResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 1})
		h.alerter.Monitors(dependentMonitors(), all)
		h.addResults("child", "f")
		h.addResults("grandchild", "f")
		wait(5 * time.Second)
		h.setIntercept(nil)
		wait(10 * time.Second)
		if calls := fmt.Sprint(h.evaluatorCalls()); calls != "map[IncidentStates:10 PutIncidentStates:10 StatesOf:10]" && calls != "map[IncidentStates:10 StatesOf:10]" {
			t.Errorf("calls %s", calls)
		}
		wait(monitor.StaleAfter(10*time.Second) - 16*time.Second)
		h.expect(t, "")
		wait(3 * time.Second)
		// The grandchild's parent is bad since before the grandchild was, and just as old.
		if got := h.ids(); !strings.HasPrefix(got, "child-1-alert") {
			t.Errorf("messages %q", got)
		}
	})
}

// Only who waits for a parent asks for it, and results that are blocked cost nothing.
func TestAParentIsAskedForOnlyInNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 2})
		h.alerter.Monitors(dependentMonitors(), all)
		h.addResults("child", "o")
		wait(2 * time.Second)
		for _, tt := range []struct{ letter, want string }{
			{"F", "map[]"}, {"F", "map[]"}, {"f", "map[IncidentStates:1 PutIncidentStates:1]"}, {"f", "map[IncidentStates:3 PutIncidentStates:1 StatesOf:2]"},
		} {
			h.setIntercept(nil)
			h.addResults("child", tt.letter)
			wait(2600 * time.Millisecond)
			if got := fmt.Sprint(h.evaluatorCalls()); got != tt.want {
				t.Errorf("%s: calls %s, want %s", tt.letter, got, tt.want)
			}
		}
	})
}

func TestHowManyAreBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 1})
		ms := append(dependentMonitors(), testMonitors("other", "off")...)
		for i := range ms[3:] {
			ms[3+i].Properties = map[string]string{"dependsOn": "child"}
		}
		ms[4].Enabled = false
		h.alerter.Monitors(ms, all)
		h.addResults("parent", "e")
		wait(2 * time.Second)
		h.addResults("parent", "f")
		wait(time.Second)
		h.addResults("parent", "o")
		wait(time.Second)
		h.expect(t, "parent-1-alert parent-1-escalation parent-1-recovery")
		for i, want := range []int{3, 3, 0} {
			if got := h.notifications[i].Dependents; got != want {
				t.Errorf("%s: %d behind, want %d", h.notifications[i].ID, got, want)
			}
		}
	})
}
