package alerting

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
)

// Restarts of an offline runner cause no further notifications: there is one about the start and one about the end. A
// runner on another host detects the state from the results, and can't know of an offline period that is over.
func TestRestartWhileOffline(t *testing.T) {
	for _, tt := range []struct {
		name, runner string
		// before lists the monitors that are OK when the next runner starts, after those that become OK afterwards.
		// ended reports whether the next runner notifies of the end.
		before, after string
		ended         bool
	}{
		{"still offline", "here-2", "", "abcd", true},
		{"still offline, on another host", "there-1", "", "abcd", true},
		{"the first failed monitor is OK", "here-2", "a", "bcd", true},
		{"online", "here-2", "abcd", "", true},
		{"online, on another host", "there-1", "abcd", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rules := incident.Rules{FailCount: 2}
				h := newHarnessWith(t, alertingtest.NewMemory(), Config{Runner: "here-1", Rules: rules}, alertingtest.QuietLog())
				h.alerter.Monitors(sixMonitors(), all)
				h.addResultsToAll("abcdef", "o")
				h.addResultsToAll("abcdef", "f")
				expectSummary(t, h, offlineText)
				h.stop()
				next := newHarnessWith(t, h.Memory, Config{Runner: tt.runner, Rules: rules}, alertingtest.QuietLog())
				next.current = h.current
				states := []store.State{}
				for _, m := range sixMonitors() {
					if strings.Contains(tt.before, m.ID) {
						h.current[m.ID] = alertingtest.Push(h.current[m.ID], m.ID, store.Point{Date: monitor.Date(time.Now())})
					}
					states = append(states, *h.current[m.ID])
				}
				next.alerter.Monitors(sixMonitors(), all)
				next.alerter.Stored(states)
				wait(2 * time.Second)
				if tt.after != "" {
					next.addResultsToAll("bcdef", "f")
					expectSummary(t, next, offlineText)
					next.addResultsToAll(tt.after, "o")
				}
				if !tt.ended {
					expectSummary(t, next, offlineText)
				} else if got := next.summary(); !strings.HasPrefix(got, offlineText+", reconnected") || strings.Count(got, ", ") != 1 {
					t.Errorf("notifications %s", got)
				}
			})
		})
	}
}

// Results from an offline period don't count for a runner that starts right after it.
func TestRestartAfterOfflinePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 2})
		h.alerter.Monitors(sixMonitors(), all)
		h.addResultsToAll("abcdef", "o")
		for range 3 {
			h.addResultsToAll("abcde", "f")
		}
		h.addResultsToAll("ab", "o")
		expectSummary(t, h, offlineText+", "+onlineText)
		h.stop()
		next := newHarness(t, h.Memory, incident.Rules{FailCount: 2})
		next.alerter.Monitors(sixMonitors(), all)
		for _, s := range h.current {
			next.alerter.Stored([]store.State{*s})
		}
		wait(5 * time.Second)
		expectSummary(t, next, offlineText+", "+onlineText)
	})
}
