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
func family() []monitor.Monitor {
	ms := monitorsNamed("parent", "child", "grandchild")
	for i, needed := range []string{"", "parent", "name of child"} {
		ms[i].Interval = "10s"
		ms[i].Properties = map[string]string{"dependsOn": needed}
	}
	return ms
}

func TestAnAlertWaitsForTheParent(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(b *harness, ms []monitor.Monitor)
		want string
	}{
		{"well", func(b *harness, _ []monitor.Monitor) { b.found("parent", "o") }, "child-1-alert"},
		{"bad", func(b *harness, _ []monitor.Monitor) { b.found("parent", "f"); b.found("child", "F") }, ""},
		{"OK again", func(b *harness, _ []monitor.Monitor) { b.found("child", "o"); b.found("parent", "o") }, ""},
		{"disabled", func(b *harness, ms []monitor.Monitor) {
			ms[0].Enabled = false
			b.alerter.Monitors(ms, all)
		}, "child-1-alert"},
		{"deleted", func(b *harness, ms []monitor.Monitor) { b.alerter.Monitors(ms[1:], all) }, "child-1-alert"},
		{"no longer needed", func(b *harness, ms []monitor.Monitor) {
			ms[1].Properties = nil
			b.alerter.Monitors(ms, all)
		}, "child-1-alert"},
		{"muted", func(b *harness, ms []monitor.Monitor) {
			ms[1].Properties["alertMute"] = "true"
			b.alerter.Monitors(ms, all)
			settle(2 * time.Second)
			b.found("parent", "o")
		}, ""},
		{"the store is away", func(b *harness, _ []monitor.Monitor) {
			b.meeting(away)
			b.found("parent", "o")
			settle(20 * time.Second)
			b.meeting(nil)
			settle(3 * time.Second)
		}, "child-1-alert"},
		{"a restart", func(b *harness, ms []monitor.Monitor) {
			b.stop()
			b.alerter = New(Config{Runner: "next", Rules: Rules{FailCount: 2}}, b.memory, nil, quietLog())
			go b.alerter.Run(b.life)
			b.alerter.Monitors(ms, all)
			b.alerter.Stored([]store.State{*b.chains["child"]})
			settle(3 * time.Second)
			b.found("parent", "o")
		}, "child-1-alert"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newHarness(t, newMemory(), Rules{FailCount: 2})
				ms := family()
				b.alerter.Monitors(ms, all)
				b.found("parent", "o")
				settle(time.Second)
				b.found("child", "ff")
				settle(20 * time.Second)
				b.expect(t, "")
				tt.then(b, ms)
				settle(3 * time.Second)
				b.expect(t, tt.want)
				settle(time.Minute)
				b.meeting(nil)
				settle(10 * time.Second)
				if calls := fmt.Sprint(b.counted()); calls != "map[]" && calls != "map[Notifications:1]" {
					t.Errorf("nothing waits, but %s", calls)
				}
			})
		})
	}
}

// A parent that nobody checks any more holds up no alert for ever; while it is waited for, there is a round every second.
func TestAParentWithoutResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 1})
		b.alerter.Monitors(family(), all)
		b.found("child", "f")
		b.found("grandchild", "f")
		settle(5 * time.Second)
		b.meeting(nil)
		settle(10 * time.Second)
		if calls := fmt.Sprint(b.counted()); calls != "map[IncidentStates:10 PutIncidentStates:10 StatesOf:10]" && calls != "map[IncidentStates:10 StatesOf:10]" {
			t.Errorf("calls %s", calls)
		}
		settle(monitor.StaleAfter(10*time.Second) - 16*time.Second)
		b.expect(t, "")
		settle(3 * time.Second)
		// The grandchild's parent is bad since before the grandchild was, and just as old.
		if got := b.log(); !strings.HasPrefix(got, "child-1-alert") {
			t.Errorf("messages %q", got)
		}
	})
}

// Only who waits for a parent asks for it, and results that are blocked cost nothing.
func TestAParentIsAskedForOnlyInNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 2})
		b.alerter.Monitors(family(), all)
		b.found("child", "o")
		settle(2 * time.Second)
		for _, tt := range []struct{ letter, want string }{
			{"F", "map[]"}, {"F", "map[]"}, {"f", "map[IncidentStates:1 PutIncidentStates:1]"}, {"f", "map[IncidentStates:3 PutIncidentStates:1 StatesOf:2]"},
		} {
			b.meeting(nil)
			b.found("child", tt.letter)
			settle(2600 * time.Millisecond)
			if got := fmt.Sprint(b.counted()); got != tt.want {
				t.Errorf("%s: calls %s, want %s", tt.letter, got, tt.want)
			}
		}
	})
}

func TestHowManyAreBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 1})
		ms := append(family(), monitorsNamed("other", "off")...)
		for i := range ms[3:] {
			ms[3+i].Properties = map[string]string{"dependsOn": "child"}
		}
		ms[4].Enabled = false
		b.alerter.Monitors(ms, all)
		b.found("parent", "e")
		settle(2 * time.Second)
		b.found("parent", "f")
		settle(time.Second)
		b.found("parent", "o")
		settle(time.Second)
		b.expect(t, "parent-1-alert parent-1-escalation parent-1-recovery")
		for i, want := range []int{3, 3, 0} {
			if got := b.alerts[i].Dependents; got != want {
				t.Errorf("%s: %d behind, want %d", b.alerts[i].ID, got, want)
			}
		}
	})
}
