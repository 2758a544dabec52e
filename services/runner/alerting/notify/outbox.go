package notify

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
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
	// earlierLimit is the number of earlier notifications about the same monitor that a notification may wait for.
	earlierLimit = 20
	// orderDelay is the time between the next attempt at a notification and the attempt at one that waits for it.
	orderDelay = 5 * time.Second
	// sendGrace is the time that running attempts get after the context has ended.
	sendGrace = 5 * time.Second
)

// retryDelays are the pauses between the attempts at one notification; the last one repeats.
var retryDelays = [...]time.Duration{
	10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
	30 * time.Minute,
}

// Store is the part of [store.Store] that sending needs.
type Store interface {
	AddNotifications(ctx context.Context, list []store.Notification) (known []string, err error)
	Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error)
	Notification(ctx context.Context, id string) (store.Notification, error)
	DueNotifications(ctx context.Context, now time.Time, limit int) ([]store.Notification, error)
	ClaimNotification(ctx context.Context, id string, attempt int, runner string, now time.Time) (
		won bool, claimed time.Time, err error)
	PutDeliveries(ctx context.Context, n store.Notification) error
	Monitor(ctx context.Context, id string) (monitor.Monitor, error)
	Silences(ctx context.Context, now time.Time) ([]store.Silence, error)
	IncidentsByID(ctx context.Context, ids []string) ([]store.Incident, error)
}

// Outbox sends due notifications. Every runner has one; a claim in the store decides which runner makes an attempt.
type Outbox struct {
	runner   string
	now      func() time.Time
	store    Store
	channels map[string]*limitedChannel
	ordered  []*limitedChannel
	format   Formatter
	secrets  secret.Properties
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
	waits        waits
	sent, failed atomic.Int64
}

// New returns the outbox of the runner with the given id. now returns the time for the dates that are stored. secrets
// describes the properties of monitors.
func New(
	runner string, now func() time.Time, s Store, channels []Channel, format Formatter, secrets secret.Properties,
	log *slog.Logger,
) *Outbox {
	o := &Outbox{
		runner: runner, now: now, store: s, format: format, secrets: secrets, log: log,
		channels: make(map[string]*limitedChannel), inProgress: make(map[string]bool),
	}
	for _, c := range channels {
		limited := &limitedChannel{Channel: c, slots: make(chan struct{}, maxConcurrent), waits: newWaits(now)}
		o.channels[c.Name()] = limited
		o.ordered = append(o.ordered, limited)
	}
	return o
}

// Counts counts the deliveries of one channel since the outbox was created, one per notification and recipient.
type Counts struct {
	Channel string
	// Sent counts accepted deliveries, Failed counts failed attempts, also if they are retried.
	Sent, Failed int64
}

// Counts returns the counts of each channel. It is safe for concurrent use.
func (o *Outbox) Counts() []Counts {
	list := make([]Counts, 0, len(o.ordered))
	for _, c := range o.ordered {
		list = append(list, Counts{Channel: c.Name(), Sent: c.sent.Load(), Failed: c.failed.Load()})
	}
	return list
}

// Run sends due notifications until ctx ends. It cancels attempts that still run a few seconds later.
func (o *Outbox) Run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	failures := store.FailureLog{
		Log:    o.log,
		Failed: "reading due notifications failed, retrying", Recovered: "reading due notifications works again",
	}
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
			due, err := o.Due(ctx)
			failures.Record(err)
			for _, n := range due {
				o.start(work, n)
			}
		}
	}
}

// Due returns the notifications that are due now. Run makes an attempt at each; a simulation may do so instead. The
// notifications about a silenced monitor wait for the end of the silence.
func (o *Outbox) Due(ctx context.Context) ([]store.Notification, error) {
	now := monitor.Date(o.now())
	for limit := pollLimit; ; limit += pollLimit {
		all, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.Notification, error) {
			return o.store.DueNotifications(ctx, now, limit)
		})
		if err != nil || len(all) == 0 {
			return nil, err
		}
		silences, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]store.Silence, error) {
			return o.store.Silences(ctx, now)
		})
		if err != nil {
			return nil, err
		}
		found := len(all)
		due := slices.DeleteFunc(all, func(n store.Notification) bool { return isSilenced(n, silences) })
		if len(due) == found || found < limit {
			return due, nil
		}
	}
}

// isSilenced reports whether the monitor of a notification is silenced.
func isSilenced(n store.Notification, silences []store.Silence) bool {
	_, found := slices.BinarySearchFunc(silences, n.MonitorID, func(s store.Silence, id string) int {
		return strings.Compare(s.MonitorID, id)
	})
	return found
}

// start starts an attempt, unless one is running.
func (o *Outbox) start(ctx context.Context, n store.Notification) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inProgress[n.ID] {
		return
	}
	o.inProgress[n.ID] = true
	o.attempts.Go(func() {
		if err := o.Attempt(ctx, n); err != nil {
			o.log.Warn("delivery attempt not completed", "notification_id", n.ID, "error", err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.inProgress, n.ID)
	})
}

// claim claims the next attempt at n and returns the stored notification with that attempt counted. It reports false if
// another runner makes the attempt, or if the notification is no longer due.
func (o *Outbox) claim(ctx context.Context, n store.Notification) (store.Notification, bool, error) {
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

func (o *Outbox) claimAttempt(ctx context.Context, id string, number int, now time.Time) (
	won bool, claimed time.Time, err error,
) {
	ctx, cancel := context.WithTimeout(ctx, store.ShortCall)
	defer cancel()
	return o.store.ClaimNotification(ctx, id, number, o.runner, now)
}

func (o *Outbox) read(ctx context.Context, id string) (store.Notification, error) {
	return store.Call(ctx, store.ShortCall, func(ctx context.Context) (store.Notification, error) {
		return o.store.Notification(ctx, id)
	})
}

func (o *Outbox) put(ctx context.Context, n store.Notification) error {
	return store.Do(ctx, store.ShortCall, func(ctx context.Context) error { return o.store.PutDeliveries(ctx, n) })
}
