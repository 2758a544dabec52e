package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/notify"
)

var errDiskFull = &monitor.UnavailableError{Detail: "the disk with the database is full", Hint: "free disk space"}

// storeFailure runs a test with an outbox, a store watch and one channel in a synctest bubble.
func storeFailure(t *testing.T, test func(t *testing.T, h *harness, c *alertingtest.Scripted)) {
	synctest.Test(t, func(t *testing.T) {
		c := alertingtest.NewScripted("hook", "a")
		test(t, newHarness(t, alertingtest.NewMemory(), c), c)
	})
}

func wantAttempts(t *testing.T, c *alertingtest.Scripted, want int) {
	t.Helper()
	if got := c.All(); len(got) != want {
		t.Fatalf("attempts %q, want %d", got, want)
	}
}

func TestFullDiskIsNotifiedFromMemory(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *alertingtest.Scripted) {
		var sent notify.Message
		c.Set(func(_ context.Context, n notify.Message, _ string) notify.Outcome {
			sent = n
			return notify.Outcome{Answer: "200"}
		})
		h.watch.Set(time.Now(), errDiskFull)
		wait(notify.KnownFailureDelay - time.Second)
		wantAttempts(t, c, 0)
		wait(2 * time.Second)
		wantAttempts(t, c, 1)
		title := sent.Content.Title
		if title != "Runner here can't use the database" || !strings.Contains(sent.Result, "disk with the database is full") {
			t.Errorf("title %q, message %q", title, sent.Result)
		}
		h.watch.Set(time.Now().Add(-time.Minute), errDiskFull)
		wait(time.Hour)
		wantAttempts(t, c, 1)
		if ids := h.IDs(); ids != "" {
			t.Errorf("stored notifications %q", ids)
		}

		h.watch.Set(time.Time{}, nil)
		wait(notify.StoreRecoveryDelay + 5*time.Second)
		wantAttempts(t, c, 2)
		if sent.Kind != string(store.KindStoreAvailable) {
			t.Errorf("kind %q", sent.Kind)
		}
		if ids := strings.Fields(h.IDs()); len(ids) != 2 {
			t.Errorf("stored notifications %q, want two", ids)
		}
	})
}

func TestUnknownErrorOfStoreIsNotified(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *alertingtest.Scripted) {
		message := ""
		c.Set(func(_ context.Context, m notify.Message, _ string) notify.Outcome {
			message = m.Result
			return notify.Outcome{Answer: "200"}
		})
		h.watch.Set(time.Now(), fmt.Errorf("append batch: %w: code 1: no engine", store.ErrUnknown))
		wait(notify.StoreFailureDelay + time.Second)
		if !strings.HasPrefix(message, "The database answers with an unknown error; see the log of this runner. ") {
			t.Errorf("message %q", message)
		}
	})
}

func TestShortStoreFailureIsNotNotified(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *alertingtest.Scripted) {
		for range 3 {
			h.watch.Set(time.Now(), errors.New("no answer"))
			wait(notify.StoreFailureDelay - time.Second)
			h.watch.Set(time.Time{}, nil)
			wait(time.Hour)
		}
		wantAttempts(t, c, 0)
		h.watch.Set(time.Now(), errors.New("no answer"))
		wait(notify.StoreFailureDelay + time.Second)
		wantAttempts(t, c, 1)
	})
}

// TestFailureThatReturnsIsTheSame fills a disk on which some writes succeed.
func TestFailureThatReturnsIsTheSame(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *alertingtest.Scripted) {
		for range 20 {
			h.watch.Set(time.Now(), errDiskFull)
			wait(5 * time.Second)
			h.watch.Set(time.Time{}, nil)
			wait(5 * time.Second)
		}
		wantAttempts(t, c, 1)
	})
}

func TestStoreFailureIsRetried(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *alertingtest.Scripted) {
		c.Set(alertingtest.FailTemporarily)
		h.watch.Set(time.Now(), errDiskFull)
		wait(notify.KnownFailureDelay + notify.RetryDelays[0] + notify.RetryDelays[1] + 5*time.Second)
		wantAttempts(t, c, 3)
		h.watch.Set(time.Time{}, nil)
		wait(notify.StoreRecoveryDelay + time.Second)
		c.Set(nil)
		wait(time.Hour)
		attempts := c.All()
		last := attempts[len(attempts)-1]
		if !strings.Contains(last, string(store.KindStoreAvailable)) {
			t.Errorf("attempts %q, want the end last", attempts)
		}
	})
}

// TestStoreFailureHasDatesOfTheRunner uses a runner that has corrected its clock by ten minutes.
func TestStoreFailureHasDatesOfTheRunner(t *testing.T) {
	for name, correction := range map[string]time.Duration{"fast": -10 * time.Minute, "slow": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := alertingtest.NewScripted("hook", "a")
				now := func() time.Time { return time.Now().Add(correction) }
				h := newHarnessAt(t, now, alertingtest.NewMemory(), c)
				c.Set(alertingtest.FailTemporarily)
				began := now()
				h.watch.Set(time.Now(), errDiskFull)
				wait(notify.KnownFailureDelay + 5*time.Second)
				wantAttempts(t, c, 1)
				wait(notify.RetryDelays[0])
				wantAttempts(t, c, 2)
				h.watch.Set(time.Time{}, nil)
				recovered := now()
				wait(notify.StoreRecoveryDelay + 5*time.Second)
				ids := strings.Fields(h.IDs())
				for _, id := range ids {
					n := h.Get(id)
					late := n.Date.Sub(recovered)
					if n.Kind == store.KindStoreUnavailable {
						late = n.Date.Sub(began) - notify.KnownFailureDelay
					}
					if !n.Opened.Equal(began) || late < 0 || late > notify.PollInterval {
						t.Errorf("%s: opened at %s, date %s", n.Kind, n.Opened, n.Date)
					}
				}
				if len(ids) != 2 {
					t.Errorf("%d notifications, want 2", len(ids))
				}
			})
		})
	}
}
