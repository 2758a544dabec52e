package alerting

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// However often runners are started anew, one message tells of it, and one of the end. One of another host finds it by the results,
// and can't know of it when it is over.
func TestARestartWhileCutOff(t *testing.T) {
	for _, tt := range []struct {
		name, runner string
		// meanwhile are those that are well when the next runner starts, after those that are then. Ended says that it tells of the end.
		meanwhile, after string
		ended            bool
	}{
		{"it goes on", "here-2", "", "abcd", true},
		{"it goes on for another host", "there-1", "", "abcd", true},
		{"the first that failed is well", "here-2", "a", "bcd", true},
		{"it is over", "here-2", "abcd", "", true},
		{"it is over, as another host can't know", "there-1", "abcd", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, newMemory(), Rules{FailCount: 2})
				h.alerter.evaluator.runner = "here-1"
				h.alerter.Monitors(sixMonitors(), all)
				h.addResultsToAll("abcdef", "o")
				h.addResultsToAll("abcdef", "f")
				expectSummary(t, h, offlineText)
				h.stop()
				next := newHarness(t, h.memory, Rules{FailCount: 2})
				next.alerter.evaluator.runner, next.current = tt.runner, h.current
				states := []store.State{}
				for _, m := range sixMonitors() {
					if strings.Contains(tt.meanwhile, m.ID) {
						h.current[m.ID] = push(h.current[m.ID], m.ID, store.Point{Date: monitor.Date(time.Now())})
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
					t.Errorf("messages %s", got)
				}
			})
		})
	}
}

// What was found while cut off counts for no runner that starts right after.
func TestARestartAfterBeingCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 2})
		h.alerter.Monitors(sixMonitors(), all)
		h.addResultsToAll("abcdef", "o")
		for range 3 {
			h.addResultsToAll("abcde", "f")
		}
		h.addResultsToAll("ab", "o")
		expectSummary(t, h, offlineText+", "+onlineText)
		h.stop()
		next := newHarness(t, h.memory, Rules{FailCount: 2})
		next.alerter.Monitors(sixMonitors(), all)
		for _, s := range h.current {
			next.alerter.Stored([]store.State{*s})
		}
		wait(5 * time.Second)
		expectSummary(t, next, offlineText+", "+onlineText)
	})
}
