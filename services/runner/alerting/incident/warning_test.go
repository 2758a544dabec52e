package incident

import (
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

func TestWarnings(t *testing.T) {
	three := Rules{FailCount: 3, RecoveryCount: 1, Warnings: true}
	slow := Rules{FailCount: 2, RecoveryCount: 3, Warnings: true}
	one := Rules{FailCount: 1, RecoveryCount: 1, Warnings: true}
	for _, tt := range []struct {
		letters string
		rules   Rules
		want    string
	}{
		{"owwo", three, ""},
		{"wwwwwwww", three, "3:warning 0"},
		{"wwwwowwww", three, "3:warning 0, 8:warning 0"},
		{"wowowowww", three, "9:warning 0"},
		{"wmwMw", three, "5:warning 0"},
		{"wmwMw", Rules{FailCount: 3, RecoveryCount: 1}, ""},
		// Results that are not OK neither begin nor end a warning.
		{"wewfw", three, "5:warning 0"},
		{"wwwffffww", three, "3:warning 0, 6:alert 1 failed, 8:recovery 1"},
		// It ends as an incident does.
		{"wwooww", slow, "2:warning 0"},
		{"wwooowwoowooww", slow, "2:warning 0, 7:warning 0"},
		// An incident comes first, and the end of an incident has its own notification.
		{"wfw", one, "1:warning 0, 2:alert 1 failed, 3:recovery 1"},
		{"fww", one, "1:alert 1 failed, 2:recovery 1, 3:warning 0"},
	} {
		s, events := evaluateEach(initialState, pointsOf(tt.letters), tt.rules)
		if got := describe(events...); got != tt.want {
			t.Errorf("%s: events %s, want %s", tt.letters, got, tt.want)
		}
		if !tt.rules.Warnings && !s.Warning.Equal(store.Warning{}) {
			t.Errorf("%s: state %+v although nobody wants warnings", tt.letters, s)
		}
	}
}

func TestNobodyIsNotifiedOfAWarningInASilence(t *testing.T) {
	r := Rules{FailCount: 2, RecoveryCount: 1, Warnings: true}
	s, ev := evaluate(initialState, pointsOf("wwww"), r, conditions{silenced: true})
	if ev != nil {
		t.Errorf("in the silence: %s", describe(ev))
	}
	_, ev = evaluate(s, pointsOf("wwwww"), r, conditions{})
	if got, want := describe(ev), "5:warning 0"; got != want {
		t.Fatalf("after the silence: %s, want %s", got, want)
	}
	if since := startDate.Add(time.Minute); !ev.opened.Equal(since) {
		t.Errorf("it began at %v, want %v", ev.opened, since)
	}
}

// A warning that does not change anything needs no call of the store.
func TestSteadyWarningsNeedNoStore(t *testing.T) {
	rules := Rules{FailCount: 2, RecoveryCount: 1, Warnings: true}
	notified := store.Warning{Since: startDate, Notified: true}
	for _, tt := range []struct {
		warning  store.Warning
		letters  string
		finishes bool
	}{
		{store.Warning{}, "oo", true}, {store.Warning{}, "ow", false}, {store.Warning{Since: startDate, Count: 1}, "o", false},
		{notified, "ww", true}, {notified, "wmw", true}, {notified, "wo", false}, {store.Warning{Since: startDate, Without: 1, Notified: true}, "w", false},
	} {
		tracked := newTrackedMonitor(monitor.Monitor{ID: "m", Enabled: true})
		tracked.loaded, tracked.recorded = true, true
		tracked.state.Warning, tracked.stored.Warning = tt.warning, tt.warning
		tracked.pending = &store.State{MonitorID: "m", History: pointsOf(tt.letters)}
		if got := tracked.finishWithoutStore(rules); got != tt.finishes {
			t.Errorf("%+v, then %s: finished %v, want %v", tt.warning, tt.letters, got, tt.finishes)
		}
	}
}

func TestInvertedMonitorWhileTheRunnerIsOffline(t *testing.T) {
	m := monitor.Monitor{ID: "m", Enabled: true, Properties: map[string]string{monitor.Invert: "true"}}
	tracked := newTrackedMonitor(m)
	rules := tracked.rules(Rules{FailCount: 2, RecoveryCount: 1})
	offline := conditions{offline: offlinePeriod{since: startDate.Add(2 * time.Minute), until: startDate.Add(5 * time.Minute)}}
	for letters, want := range map[string]string{
		"ffo":    "", // Without a network there is no connection, so it looks OK.
		"ffooof": "",
		"ffoooo": "6:recovery 1",
	} {
		s, _ := evaluateEach(initialState, pointsOf("ff"), rules)
		var last *event
		for n := 3; n <= len(letters); n++ {
			var ev *event
			if s, ev = evaluate(s, pointsOf(letters[:n]), rules, offline); ev != nil {
				last = ev
			}
		}
		if got := describe(last); got != want {
			t.Errorf("%s: %s, want %s", letters, got, want)
		}
	}
	tracked.evidence = newEvidence(*alertingtest.Push(nil, "m", alertingtest.Point('o', startDate)))
	if list := connectionEvidence(map[string]*trackedMonitor{"m": tracked}); len(list) != 0 {
		t.Errorf("an inverted monitor is evidence: %+v", list)
	}
}
