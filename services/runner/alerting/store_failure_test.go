package alerting

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
)

var errDiskFull = &monitor.UnavailableError{Detail: "the disk with the database is full", Hint: "free disk space"}

// storeFailure runs a test with an alerter and one channel in a synctest bubble.
func storeFailure(t *testing.T, test func(t *testing.T, h *harness, c *scripted)) {
	synctest.Test(t, func(t *testing.T) {
		c := newScripted("hook", "a")
		test(t, newHarness(t, newMemory(), Rules{}, c), c)
	})
}

func wantAttempts(t *testing.T, c *scripted, want int) {
	t.Helper()
	if got := c.all(); len(got) != want {
		t.Fatalf("attempts %q, want %d", got, want)
	}
}

func TestFullDiskIsNotifiedFromMemory(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *scripted) {
		var sent store.Notification
		c.set(func(_ context.Context, n store.Notification, _ string) Outcome {
			sent = n
			return Outcome{Answer: "200"}
		})
		h.alerter.StoreFailing(time.Now(), errDiskFull)
		wait(knownFailureDelay - time.Second)
		wantAttempts(t, c, 0)
		wait(2 * time.Second)
		wantAttempts(t, c, 1)
		title := formatter{timeZone: time.UTC}.content(sent).Title
		if title != "Runner here can't use the database" || !strings.Contains(sent.Message, "disk with the database is full") {
			t.Errorf("title %q, message %q", title, sent.Message)
		}
		h.alerter.StoreFailing(time.Now().Add(-time.Minute), errDiskFull)
		wait(time.Hour)
		wantAttempts(t, c, 1)
		h.expect(t, "")

		h.alerter.StoreFailing(time.Time{}, nil)
		wait(storeRecoveryDelay + 5*time.Second)
		wantAttempts(t, c, 2)
		if sent.Kind != store.KindStoreAvailable {
			t.Errorf("kind %q", sent.Kind)
		}
		if ids := strings.Fields(h.ids()); len(ids) != 2 {
			t.Errorf("stored notifications %q, want two", ids)
		}
	})
}

func TestUnknownErrorOfStoreIsNotified(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *scripted) {
		message := ""
		c.set(func(_ context.Context, n store.Notification, _ string) Outcome {
			message = n.Message
			return Outcome{Answer: "200"}
		})
		h.alerter.StoreFailing(time.Now(), fmt.Errorf("append batch: %w: code 1: no engine", store.ErrUnknown))
		wait(storeFailureDelay + time.Second)
		if !strings.HasPrefix(message, "The database answers with an unknown error; see the log of this runner. ") {
			t.Errorf("message %q", message)
		}
	})
}

func TestShortStoreFailureIsNotNotified(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *scripted) {
		for range 3 {
			h.alerter.StoreFailing(time.Now(), errors.New("no answer"))
			wait(storeFailureDelay - time.Second)
			h.alerter.StoreFailing(time.Time{}, nil)
			wait(time.Hour)
		}
		wantAttempts(t, c, 0)
		h.alerter.StoreFailing(time.Now(), errors.New("no answer"))
		wait(storeFailureDelay + time.Second)
		wantAttempts(t, c, 1)
	})
}

// TestFailureThatReturnsIsTheSame fills a disk on which some writes succeed.
func TestFailureThatReturnsIsTheSame(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *scripted) {
		for range 20 {
			h.alerter.StoreFailing(time.Now(), errDiskFull)
			wait(5 * time.Second)
			h.alerter.StoreFailing(time.Time{}, nil)
			wait(5 * time.Second)
		}
		wantAttempts(t, c, 1)
	})
}

func TestStoreFailureIsRetried(t *testing.T) {
	storeFailure(t, func(t *testing.T, h *harness, c *scripted) {
		c.set(failTemporarily)
		h.alerter.StoreFailing(time.Now(), errDiskFull)
		wait(knownFailureDelay + retryDelays[0] + retryDelays[1] + 5*time.Second)
		wantAttempts(t, c, 3)
		h.alerter.StoreFailing(time.Time{}, nil)
		wait(storeRecoveryDelay + time.Second)
		c.set(nil)
		wait(time.Hour)
		attempts := c.all()
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
				c := newScripted("hook", "a")
				now := func() time.Time { return time.Now().Add(correction) }
				h := newHarnessWith(t, newMemory(), Config{}, now, c)
				c.set(failTemporarily)
				began := now()
				h.alerter.StoreFailing(time.Now(), errDiskFull)
				wait(knownFailureDelay + 5*time.Second)
				wantAttempts(t, c, 1)
				wait(retryDelays[0])
				wantAttempts(t, c, 2)
				h.alerter.StoreFailing(time.Time{}, nil)
				recovered := now()
				wait(storeRecoveryDelay + 5*time.Second)
				for _, n := range h.notifications {
					late := n.Date.Sub(recovered)
					if n.Kind == store.KindStoreUnavailable {
						late = n.Date.Sub(began) - knownFailureDelay
					}
					if !n.Opened.Equal(began) || late < 0 || late > pollInterval {
						t.Errorf("%s: opened at %s, date %s", n.Kind, n.Opened, n.Date)
					}
				}
				if len(h.notifications) != 2 {
					t.Errorf("%d notifications, want 2", len(h.notifications))
				}
			})
		})
	}
}
