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
	askEvery = time.Second
	askFor   = 1000
	// attemptTime is how long an attempt may wait for its turn on a channel, and how long it may take then.
	attemptTime = 60 * time.Second
	// atOnce is how many messages are sent at once on one channel.
	atOnce = 4
	// lease is how long others leave an attempt to the runner that claimed it.
	lease = 3 * time.Minute
	// sendFor is how long after its date a message that can't be delivered is tried.
	sendFor = 24 * time.Hour
	// behindBy is how long after an earlier message of its monitor a message is tried that had to wait for that.
	behindBy = 5 * time.Second
	// sendGrace is how long attempts may go on after a stop, and fateTime how long the storing of what came of them.
	sendGrace = 5 * time.Second
	fateTime  = 3 * time.Second
)

// pauses are the times between the attempts at one message; the last goes for all further ones.
var pauses = [...]time.Duration{
	10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
	30 * time.Minute,
}

// outbox sends the messages that are due. Every runner has one, and a claim decides who sends.
type outbox struct {
	runner  string
	store   Store
	senders map[string]*channel
	order   []*channel
	log     *slog.Logger

	attempts sync.WaitGroup
	mu       sync.Mutex
	// busy are the ids of the messages that this runner is at.
	busy map[string]bool
}

// channel is a sender with its slots.
type channel struct {
	Sender
	slots        chan struct{}
	sent, failed atomic.Int64
}

func newOutbox(runner string, s Store, senders []Sender, log *slog.Logger) *outbox {
	o := &outbox{runner: runner, store: s, log: log, senders: make(map[string]*channel), busy: make(map[string]bool)}
	for _, s := range senders {
		c := &channel{Sender: s, slots: make(chan struct{}, atOnce)}
		o.senders[s.Channel()] = c
		o.order = append(o.order, c)
	}
	return o
}

// run sends until ctx ends. Attempts that go on then are cut after a grace.
func (o *outbox) run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	trouble := trouble{log: o.log, work: "sending of alerts"}
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			cut := time.AfterFunc(sendGrace, cancel)
			defer cut.Stop()
			o.attempts.Wait()
			return
		case <-tick.C:
			due, err := o.due(ctx)
			trouble.note(err)
			for _, a := range due {
				o.start(work, a)
			}
		}
	}
}

func (o *outbox) due(ctx context.Context) ([]store.Notification, error) {
	return call(ctx, bigCall, func(ctx context.Context) ([]store.Notification, error) {
		return o.store.DueNotifications(ctx, monitor.Date(time.Now()), askFor)
	})
}

// start begins an attempt, unless one is under way.
func (o *outbox) start(ctx context.Context, a store.Notification) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy[a.ID] {
		return
	}
	o.busy[a.ID] = true
	o.attempts.Go(func() {
		if err := o.attempt(ctx, a); err != nil {
			o.log.Warn("alert not tried", "id", a.ID, "error", err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.busy, a.ID)
	})
}

// claim takes an attempt at a, and gives a as it stands with that attempt counted; false when another runner is at it, or was
// before and is done.
func (o *outbox) claim(ctx context.Context, a store.Notification) (store.Notification, bool, error) {
	for n := a.Attempts + 1; ; n++ {
		now := monitor.Date(time.Now())
		won, claimed, err := o.claimAttempt(ctx, a.ID, n, now)
		switch {
		case err != nil || !won && now.Sub(claimed) < lease:
			return a, false, err
		case won:
			stands, err := o.read(ctx, a.ID)
			stands.Attempts = n
			return stands, err == nil && !stands.Next.IsZero() && !stands.Next.After(now), err
		}
	}
}

func (o *outbox) claimAttempt(ctx context.Context, id string, n int, now time.Time) (won bool, claimed time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	return o.store.ClaimNotification(ctx, id, n, o.runner, now)
}

func (o *outbox) read(ctx context.Context, id string) (store.Notification, error) {
	return call(ctx, smallCall, func(ctx context.Context) (store.Notification, error) { return o.store.Notification(ctx, id) })
}

func (o *outbox) put(ctx context.Context, a store.Notification) error {
	_, err := call(ctx, smallCall, func(ctx context.Context) (struct{}, error) { return struct{}{}, o.store.PutDeliveries(ctx, a) })
	return err
}
