package alerting

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
)

// TestClockSetBack checks that incidents open, remind and resolve although all that is known has a date two hours in
// the future, from before the clock was set back.
func TestClockSetBack(t *testing.T) {
	for name, tt := range map[string]struct{ before, after4, after11, recovered string }{
		"OK before":      {"oo", "m-1-alert", "m-1-alert m-1-reminder-1", "m-1-alert m-1-reminder-1 m-1-recovery"},
		"failing before": {"of", "m-1-alert", "m-1-alert m-1-reminder-1", "m-1-alert m-1-reminder-1 m-1-recovery"},
		// The notifications are listed by date.
		"open before": {
			"offf", "m-1-alert", "m-1-reminder-1 m-1-reminder-2 m-1-alert",
			"m-1-reminder-1 m-1-reminder-2 m-1-recovery m-1-alert",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var offset atomic.Int64 // a duration
				offset.Store(int64(2 * time.Hour))
				now := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
				m := alertingtest.NewMemory()
				h := newHarnessWith(t, m, Config{Rules: incident.Rules{Reminder: 10 * time.Second}, Now: now}, alertingtest.QuietLog())
				h.alerter.Monitors(alertingtest.Monitors("m"), all)
				add := func(letters string) {
					for _, l := range letters {
						wait(time.Second)
						p := alertingtest.Point(l, monitor.Date(now()))
						h.current["m"] = alertingtest.Push(h.current["m"], "m", p)
						h.PutState(*h.current["m"])
						h.alerter.Stored([]store.State{*h.current["m"]})
						wait(time.Second)
					}
				}
				add(tt.before)
				offset.Store(0)
				add("ffff")
				h.expect(t, tt.after4)
				add("fffffff")
				h.expect(t, tt.after11)
				h.stop()

				// Another runner takes over.
				state := h.current["m"]
				h = newHarness(t, m, incident.Rules{})
				h.current["m"] = state
				h.alerter.Monitors(alertingtest.Monitors("m"), all)
				add("o")
				h.expect(t, tt.recovered)
				for _, n := range m.List {
					if n.Opened.After(n.Date) {
						t.Errorf("%s: opened at %s, after the date %s", n.ID, n.Opened, n.Date)
					}
				}
			})
		})
	}
}

// TestOutboxAfterClockWasSetBack checks that a notification is sent whose next attempt, and the claim to it by a runner
// that stopped, are dated two hours in the future.
func TestOutboxAfterClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.MemoryWithDue("a")
		future := time.Now().Add(2 * time.Hour)
		m.List[0].Next = future
		if won, _, err := m.ClaimNotification(t.Context(), "a", 1, "other", future); !won || err != nil {
			t.Fatal(won, err)
		}
		mail := alertingtest.NewScripted("email", "ann")
		newHarness(t, m, incident.Rules{}, mail)
		wait(10 * time.Second)
		mail.ExpectAttempts(t, "1s a ann")
	})
}
