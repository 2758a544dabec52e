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
	// askEvery is the time between two looks for due messages, and askFor how many are wanted.
	pollInterval = time.Second
	pollLimit   = 1000
	// attemptTime is how long an attempt may wait for its turn on a channel, and how long it may take then.
	attemptTimeout = 60 * time.Second
	// atOnce is how many messages are sent at once on one channel.
	maxConcurrent = 4
	// lease is how long others leave an attempt to the runner that claimed it.
	claimLease = 3 * time.Minute
	// sendFor is how long after its date a message that can't be delivered is tried.
	retryPeriod = 24 * time.Hour
	// behindBy is how long after an earlier message of its monitor a message is tried that had to wait for that.
	orderDelay = 5 * time.Second
	// sendGrace is how long attempts may go on after a stop, and fateTime how long the storing of what came of them.
	sendGrace = 5 * time.Second
	putTimeout  = 3 * time.Second
)

// pauses are the times between the attempts at one message; the last goes for all further ones.
var retryDelays = [...]time.Duration{
	10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
	30 * time.Minute,
}

// outbox sends the messages that are due. Every runner has one, and a claim decides who sends.
type outbox struct {
	runner  string
	store   Store
	channels map[string]*limitedChannel
	ordered   []*limitedChannel
	log     *slog.Logger

	attempts sync.WaitGroup
	mu       sync.Mutex
	// busy are the ids of the messages that this runner is at.
	inProgress map[string]bool
}

// channel is a sender with its slots.
type limitedChannel struct {
	Channel
	slots        chan struct{}
	sent, failed atomic.Int64
}

func newOutbox(runner string, s Store, channels []Channel, log *slog.Logger) *outbox {
	o := &outbox{runner: runner, store: s, log: log, channels: make(map[string]*limitedChannel), inProgress: make(map[string]bool)}
	for _, s := range channels {
		c := &limitedChannel{Channel: s, slots: make(chan struct{}, maxConcurrent)}
		o.channels[s.Name()] = c
		o.ordered = append(o.ordered, c)
	}
	return o
}

// run sends until ctx ends. Attempts that go on then are cut after a grace.
func (o *outbox) run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	failures := failureLog{log: o.log, task: "sending of alerts"}
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
		return o.store.DueNotifications(ctx, monitor.Date(time.Now()), pollLimit)
	})
}

// start begins an attempt, unless one is under way.
func (o *outbox) start(ctx context.Context, n store.Notification) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inProgress[n.ID] {
		return
	}
	o.inProgress[n.ID] = true
	o.attempts.Go(func() {
		if err := o.attempt(ctx, n); err != nil {
			o.log.Warn("alert not tried", "id", n.ID, "error", err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.inProgress, n.ID)
	})
}

// claim takes an attempt at a, and gives a as it stands with that attempt counted; false when another runner is at it, or was
// before and is done.
func (o *outbox) claim(ctx context.Context, n store.Notification) (store.Notification, bool, error) {
	for number := n.Attempts + 1; ; number++ {
		now := monitor.Date(time.Now())
		won, claimed, err := o.claimAttempt(ctx, n.ID, number, now)
		switch {
		case err != nil || !won && now.Sub(claimed) < claimLease:
			return n, false, err
		case won:
			current, err := o.read(ctx, n.ID)
			current.Attempts = number
			return current, err == nil && !current.Next.IsZero() && !current.Next.After(now), err
		}
	}
}

func (o *outbox) claimAttempt(ctx context.Context, id string, number int, now time.Time) (won bool, claimed time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, shortTimeout)
	defer cancel()
	return o.store.ClaimNotification(ctx, id, number, o.runner, now)
}

func (o *outbox) read(ctx context.Context, id string) (store.Notification, error) {
	return call(ctx, shortTimeout, func(ctx context.Context) (store.Notification, error) { return o.store.Notification(ctx, id) })
}

func (o *outbox) put(ctx context.Context, n store.Notification) error {
	_, err := call(ctx, shortTimeout, func(ctx context.Context) (struct{}, error) { return struct{}{}, o.store.PutDeliveries(ctx, n) })
	return err
}
