package notify_test

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
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/notify"
)

func TestOutboxSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail, hook := alertingtest.NewScripted("email", "ann", "bob"), alertingtest.NewScripted("webhook", "x.test")
		m := alertingtest.MemoryWithDue("a")
		newHarness(t, m, mail, hook)
		wait(time.Hour)
		mail.ExpectAttempts(t, "1s a ann+bob")
		hook.ExpectAttempts(t, "1s a x.test")
		expectDeliveries(t, m, "a", `email:ann sent "", email:bob sent "", webhook:x.test sent ""`)
	})
}

// The clock of a runner may have been corrected. All stored dates are from it.
func TestDeliveriesHaveDatesOfTheRunnersClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.MemoryWithDue("a")
		ahead := func() time.Time { return time.Now().Add(10 * time.Minute) }
		newHarnessAt(t, ahead, m, alertingtest.NewScripted("email", "ann"))
		wait(notify.PollInterval)
		if n := m.Find("a"); !n.Deliveries[0].Tried.Equal(ahead()) {
			t.Errorf("tried at %s, want %s", n.Deliveries[0].Tried, ahead())
		}
	})
}

func TestOutboxWithoutChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.MemoryWithDue("a")
		newHarness(t, m, alertingtest.NewScripted("email"))
		wait(2 * time.Second)
		expectDeliveries(t, m, "a", "")
		if n := m.Find("a"); n.Attempts != 1 {
			t.Errorf("notification %+v", n)
		}
	})
}

func TestOutboxRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := alertingtest.NewScripted("email", "ann", "bob", "cid")
		mail.Set(func(ctx context.Context, n notify.Message, to string) notify.Outcome {
			switch to {
			case "ann":
				return notify.Outcome{Answer: "250 accepted"}
			case "bob":
				return notify.Outcome{Answer: "550 unknown", Err: fmt.Errorf("bob: %w", notify.ErrRefused)}
			default:
				return alertingtest.FailTemporarily(ctx, n, to)
			}
		})
		m := alertingtest.MemoryWithDue("a")
		m.List[0].Date = time.Now().Add(time.Hour - notify.RetryPeriod)
		h := newHarness(t, m, mail, alertingtest.NewScripted("webhook"))
		wait(10 * time.Minute)
		attempts := "1s a ann+bob+cid, 11s a cid, 41s a cid, 1m41s a cid, 3m41s a cid, 8m41s a cid"
		mail.ExpectAttempts(t, attempts)
		expectDeliveries(t, m, "a", `email:ann sent "250 accepted", email:bob failed "550 unknown", email:cid pending "451 later", retry scheduled`)
		wait(2 * time.Hour)
		mail.ExpectAttempts(t, attempts+", 18m41s a cid, 33m41s a cid")
		expectDeliveries(t, m, "a", `email:ann sent "250 accepted", email:bob failed "550 unknown", email:cid failed "451 later"`)
		want := []notify.Counts{{Channel: "email", Sent: 1, Failed: 1 + 8}, {Channel: "webhook"}}
		if got := h.outbox.Counts(); !slices.Equal(got, want) {
			t.Errorf("counted %+v, want %+v", got, want)
		}
	})
}

func TestTestNotificationIsTriedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := alertingtest.NewScripted("email", "ann")
		mail.Set(alertingtest.FailTemporarily)
		m := alertingtest.NewMemory()
		m.Add(store.Notification{ID: "t", Kind: store.KindTest, Date: time.Now(), Next: time.Now()})
		newHarness(t, m, mail)
		wait(time.Hour)
		mail.ExpectAttempts(t, "1s t ann")
		expectDeliveries(t, m, "t", `email:ann failed "451 later"`)
	})
}

func TestChannelPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail, hook := alertingtest.NewScripted("email", "ann"), alertingtest.NewScripted("webhook", "x.test")
		mail.Set(func(context.Context, notify.Message, string) notify.Outcome { panic("broken") })
		m := alertingtest.MemoryWithDue("a")
		newHarness(t, m, mail, hook)
		wait(2 * time.Second)
		expectDeliveries(t, m, "a", `email:ann pending "internal error in this channel", webhook:x.test sent "", retry scheduled`)
	})
}

func TestSlowChannelDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail, hook := alertingtest.NewScripted("email", "ann"), alertingtest.NewScripted("webhook", "x.test")
		hook.Set(alertingtest.HangUntilCancelled)
		ids := make([]string, 200)
		for i := range ids {
			ids[i] = fmt.Sprintf("a%03d", i)
		}
		m := alertingtest.MemoryWithDue(ids...)
		newHarness(t, m, mail, hook)
		wait(1500 * time.Millisecond)
		if n := len(mail.All()); n != 200 {
			t.Errorf("%d e-mails while the webhook hangs, want 200", n)
		}
		if n := len(hook.All()); n != notify.MaxConcurrent {
			t.Errorf("%d calls of the webhook at once, want %d", n, notify.MaxConcurrent)
		}
		wait(notify.AttemptTimeout + 2*time.Second)
		hook.Set(nil)
		wait(5 * time.Minute)
		for _, id := range ids {
			expectDeliveries(t, m, id, `email:ann sent "", webhook:x.test sent ""`)
		}
		if n := len(mail.All()); n != 200 {
			t.Errorf("%d e-mails in the end, want 200", n)
		}
	})
}

func TestOnlyOneRunnerSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.NewMemory()
		var channels []*alertingtest.Scripted
		for range 3 {
			s := alertingtest.NewScripted("email", "ann")
			s.Set(func(context.Context, notify.Message, string) notify.Outcome {
				time.Sleep(5 * time.Second)
				return notify.Outcome{}
			})
			channels = append(channels, s)
			newHarness(t, m, s)
		}
		for i := range 20 {
			m.Add(store.Notification{ID: fmt.Sprint("a", i), Kind: store.KindOpened, Date: time.Now(), Next: time.Now()})
		}
		wait(10 * time.Minute)
		sent := 0
		for _, s := range channels {
			sent += len(s.All())
		}
		if sent != 20 {
			t.Errorf("20 notifications were sent %d times", sent)
		}
	})
}

// A claim without a delivery status comes from a runner that crashed right after it.
func TestClaimExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := alertingtest.NewScripted("email", "ann")
		m := alertingtest.MemoryWithDue("a")
		m.ClaimNotification(t.Context(), "a", 1, "dead", time.Now())
		newHarness(t, m, mail)
		wait(time.Hour)
		mail.ExpectAttempts(t, "3m0s a ann")
		expectDeliveries(t, m, "a", `email:ann sent ""`)
	})
}

func TestResolvedWaitsForOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := alertingtest.NewScripted("email", "ann", "bob")
		mail.Set(func(ctx context.Context, n notify.Message, to string) notify.Outcome {
			if to == "bob" && time.Since(mail.Began) < 5*time.Minute {
				return alertingtest.FailTemporarily(ctx, n, to)
			}
			return notify.Outcome{}
		})
		m := alertingtest.MemoryWithDue("a")
		newHarness(t, m, mail)
		wait(time.Minute)
		m.Add(store.Notification{ID: "r", MonitorID: "monitor of a", Incident: 1, Kind: store.KindResolved, Date: time.Now(), Next: time.Now()})
		wait(20 * time.Minute)
		attempts := slices.DeleteFunc(strings.Split(mail.Attempts(), ", "), func(s string) bool { return strings.HasSuffix(s, "a bob") })
		if got, want := strings.Join(attempts, ", "), "1s a ann+bob, 1m1s r ann, 8m46s r bob"; got != want {
			t.Errorf("tried %s, want %s", got, want)
		}
	})
}

// Until the deliveries are stored, only the runner that sent a notification knows that it did.
// Notifications of the same incident are due at the end of a silence that is longer than the retry period.
func TestOrderAfterALongSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, mail := alertingtest.NewMemory(), alertingtest.NewScripted("email", "ann", "bob")
		m.Silence("m", time.Now().Add(48*time.Hour))
		for i, kind := range []store.NotificationKind{store.KindAcknowledged, store.KindResolved} {
			at := monitor.Date(time.Now().Add(time.Duration(i) * time.Hour))
			m.Add(store.Notification{
				ID: store.NotificationID("m", 1, kind, 0), MonitorID: "m", Incident: 1, Kind: kind, Date: at, Next: at,
			})
		}
		mail.Set(func(ctx context.Context, n notify.Message, to string) notify.Outcome {
			time.Sleep(time.Second)
			if to == "bob" {
				return alertingtest.FailTemporarily(ctx, n, to)
			}
			return notify.Outcome{}
		})
		newHarness(t, m, mail)
		wait(96 * time.Hour)
		mail.ExpectAttempts(t, "48h0m0s m-1-acknowledged ann+bob, 48h0m10s m-1-recovery ann+bob")
		expectDeliveries(t, m, "m-1-recovery", `email:ann sent "", email:bob failed "451 later"`)
	})
}

// An alert waits for the recovery of an incident before a silence, in which many incidents opened and ended.
func TestOrderAfterManySilencedNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, mail := alertingtest.NewMemory(), alertingtest.NewScripted("email", "ann")
		add := func(incident int, kind store.NotificationKind, silenced bool) {
			wait(time.Second)
			n := store.Notification{
				ID: store.NotificationID("m", incident, kind, 0), MonitorID: "m", Incident: incident, Kind: kind,
				Date: monitor.Date(time.Now()), Silenced: silenced,
			}
			if !silenced {
				n.Next = n.Date
			}
			m.Add(n)
		}
		add(1, store.KindResolved, false)
		for incident := range 30 {
			add(2+incident, store.KindOpened, true)
			add(2+incident, store.KindResolved, true)
		}
		add(32, store.KindOpened, false)
		mail.Set(func(context.Context, notify.Message, string) notify.Outcome {
			time.Sleep(time.Second)
			return notify.Outcome{}
		})
		newHarness(t, m, mail)
		wait(time.Minute)
		mail.ExpectAttempts(t, "1m3s m-1-recovery ann, 1m13s m-32-alert ann")
	})
}

func TestDeliveriesThatCannotBeStored(t *testing.T) {
	deliveriesFail := func(_ context.Context, operation, _ string) error {
		if operation == "PutDeliveries" {
			return alertingtest.ErrUnavailable
		}
		return nil
	}
	for name, intercept := range map[string]func(context.Context, string, string) error{"all calls": alertingtest.StoreUnavailable, "only the deliveries": deliveriesFail} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mail := alertingtest.NewScripted("email", "ann")
				m := alertingtest.MemoryWithDue("a")
				mail.Set(func(context.Context, notify.Message, string) notify.Outcome {
					m.SetIntercept(intercept)
					return notify.Outcome{Answer: "accepted"}
				})
				newHarness(t, m, mail)
				wait(10 * time.Minute)
				m.SetIntercept(nil)
				wait(10 * time.Minute)
				mail.ExpectAttempts(t, "1s a ann")
				expectDeliveries(t, m, "a", `email:ann sent "accepted"`)
			})
		})
	}
}

func TestDeliveriesOfLaterAttemptStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := alertingtest.NewScripted("email", "ann")
		m := alertingtest.MemoryWithDue("a")
		mail.Set(func(ctx context.Context, n notify.Message, to string) notify.Outcome {
			m.SetIntercept(alertingtest.StoreUnavailable)
			return alertingtest.FailTemporarily(ctx, n, to)
		})
		newHarness(t, m, mail)
		wait(time.Hour)
		later := store.Notification{ID: "a", Attempts: 2}
		later.Deliveries = []store.Delivery{{Channel: "email", To: "ann", Status: store.DeliverySent, Answer: "250 accepted"}}
		m.SetIntercept(func(_ context.Context, operation, _ string) error {
			if operation == "DueNotifications" {
				return alertingtest.ErrUnavailable
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
		mail := alertingtest.NewScripted("email", "ann")
		m := alertingtest.MemoryWithDue("a")
		o := newOutbox(m, mail)
		if err := o.Attempt(t.Context(), m.List[0]); err != nil {
			t.Fatal(err)
		}
		listed := m.List[0]
		listed.Next = listed.Date
		if err := o.Attempt(t.Context(), listed); err != nil {
			t.Fatal(err)
		}
		mail.ExpectAttempts(t, "0s a ann")
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
		{"an attempt that hangs", time.Hour, notify.SendGrace, `email:ann pending "no answer", retry scheduled`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mail := alertingtest.NewScripted("email", "ann")
				mail.Set(func(ctx context.Context, n notify.Message, to string) notify.Outcome {
					select {
					case <-ctx.Done():
						return alertingtest.HangUntilCancelled(ctx, n, to)
					case <-time.After(tt.sends):
						return notify.Outcome{}
					}
				})
				m := alertingtest.MemoryWithDue("a")
				h := newHarness(t, m, mail)
				wait(2 * time.Second)
				stopping := time.Now()
				h.stop()
				if took := time.Since(stopping); took != tt.took {
					t.Errorf("the stop took %v, want %v", took, tt.took)
				}
				expectDeliveries(t, m, "a", tt.deliveries)

				mail.Set(nil)
				newHarness(t, m, mail)
				wait(2 * time.Second)
				expectDeliveries(t, m, "a", `email:ann sent ""`)
			})
		})
	}
}
