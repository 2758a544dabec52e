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
		m := memoryWithDue("a")
		newHarness(t, m, Rules{}, mail, hook)
		wait(time.Hour)
		expectAttempts(t, mail, "1s a ann+bob")
		expectAttempts(t, hook, "1s a x.test")
		expectDeliveries(t, m, "a", `email:ann sent "", email:bob sent "", webhook:x.test sent ""`)
	})
}

func TestOutboxWithoutChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memoryWithDue("a")
		newHarness(t, m, Rules{}, newScripted("email"))
		wait(2 * time.Second)
		expectDeliveries(t, m, "a", "")
		if n := m.find("a"); n.Attempts != 1 {
			t.Errorf("notification %+v", n)
		}
	})
}

func TestOutboxRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann", "bob", "cid")
		mail.set(func(ctx context.Context, n store.Notification, to string) Outcome {
			switch to {
			case "ann":
				return Outcome{Answer: "250 accepted"}
			case "bob":
				return Outcome{Answer: "550 unknown", Err: fmt.Errorf("bob: %w", ErrRefused)}
			default:
				return failTemporarily(ctx, n, to)
			}
		})
		m := memoryWithDue("a")
		m.notifications[0].Date = time.Now().Add(time.Hour - retryPeriod)
		h := newHarness(t, m, Rules{}, mail, newScripted("webhook"))
		wait(10 * time.Minute)
		attempts := "1s a ann+bob+cid, 11s a cid, 41s a cid, 1m41s a cid, 3m41s a cid, 8m41s a cid"
		expectAttempts(t, mail, attempts)
		expectDeliveries(t, m, "a", `email:ann sent "250 accepted", email:bob failed "550 unknown", email:cid pending "451 later", retry scheduled`)
		wait(2 * time.Hour)
		expectAttempts(t, mail, attempts+", 18m41s a cid, 33m41s a cid")
		expectDeliveries(t, m, "a", `email:ann sent "250 accepted", email:bob failed "550 unknown", email:cid failed "451 later"`)
		want := []Counts{{Channel: "email", Sent: 1, Failed: 1 + 8}, {Channel: "webhook"}}
		if got := h.alerter.Counts(); !slices.Equal(got, want) {
			t.Errorf("counted %+v, want %+v", got, want)
		}
	})
}

func TestTestNotificationIsTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann")
		mail.set(failTemporarily)
		m := newMemory()
		m.add(store.Notification{ID: "t", Kind: store.KindTest, Date: time.Now(), Next: time.Now()})
		newHarness(t, m, Rules{}, mail)
		wait(time.Hour)
		expectAttempts(t, mail, "1s t ann")
		expectDeliveries(t, m, "t", `email:ann failed "451 later"`)
	})
}

func TestChannelPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail, hook := newScripted("email", "ann"), newScripted("webhook", "x.test")
		mail.set(func(context.Context, store.Notification, string) Outcome { panic("broken") })
		m := memoryWithDue("a")
		newHarness(t, m, Rules{}, mail, hook)
		wait(2 * time.Second)
		expectDeliveries(t, m, "a", `email:ann pending "internal error in this channel", webhook:x.test sent "", retry scheduled`)
	})
}

func TestSlowChannelDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail, hook := newScripted("email", "ann"), newScripted("webhook", "x.test")
		hook.set(hangUntilCancelled)
		ids := make([]string, 200)
		for i := range ids {
			ids[i] = fmt.Sprintf("a%03d", i)
		}
		m := memoryWithDue(ids...)
		newHarness(t, m, Rules{}, mail, hook)
		wait(1500 * time.Millisecond)
		if n := len(mail.all()); n != 200 {
			t.Errorf("%d e-mails while the webhook hangs, want 200", n)
		}
		if n := len(hook.all()); n != maxConcurrent {
			t.Errorf("%d calls of the webhook at once, want %d", n, maxConcurrent)
		}
		wait(attemptTimeout + 2*time.Second)
		hook.set(nil)
		wait(5 * time.Minute)
		for _, id := range ids {
			expectDeliveries(t, m, id, `email:ann sent "", webhook:x.test sent ""`)
		}
		if n := len(mail.all()); n != 200 {
			t.Errorf("%d e-mails in the end, want 200", n)
		}
	})
}

func TestOnlyOneRunnerSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var channels []*scripted
		for range 3 {
			s := newScripted("email", "ann")
			s.set(func(context.Context, store.Notification, string) Outcome {
				time.Sleep(5 * time.Second)
				return Outcome{}
			})
			channels = append(channels, s)
			newHarness(t, m, Rules{}, s)
		}
		for i := range 20 {
			m.add(store.Notification{ID: fmt.Sprint("a", i), Kind: store.KindOpened, Date: time.Now(), Next: time.Now()})
		}
		wait(10 * time.Minute)
		sent := 0
		for _, s := range channels {
			sent += len(s.all())
		}
		if sent != 20 {
			t.Errorf("20 notifications were sent %d times", sent)
		}
	})
}

// A claim without a delivery status comes from a runner that crashed right after it.
func TestClaimExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann")
		m := memoryWithDue("a")
		m.ClaimNotification(t.Context(), "a", 1, "dead", time.Now())
		newHarness(t, m, Rules{}, mail)
		wait(time.Hour)
		expectAttempts(t, mail, "3m0s a ann")
		expectDeliveries(t, m, "a", `email:ann sent ""`)
	})
}

func TestResolvedWaitsForOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann", "bob")
		mail.set(func(ctx context.Context, n store.Notification, to string) Outcome {
			if to == "bob" && time.Since(mail.began) < 5*time.Minute {
				return failTemporarily(ctx, n, to)
			}
			return Outcome{}
		})
		m := memoryWithDue("a")
		newHarness(t, m, Rules{}, mail)
		wait(time.Minute)
		m.add(store.Notification{ID: "r", MonitorID: "monitor of a", Incident: 1, Kind: store.KindResolved, Date: time.Now(), Next: time.Now()})
		wait(20 * time.Minute)
		attempts := slices.DeleteFunc(strings.Split(mail.attempts(), ", "), func(s string) bool { return strings.HasSuffix(s, "a bob") })
		if got, want := strings.Join(attempts, ", "), "1s a ann+bob, 1m1s r ann, 8m46s r bob"; got != want {
			t.Errorf("tried %s, want %s", got, want)
		}
	})
}

// Until the deliveries are stored, only the runner that sent a notification knows that it did.
func TestDeliveriesThatCannotBeStored(t *testing.T) {
	deliveriesFail := func(_ context.Context, operation, _ string) error {
		if operation == "PutDeliveries" {
			return errUnavailable
		}
		return nil
	}
	for name, intercept := range map[string]func(context.Context, string, string) error{"all calls": storeUnavailable, "only the deliveries": deliveriesFail} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mail := newScripted("email", "ann")
				m := memoryWithDue("a")
				mail.set(func(context.Context, store.Notification, string) Outcome {
					m.setIntercept(intercept)
					return Outcome{Answer: "accepted"}
				})
				newHarness(t, m, Rules{}, mail)
				wait(10 * time.Minute)
				m.setIntercept(nil)
				wait(10 * time.Minute)
				expectAttempts(t, mail, "1s a ann")
				expectDeliveries(t, m, "a", `email:ann sent "accepted"`)
			})
		})
	}
}

func TestDeliveriesOfLaterAttemptStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann")
		m := memoryWithDue("a")
		mail.set(func(ctx context.Context, n store.Notification, to string) Outcome {
			m.setIntercept(storeUnavailable)
			return failTemporarily(ctx, n, to)
		})
		newHarness(t, m, Rules{}, mail)
		wait(time.Hour)
		later := store.Notification{ID: "a", Attempts: 2}
		later.Deliveries = []store.Delivery{{Channel: "email", To: "ann", Status: store.DeliverySent, Answer: "250 accepted"}}
		m.setIntercept(func(_ context.Context, operation, _ string) error {
			if operation == "DueNotifications" {
				return errUnavailable
			}
			return nil
		})
		if err := m.PutDeliveries(t.Context(), later); err != nil {
			t.Fatal(err)
		}
		wait(time.Hour)
		expectDeliveries(t, m, "a", `email:ann sent "250 accepted"`)
	})
}

// A notification that was due when it was listed may be sent before it is claimed.
func TestNotificationAlreadySent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := newScripted("email", "ann")
		m := memoryWithDue("a")
		o := newOutbox("here", m, []Channel{mail}, quietLog())
		if err := o.attempt(t.Context(), m.notifications[0]); err != nil {
			t.Fatal(err)
		}
		listed := m.notifications[0]
		listed.Next = listed.Date
		if err := o.attempt(t.Context(), listed); err != nil {
			t.Fatal(err)
		}
		expectAttempts(t, mail, "0s a ann")
	})
}

func TestOutboxStops(t *testing.T) {
	for _, tt := range []struct {
		name       string
		sends      time.Duration
		took       time.Duration
		deliveries string
	}{
		{"an attempt that ends soon", 3 * time.Second, 2 * time.Second, `email:ann sent ""`},
		{"an attempt that hangs", time.Hour, sendGrace, `email:ann pending "no answer", retry scheduled`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mail := newScripted("email", "ann")
				mail.set(func(ctx context.Context, n store.Notification, to string) Outcome {
					select {
					case <-ctx.Done():
						return hangUntilCancelled(ctx, n, to)
					case <-time.After(tt.sends):
						return Outcome{}
					}
				})
				m := memoryWithDue("a")
				h := newHarness(t, m, Rules{}, mail)
				wait(2 * time.Second)
				stopping := time.Now()
				h.stop()
				if took := time.Since(stopping); took != tt.took {
					t.Errorf("the stop took %v, want %v", took, tt.took)
				}
				expectDeliveries(t, m, "a", tt.deliveries)

				mail.set(nil)
				newHarness(t, m, Rules{}, mail)
				wait(2 * time.Second)
				expectDeliveries(t, m, "a", `email:ann sent ""`)
			})
		})
	}
}
