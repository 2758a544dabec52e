package alerting

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// pollInterval is the time between two reads of due notifications, pollLimit the maximum number that one read returns.
	pollInterval = time.Second
	pollLimit    = 1000
	// attemptTimeout limits how long an attempt waits for a free slot on a channel, and then how long it takes.
	attemptTimeout = 60 * time.Second
	// maxConcurrent is the number of notifications that one channel sends concurrently.
	maxConcurrent = 4
	// claimLease is the time for which only the runner that claimed an attempt may make it.
	claimLease = 3 * time.Minute
	// retryPeriod limits retries: a delivery fails this long after the date of its notification.
	retryPeriod = 24 * time.Hour
	// orderDelay is the time between the next attempt at a notification and the attempt at one that waits for it.
	orderDelay = 5 * time.Second
	// sendGrace is the time that running attempts get after the context has ended.
	sendGrace = 5 * time.Second
	// putTimeout limits one write of the deliveries after an attempt.
	putTimeout = 3 * time.Second
)

// retryDelays are the pauses between the attempts at one notification; the last one repeats.
var retryDelays = [...]time.Duration{
	10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
	30 * time.Minute,
}

// outbox sends due notifications. Every runner has one; a claim in the store decides which runner makes an attempt.
type outbox struct {
	runner   string
	now      func() time.Time
	store    Store
	channels map[string]*limitedChannel
	ordered  []*limitedChannel
	log      *slog.Logger

	attempts sync.WaitGroup
	mu       sync.Mutex
	// inProgress contains the ids of the notifications that this runner is sending.
	inProgress map[string]bool
}

// limitedChannel is a channel with a limited number of slots and counters.
type limitedChannel struct {
	Channel
	slots        chan struct{}
	sent, failed atomic.Int64
}

func newOutbox(runner string, s Store, channels []Channel, log *slog.Logger) *outbox {
	o := &outbox{
		runner: runner, now: time.Now, store: s, log: log,
		channels: make(map[string]*limitedChannel), inProgress: make(map[string]bool),
	}
	for _, c := range channels {
		limited := &limitedChannel{Channel: c, slots: make(chan struct{}, maxConcurrent)}
		o.channels[c.Name()] = limited
		o.ordered = append(o.ordered, limited)
	}
	return o
}

// run sends due notifications until ctx ends. It cancels attempts that still run after sendGrace.
func (o *outbox) run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	failures := failureLog{log: o.log, task: "reading due notifications"}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			cancelTimer := time.AfterFunc(sendGrace, cancel)
			defer cancelTimer.Stop()
			o.attempts.Wait()
			return
		case <-tick.C:
			due, err := o.due(ctx)
			failures.report(err)
			for _, n := range due {
				o.start(work, n)
			}
		}
	}
}

func (o *outbox) due(ctx context.Context) ([]store.Notification, error) {
	return call(ctx, longTimeout, func(ctx context.Context) ([]store.Notification, error) {
		return o.store.DueNotifications(ctx, monitor.Date(o.now()), pollLimit)
	})
}

// start starts an attempt, unless one is running.
func (o *outbox) start(ctx context.Context, n store.Notification) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inProgress[n.ID] {
		return
	}
	o.inProgress[n.ID] = true
	o.attempts.Go(func() {
		if err := o.attempt(ctx, n); err != nil {
			o.log.Warn("delivery attempt not completed", "notification_id", n.ID, "error", err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.inProgress, n.ID)
	})
}

// claim claims the next attempt at n and returns the stored notification with that attempt counted. It reports false if
// another runner makes the attempt, or if the notification is no longer due.
func (o *outbox) claim(ctx context.Context, n store.Notification) (store.Notification, bool, error) {
	for number := n.Attempts + 1; ; number++ {
		now := monitor.Date(o.now())
		won, claimed, err := o.claimAttempt(ctx, n.ID, number, now)
		switch {
		case err != nil || !won && now.Sub(claimed).Abs() < claimLease:
			return n, false, err
		case won:
			current, err := o.read(ctx, n.ID)
			current.Attempts = number
			return current, err == nil && current.IsDue(now), err
		}
	}
}

func (o *outbox) claimAttempt(ctx context.Context, id string, number int, now time.Time) (
	won bool, claimed time.Time, err error,
) {
	ctx, cancel := context.WithTimeout(ctx, shortTimeout)
	defer cancel()
	return o.store.ClaimNotification(ctx, id, number, o.runner, now)
}

func (o *outbox) read(ctx context.Context, id string) (store.Notification, error) {
	return call(ctx, shortTimeout, func(ctx context.Context) (store.Notification, error) {
		return o.store.Notification(ctx, id)
	})
}

func (o *outbox) put(ctx context.Context, n store.Notification) error {
	_, err := call(ctx, shortTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, o.store.PutDeliveries(ctx, n)
	})
	return err
}
