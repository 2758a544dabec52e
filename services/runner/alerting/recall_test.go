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
				b := newHarness(t, newMemory(), Rules{FailCount: 2})
				b.alerter.judging.runner = "here-1"
				b.alerter.Monitors(fleet(), all)
				b.everyone("abcdef", "o")
				b.everyone("abcdef", "f")
				expectKinds(t, b, cutText)
				b.stop()
				next := newHarness(t, b.memory, Rules{FailCount: 2})
				next.alerter.judging.runner, next.chains = tt.runner, b.chains
				states := []store.State{}
				for _, m := range fleet() {
					if strings.Contains(tt.meanwhile, m.ID) {
						b.chains[m.ID] = push(b.chains[m.ID], m.ID, store.Point{Date: monitor.Date(time.Now())})
					}
					states = append(states, *b.chains[m.ID])
				}
				next.alerter.Monitors(fleet(), all)
				next.alerter.Stored(states)
				settle(2 * time.Second)
				if tt.after != "" {
					next.everyone("bcdef", "f")
					expectKinds(t, next, cutText)
					next.everyone(tt.after, "o")
				}
				if !tt.ended {
					expectKinds(t, next, cutText)
				} else if got := next.kinds(); !strings.HasPrefix(got, cutText+", reconnected") || strings.Count(got, ", ") != 1 {
					t.Errorf("messages %s", got)
				}
			})
		})
	}
}

// What was found while cut off counts for no runner that starts right after.
func TestARestartAfterBeingCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 2})
		b.alerter.Monitors(fleet(), all)
		b.everyone("abcdef", "o")
		for range 3 {
			b.everyone("abcde", "f")
		}
		b.everyone("ab", "o")
		expectKinds(t, b, cutText+", "+endText)
		b.stop()
		next := newHarness(t, b.memory, Rules{FailCount: 2})
		next.alerter.Monitors(fleet(), all)
		for _, s := range b.chains {
			next.alerter.Stored([]store.State{*s})
		}
		settle(5 * time.Second)
		expectKinds(t, next, cutText+", "+endText)
	})
}
