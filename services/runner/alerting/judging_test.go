package alerting

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestRoundOfManyMonitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 1})
		ids := make([]string, 2500)
		for i := range ids {
			ids[i] = fmt.Sprintf("%024x", i)
		}
		b.alerter.Monitors(monitorsNamed(ids...), all)
		for i, tt := range []struct{ letter, want string }{
			{"o", "map[IncidentStates:3 Notifications:1]"},
			{"o", "map[]"},
			{"f", "map[AddNotifications:1 IncidentStates:3 PutIncidentStates:1]"},
			{"f", "map[IncidentStates:3 PutIncidentStates:1]"},
			{"o", "map[AddNotifications:1 IncidentStates:3 PutIncidentStates:1]"},
			{"o", "map[]"},
		} {
			b.meeting(nil)
			time.Sleep(time.Second)
			for _, id := range ids {
				b.found(id, tt.letter)
			}
			settle(time.Second)
			if got := fmt.Sprint(b.counted()); got != tt.want {
				t.Errorf("step %d: calls %s, want %s", i, got, tt.want)
			}
		}
	})
}

func TestMessageOfAnAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{})
		b.alerter.Monitors(monitorsNamed("m"), all)
		b.found("m", "fef")
		settle(time.Second)
		b.expect(t, "m-1-alert")
		a := b.alerts[0]
		last := b.chains["m"].Latest
		if a.MonitorName != "name of m" || a.MonitorType != "http" || a.MonitorTarget != "http://x.test" || a.Group != "g" ||
			a.Message != last.Message || a.Status != monitor.StatusFailed || !a.Date.Equal(last.Date) || !a.Opened.Equal(last.Date.Add(-2*time.Second)) {
			t.Errorf("message %+v", a)
		}
	})
}

func TestAMonitorsOwnSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 3})
		ms := monitorsNamed("early", "muted")
		ms[0].Properties = map[string]string{"alertFailCount": "1", "alertTo": "a@x.test, b@x.test"}
		ms[1].Properties = map[string]string{"alertMute": "true"}
		b.alerter.Monitors(ms, all)
		b.found("early", "f")
		b.found("muted", "ffff")
		settle(time.Second)
		b.expect(t, "early-1-alert")
		if to := b.alerts[0].To; !slices.Equal(to, []string{"a@x.test", "b@x.test"}) {
			t.Errorf("the alert goes to %v", to)
		}

		// What was bad while it was muted doesn't count.
		ms[1].Properties = nil
		b.alerter.Monitors(ms, all)
		settle(5 * time.Second)
		b.found("muted", "ff")
		settle(time.Second)
		b.expect(t, "early-1-alert")
		b.found("muted", "f")
		settle(time.Second)
		b.expect(t, "early-1-alert muted-1-alert")

		// An incident that is muted goes on afterwards.
		ms[1].Properties = map[string]string{"alertMute": "true"}
		b.alerter.Monitors(ms, all)
		settle(time.Second)
		b.found("muted", "o")
		settle(time.Second)
		b.expect(t, "early-1-alert muted-1-alert")
		ms[1].Properties = nil
		b.alerter.Monitors(ms, all)
		b.found("muted", "o")
		settle(time.Second)
		b.expect(t, "early-1-alert muted-1-alert muted-1-recovery")
	})
}

func TestClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 1})
		ms := monitorsNamed("a", "b", "c", "d")
		b.alerter.Monitors(ms, func(id string) bool { return id != "d" })
		for _, m := range ms {
			b.found(m.ID, "f")
		}
		settle(time.Second)
		b.expect(t, "a-1-alert b-1-alert c-1-alert")

		// A monitor that is another runner's now goes on there; one that is disabled or gone is closed, whoever had it.
		ms[0].Enabled = false
		b.states["d"] = store.IncidentState{MonitorID: "d", Phase: store.PhaseOpen, Incident: 4, Evaluated: time.Now()}
		b.alerter.Monitors(slices.Delete(slices.Clone(ms), 3, 4)[:2], func(id string) bool { return id == "a" })
		settle(time.Second)
		want := "a-1-alert b-1-alert c-1-alert a-1-closed c-1-closed d-4-closed"
		b.expect(t, want)
		for _, a := range b.alerts[3:] {
			if len(a.Deliveries) > 0 || a.Message == "" {
				t.Errorf("closing %+v", a)
			}
		}

		b.found("a", "f")
		settle(time.Second)
		b.expect(t, want)
		ms[0].Enabled = true
		b.alerter.Monitors(ms[:2], all)
		settle(time.Second)
		b.found("a", "f")
		settle(time.Second)
		b.expect(t, want+" a-2-alert")
	})
}

// Somebody may put a monitor back before its deletion is dealt with, and have it given to another runner.
func TestDeletedAndPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 1})
		b.alerter.Monitors(monitorsNamed("m"), all)
		b.found("m", "f")
		settle(time.Second)
		b.meeting(away)
		b.alerter.Monitors(nil, all)
		settle(time.Second)
		b.alerter.Monitors(monitorsNamed("m"), func(string) bool { return false })
		settle(time.Second)
		b.meeting(nil)
		settle(time.Minute)
		b.expect(t, "m-1-alert")
	})
}

func TestDisabledWhileNobodyWasThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.states["a"] = store.IncidentState{MonitorID: "a", Phase: store.PhaseRecovering, Incident: 3, Evaluated: time.Now(), Count: 1}
		// This one was deleted.
		m.add(store.Notification{ID: "g-1-alert", MonitorID: "g", Incident: 1, Kind: store.KindOpened, Date: time.Now()})
		time.Sleep(time.Hour)
		b := newHarness(t, m, Rules{})
		ms := monitorsNamed("a")
		ms[0].Enabled = false
		b.alerter.Monitors(ms, all)
		settle(2 * time.Second)
		b.expect(t, "g-1-alert a-3-closed g-1-closed")
	})
}

// A runner may die after it stored a message and before it stored the state, and another one may be judging, too.
func TestMessagesThatAreStoredAlready(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stored []store.NotificationKind
		found  string
		want   string
	}{
		{"its own", []store.NotificationKind{store.KindOpened}, "f", "m-1-alert"},
		{"well since", []store.NotificationKind{store.KindOpened}, "fo", "m-1-alert m-1-recovery"},
		{"never bad for this runner", []store.NotificationKind{store.KindOpened}, "o", "m-1-alert m-1-recovery"},
		{"over", []store.NotificationKind{store.KindOpened, store.KindResolved}, "f", "m-1-alert m-1-recovery m-2-alert"},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, late), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := newMemory()
					date := time.Now()
					time.Sleep(time.Second)
					insert := func() {
						for i, kind := range tt.stored {
							m.add(store.Notification{
								ID: store.NotificationID("m", 1, kind, 0), MonitorID: "m", Incident: 1, Kind: kind,
								Date: date.Add(time.Duration(i) * time.Millisecond), Status: monitor.StatusFailed,
							})
						}
					}
					if !late {
						insert()
					}
					b := newHarness(t, m, Rules{FailCount: 1})
					b.alerter.Monitors(monitorsNamed("m"), all)
					settle(time.Second)
					if late {
						// The other runner was fast: this one comes to know of it by the insert, or when it looks.
						insert()
						if strings.HasSuffix(tt.found, "o") {
							settle(time.Minute)
						}
					}
					time.Sleep(3 * time.Second)
					b.found("m", tt.found)
					settle(time.Second)
					b.expect(t, tt.want)
				})
			})
		}
	}
}

func away(context.Context, string, string) error { return errAway }

func hang(ctx context.Context, _, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// Another runner may tell of the end of an incident, and be too late to store the state.
func TestAnEndThatIsNotInTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 1})
		b.alerter.Monitors(monitorsNamed("m"), all)
		b.found("m", "f")
		settle(time.Second)
		b.add(store.Notification{ID: "m-1-recovery", MonitorID: "m", Incident: 1, Kind: store.KindResolved, Date: time.Now()})
		settle(time.Minute)
		b.found("m", "o")
		settle(time.Second)
		b.expect(t, "m-1-alert m-1-recovery")
		if s := b.states["m"]; s.Phase != store.PhaseOK || s.Incident != 1 {
			t.Errorf("stored state %+v", s)
		}
	})
}

func TestJudgingWaitsForTheStore(t *testing.T) {
	for name, meet := range map[string]func(context.Context, string, string) error{"away": away, "hanging": hang} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newHarness(t, newMemory(), Rules{FailCount: 1})
				b.alerter.Monitors(monitorsNamed("a", "b"), all)
				b.found("a", "o")
				b.found("b", "o")
				settle(time.Second)
				b.meeting(meet)
				b.found("a", "f")
				b.found("b", "f")
				settle(time.Minute)
				if n := b.counted()["IncidentStates"]; n < 4 || n > 20 {
					t.Errorf("%d attempts in a minute", n)
				}
				b.found("a", "fo")
				settle(time.Second)
				b.meeting(nil)
				settle(15 * time.Second)
				b.expect(t, "b-1-alert")
			})
		})
	}
}

func TestStopJudgesWhatIsThere(t *testing.T) {
	for _, tt := range []struct {
		name string
		meet func(context.Context, string, string) error
		want string
		took time.Duration
	}{
		{"the store answers", nil, "m-1-alert", 0},
		{"the store is away", away, "", 0},
		{"the store hangs", hang, "", lastRound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newHarness(t, newMemory(), Rules{FailCount: 1})
				b.alerter.Monitors(monitorsNamed("m"), all)
				settle(1100 * time.Millisecond)
				b.meeting(tt.meet)
				b.found("m", "f")
				stopping := time.Now()
				b.stop()
				b.expect(t, tt.want)
				if took := time.Since(stopping); took != tt.took {
					t.Errorf("the stop took %v, want %v", took, tt.took)
				}
			})
		})
	}
}
