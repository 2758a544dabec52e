package alerting

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/store"
)

func TestOutboxSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail, hook := newScripted("email", "ann", "bob"), newScripted("webhook", "x.test")
		m := owing("a")
		newHarness(t, m, Rules{}, mail, hook)
		settle(time.Hour)
		expectTried(t, mail, "1s a ann+bob")
		expectTried(t, hook, "1s a x.test")
		expectFates(t, m, "a", `email:ann sent "", email:bob sent "", webhook:x.test sent ""`)
	})
}

func TestOutboxWithoutChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := owing("a")
		newHarness(t, m, Rules{}, newScripted("email"))
		settle(2 * time.Second)
		expectFates(t, m, "a", "")
		if a := m.find("a"); a.Attempts != 1 {
			t.Errorf("message %+v", a)
		}
	})
}

func TestOutboxTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann", "bob", "cid")
		mail.set(func(ctx context.Context, a store.Notification, to string) Outcome {
			switch to {
			case "ann":
				return Outcome{Answer: "250 taken"}
			case "bob":
				return Outcome{Answer: "550 unknown", Err: fmt.Errorf("bob: %w", ErrRefused)}
			default:
				return busy(ctx, a, to)
			}
		})
		m := owing("a")
		m.alerts[0].Date = time.Now().Add(time.Hour - sendFor)
		b := newHarness(t, m, Rules{}, mail, newScripted("webhook"))
		settle(10 * time.Minute)
		tries := "1s a ann+bob+cid, 11s a cid, 41s a cid, 1m41s a cid, 3m41s a cid, 8m41s a cid"
		expectTried(t, mail, tries)
		expectFates(t, m, "a", `email:ann sent "250 taken", email:bob failed "550 unknown", email:cid pending "451 later", to be tried`)
		settle(2 * time.Hour)
		expectTried(t, mail, tries+", 18m41s a cid, 33m41s a cid")
		expectFates(t, m, "a", `email:ann sent "250 taken", email:bob failed "550 unknown", email:cid failed "451 later"`)
		want := []Counts{{Channel: "email", Sent: 1, Failed: 1 + 8}, {Channel: "webhook"}}
		if got := b.alerter.Counts(); !slices.Equal(got, want) {
			t.Errorf("counted %+v, want %+v", got, want)
		}
	})
}

func TestATestMessageIsTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann")
		mail.set(busy)
		m := newMemory()
		m.add(store.Notification{ID: "t", Kind: store.KindTest, Date: time.Now(), Next: time.Now()})
		newHarness(t, m, Rules{}, mail)
		settle(time.Hour)
		expectTried(t, mail, "1s t ann")
		expectFates(t, m, "t", `email:ann failed "451 later"`)
	})
}

func TestASenderThatBreaksDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail, hook := newScripted("email", "ann"), newScripted("webhook", "x.test")
		mail.set(func(context.Context, store.Notification, string) Outcome { panic("broken") })
		m := owing("a")
		newHarness(t, m, Rules{}, mail, hook)
		settle(2 * time.Second)
		expectFates(t, m, "a", `email:ann pending "the sender broke down", webhook:x.test sent "", to be tried`)
	})
}

func TestASlowChannelHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail, hook := newScripted("email", "ann"), newScripted("webhook", "x.test")
		hook.set(stuck)
		ids := make([]string, 200)
		for i := range ids {
			ids[i] = fmt.Sprintf("a%03d", i)
		}
		m := owing(ids...)
		newHarness(t, m, Rules{}, mail, hook)
		settle(1500 * time.Millisecond)
		if n := len(mail.all()); n != 200 {
			t.Errorf("%d e-mails while the webhook hangs, want 200", n)
		}
		if n := len(hook.all()); n != atOnce {
			t.Errorf("%d calls of the webhook at once, want %d", n, atOnce)
		}
		settle(attemptTime + 2*time.Second)
		hook.set(nil)
		settle(5 * time.Minute)
		for _, id := range ids {
			expectFates(t, m, id, `email:ann sent "", webhook:x.test sent ""`)
		}
		if n := len(mail.all()); n != 200 {
			t.Errorf("%d e-mails at last, want 200", n)
		}
	})
}

func TestOneOfManyRunnersSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var senders []*scripted
		for range 3 {
			s := newScripted("email", "ann")
			s.set(func(context.Context, store.Notification, string) Outcome {
				time.Sleep(5 * time.Second)
				return Outcome{}
			})
			senders = append(senders, s)
			newHarness(t, m, Rules{}, s)
		}
		for i := range 20 {
			m.add(store.Notification{ID: fmt.Sprint("a", i), Kind: store.KindOpened, Date: time.Now(), Next: time.Now()})
		}
		settle(10 * time.Minute)
		sent := 0
		for _, s := range senders {
			sent += len(s.all())
		}
		if sent != 20 {
			t.Errorf("20 messages were sent %d times", sent)
		}
	})
}

// A claim without anything else is that of a runner that died right after it.
func TestAClaimIsOvertakenAfterTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann")
		m := owing("a")
		m.ClaimNotification(t.Context(), "a", 1, "dead", time.Now())
		newHarness(t, m, Rules{}, mail)
		settle(time.Hour)
		expectTried(t, mail, "3m0s a ann")
		expectFates(t, m, "a", `email:ann sent ""`)
	})
}

func TestARecoveryWaitsForItsAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann", "bob")
		mail.set(func(ctx context.Context, a store.Notification, to string) Outcome {
			if to == "bob" && time.Since(mail.began) < 5*time.Minute {
				return busy(ctx, a, to)
			}
			return Outcome{}
		})
		m := owing("a")
		newHarness(t, m, Rules{}, mail)
		settle(time.Minute)
		m.add(store.Notification{ID: "r", MonitorID: "monitor of a", Incident: 1, Kind: store.KindResolved, Date: time.Now(), Next: time.Now()})
		settle(20 * time.Minute)
		tries := slices.DeleteFunc(strings.Split(mail.tried(), ", "), func(s string) bool { return strings.HasSuffix(s, "a bob") })
		if got, want := strings.Join(tries, ", "), "1s a ann+bob, 1m1s r ann, 8m46s r bob"; got != want {
			t.Errorf("tried %s, want %s", got, want)
		}
	})
}

// Until its fate is stored, nobody but the runner that sent a message knows that it was.
func TestAFateThatCannotBeStored(t *testing.T) {
	noFates := func(_ context.Context, operation, _ string) error {
		if operation == "PutDeliveries" {
			return errAway
		}
		return nil
	}
	for name, meet := range map[string]func(context.Context, string, string) error{"away": away, "only the fates": noFates} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mail := newScripted("email", "ann")
				m := owing("a")
				mail.set(func(context.Context, store.Notification, string) Outcome {
					m.meeting(meet)
					return Outcome{Answer: "taken"}
				})
				newHarness(t, m, Rules{}, mail)
				settle(10 * time.Minute)
				m.meeting(nil)
				settle(10 * time.Minute)
				expectTried(t, mail, "1s a ann")
				expectFates(t, m, "a", `email:ann sent "taken"`)
			})
		})
	}
}

func TestAFateThatAnotherRunnerOvertook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann")
		m := owing("a")
		mail.set(func(ctx context.Context, a store.Notification, to string) Outcome {
			m.meeting(away)
			return busy(ctx, a, to)
		})
		newHarness(t, m, Rules{}, mail)
		settle(time.Hour)
		theirs := store.Notification{ID: "a", Attempts: 2}
		theirs.Deliveries = []store.Delivery{{Channel: "email", To: "ann", Status: store.DeliverySent, Answer: "250 taken"}}
		m.meeting(func(_ context.Context, operation, _ string) error {
			if operation == "DueNotifications" {
				return errAway
			}
			return nil
		})
		if err := m.PutDeliveries(t.Context(), theirs); err != nil {
			t.Fatal(err)
		}
		settle(time.Hour)
		expectFates(t, m, "a", `email:ann sent "250 taken"`)
	})
}

// What was due when it was listed may be done when it is claimed.
func TestAMessageThatWasJustSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann")
		m := owing("a")
		o := newOutbox("here", m, []Sender{mail}, quietLog())
		if err := o.attempt(t.Context(), m.alerts[0]); err != nil {
			t.Fatal(err)
		}
		listed := m.alerts[0]
		listed.Next = listed.Date
		if err := o.attempt(t.Context(), listed); err != nil {
			t.Fatal(err)
		}
		expectTried(t, mail, "0s a ann")
	})
}

func TestStopOfTheOutbox(t *testing.T) {
	for _, tt := range []struct {
		name  string
		sends time.Duration
		took  time.Duration
		fates string
	}{
		{"an attempt that ends soon", 3 * time.Second, 2 * time.Second, `email:ann sent ""`},
		{"an attempt that hangs", time.Hour, sendGrace, `email:ann pending "no answer", to be tried`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mail := newScripted("email", "ann")
				mail.set(func(ctx context.Context, a store.Notification, to string) Outcome {
					select {
					case <-ctx.Done():
						return stuck(ctx, a, to)
					case <-time.After(tt.sends):
						return Outcome{}
					}
				})
				m := owing("a")
				b := newHarness(t, m, Rules{}, mail)
				settle(2 * time.Second)
				stopping := time.Now()
				b.stop()
				if took := time.Since(stopping); took != tt.took {
					t.Errorf("the stop took %v, want %v", took, tt.took)
				}
				expectFates(t, m, "a", tt.fates)

				mail.set(nil)
				newHarness(t, m, Rules{}, mail)
				settle(2 * time.Second)
				expectFates(t, m, "a", `email:ann sent ""`)
			})
		})
	}
}
