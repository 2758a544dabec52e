package notify_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/notify"
)

// tooMany returns an outcome with the wish of the server to get no request for some time.
func tooMany(retryAfter time.Duration) func(context.Context, notify.Message, string) notify.Outcome {
	return func(_ context.Context, _ notify.Message, to string) notify.Outcome {
		if to != "limited.test" {
			return notify.Outcome{Answer: "200 OK"}
		}
		return notify.Outcome{Answer: "429 Too Many Requests", Err: errors.New("429"), RetryAfter: retryAfter}
	}
}

func TestRecipientWaitsForRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook, mail := alertingtest.NewScripted("webhook", "limited.test", "other.test"), alertingtest.NewScripted("email", "ann")
		hook.Set(tooMany(10 * time.Minute))
		m := alertingtest.MemoryWithDue("a")
		newHarness(t, m, hook, mail)
		wait(time.Minute)
		// Another notification, to the same recipients, must wait too.
		m.Add(store.Notification{ID: "b", Kind: store.KindOpened, MonitorID: "other", Date: time.Now(), Next: time.Now()})
		wait(time.Minute)
		expectDeliveries(t, m, "b", `webhook:limited.test pending "the server asked to wait before the next request", webhook:other.test sent "200 OK", email:ann sent "", retry scheduled`)
		m.Add(store.Notification{ID: "t", Kind: store.KindTest, Date: time.Now(), Next: time.Now()})
		wait(time.Minute)
		hook.ExpectAttempts(t, "1s a limited.test+other.test, 1m1s b other.test, 2m1s t limited.test+other.test")
		hook.Set(nil)
		wait(11 * time.Minute)
		last := hook.All()[3:]
		slices.Sort(last)
		if want := []string{"12m1s a limited.test", "12m1s b limited.test"}; !slices.Equal(last, want) {
			t.Errorf("the last attempts are %q, want %q", last, want)
		}
		expectDeliveries(t, m, "a", `webhook:limited.test sent "", webhook:other.test sent "200 OK", email:ann sent ""`)
	})
}

func TestRetryAfterHasLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := alertingtest.NewScripted("webhook", "limited.test")
		hook.Set(tooMany(1000 * time.Hour))
		newHarness(t, alertingtest.MemoryWithDue("a"), hook)
		wait(2*time.Hour + time.Minute)
		hook.ExpectAttempts(t, "1s a limited.test, 1h0m1s a limited.test, 2h0m1s a limited.test")
	})
}
