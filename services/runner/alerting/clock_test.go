package alerting

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
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
				m := newMemory()
				h := newHarnessWith(t, m, Config{Rules: Rules{Reminder: 10 * time.Second}}, now)
				h.alerter.Monitors(testMonitors("m"), all)
				add := func(letters string) {
					for _, l := range letters {
						wait(time.Second)
						p := pointOf(l, monitor.Date(now()))
						h.current["m"] = push(h.current["m"], "m", p)
						h.putState(*h.current["m"])
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
				h = newHarnessWith(t, m, Config{}, time.Now)
				h.current["m"] = state
				h.alerter.Monitors(testMonitors("m"), all)
				add("o")
				h.expect(t, tt.recovered)
				for _, n := range m.notifications {
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
		m := memoryWithDue("a")
		future := time.Now().Add(2 * time.Hour)
		m.notifications[0].Next = future
		if won, _, err := m.ClaimNotification(t.Context(), "a", 1, "other", future); !won || err != nil {
			t.Fatal(won, err)
		}
		mail := newScripted("email", "ann")
		newHarness(t, m, Rules{}, mail)
		wait(10 * time.Second)
		expectAttempts(t, mail, "1s a ann")
	})
}

// TestStateWithoutNumber checks that a state of a runner of an earlier version, without a number, is evaluated by date
// although the incident state has a greater number.
func TestStateWithoutNumber(t *testing.T) {
	evaluated := pointOf('f', startDate)
	s := store.IncidentState{
		MonitorID: "m", Phase: store.PhaseFailing, Evaluated: evaluated.Date, Sequence: startDate.Add(time.Hour).UnixMilli(),
		Count: 1, Opened: startDate,
	}
	points := append([]store.Point{evaluated}, pointsOf("ff")...)
	rules := Rules{FailCount: 3, RecoveryCount: 1}
	after, events := evaluateEach(s, points, rules)
	if got := describe(events...); got != "2:alert 1 failed" || after.Number() <= s.Number() {
		t.Errorf("events %q, state %+v", got, after)
	}
	if again, ev := evaluate(after, points, rules, conditions{}); again != after || ev != nil {
		t.Errorf("evaluated again: %+v, event %v", again, ev)
	}
}
