package alerting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// attempt claims, sends and stores what came of it. The error says why nothing was sent.
func (o *outbox) attempt(ctx context.Context, n store.Notification) error {
	n, won, err := o.claim(ctx, n)
	if err != nil || !won {
		return err
	}
	if len(n.Deliveries) == 0 {
		n.Deliveries = o.newDeliveries(n)
	}
	if len(n.Deliveries) == 0 {
		n.Next = time.Time{}
		return o.put(ctx, n)
	}
	// Others see what is going on, and that they needn't ask until the lease is over.
	n.Next = monitor.Date(time.Now().Add(claimLease))
	n.Deliveries = slices.Clone(n.Deliveries)
	if err := o.put(ctx, n); err != nil {
		return err
	}
	earlier, err := o.unfinishedEarlier(ctx, n)
	if err != nil {
		return err
	}
	o.send(ctx, &n, earlier)
	o.schedule(ctx, &n, earlier)
	o.logDeliveries(ctx, n)
	return o.storeDeliveries(ctx, n)
}

// deliveries are those of a message that was never tried.
func (o *outbox) newDeliveries(n store.Notification) []store.Delivery {
	var list []store.Delivery
	for _, c := range o.ordered {
		for _, to := range c.Recipients(n) {
			list = append(list, store.Delivery{Channel: c.Name(), To: to, Status: store.DeliveryPending})
		}
	}
	return list
}

// earlier are the messages of a's monitor, or runner, that come before a and aren't done with.
func (o *outbox) unfinishedEarlier(ctx context.Context, n store.Notification) (list []store.Notification, err error) {
	switch {
	case n.MonitorID != "":
		f := store.NotificationFilter{MonitorID: n.MonitorID, Before: &store.Cursor{Date: n.Date, ID: n.ID}, Limit: 20}
		list, err = call(ctx, longTimeout, func(ctx context.Context) ([]store.Notification, error) { return o.store.Notifications(ctx, f) })
	case n.Kind == store.KindRunnerOnline:
		list = make([]store.Notification, 1)
		if list[0], err = o.read(ctx, store.RunnerNotificationID(store.KindRunnerOffline, n.Opened)); errors.Is(err, monitor.ErrNotFound) {
			return nil, nil
		}
	}
	return slices.DeleteFunc(list, func(other store.Notification) bool { return other.Next.IsZero() }), err
}

// behind reports whether d has to wait for one of the earlier messages, so that nobody hears of a recovery before they hear
// of what was recovered from.
func mustWait(d store.Delivery, earlier []store.Notification) bool {
	return slices.ContainsFunc(earlier, func(other store.Notification) bool {
		return len(other.Deliveries) == 0 || slices.ContainsFunc(other.Deliveries, func(delivery store.Delivery) bool {
			return delivery.Channel == d.Channel && delivery.To == d.To && delivery.Status == store.DeliveryPending
		})
	})
}

// send tries the deliveries that wait, all channels at once.
func (o *outbox) send(ctx context.Context, n *store.Notification, earlier []store.Notification) {
	pending := make(map[string][]*store.Delivery)
	for i := range n.Deliveries {
		d := &n.Deliveries[i]
		switch {
		case d.Status != store.DeliveryPending:
		case mustWait(*d, earlier):
			d.Answer = "waits for an earlier message of the monitor"
		case o.channels[d.Channel] == nil:
			d.Answer = "the runner that tried has no such channel"
		default:
			pending[d.Channel] = append(pending[d.Channel], d)
		}
	}
	sent := *n
	sent.Deliveries = nil
	var channels sync.WaitGroup
	for name, ds := range pending {
		channels.Go(func() { o.channels[name].deliver(ctx, sent, ds) })
	}
	channels.Wait()
}

// deliver makes one attempt at deliveries of a, when there is a slot for it.
func (c *limitedChannel) deliver(ctx context.Context, n store.Notification, ds []*store.Delivery) {
	if !c.acquire(ctx) {
		for _, d := range ds {
			d.Answer = "other messages took all the time"
		}
		return
	}
	defer func() { <-c.slots }()
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	to := make([]string, len(ds))
	for i, d := range ds {
		to[i] = d.To
	}
	for i, outcome := range c.sendSafely(ctx, n, to) {
		applyOutcome(ds[i], outcome)
		c.count(outcome)
	}
}

func (c *limitedChannel) count(outcome Outcome) {
	if outcome.Err == nil {
		c.sent.Add(1)
	} else {
		c.failed.Add(1)
	}
}

// enter takes a slot; false when none was free for too long.
func (c *limitedChannel) acquire(ctx context.Context) bool {
	wait := time.NewTimer(attemptTimeout)
	defer wait.Stop()
	select {
	case c.slots <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-wait.C:
	}
	return false
}

// outcomes are those of Send, one for each of to whatever it does.
func (c *limitedChannel) sendSafely(ctx context.Context, n store.Notification, to []string) (list []Outcome) {
	defer func() {
		if p := recover(); p != nil {
			list = nil
		}
		for len(list) < len(to) {
			list = append(list, Outcome{Answer: "the sender broke down", Err: errors.New("no outcome")})
		}
		list = list[:len(to)]
	}()
	return c.Send(ctx, n, to)
}

// settleDelivery sets the fate that an outcome is.
func applyOutcome(d *store.Delivery, outcome Outcome) {
	d.Tried, d.Answer = monitor.Date(time.Now()), outcome.Answer
	switch {
	case outcome.Err == nil:
		d.Status = store.DeliverySent
	case errors.Is(outcome.Err, ErrRefused):
		d.Status = store.DeliveryFailed
	}
}

// schedule sets when a is tried again, or that nothing is left to do.
func (o *outbox) schedule(ctx context.Context, n *store.Notification, earlier []store.Notification) {
	now := monitor.Date(time.Now())
	n.Next = time.Time{}
	if !slices.ContainsFunc(n.Deliveries, func(d store.Delivery) bool { return d.Status == store.DeliveryPending }) {
		return
	}
	if ctx.Err() != nil {
		n.Next = now
		return
	}
	next := now.Add(retryDelays[min(n.Attempts, len(retryDelays))-1])
	if retry := earliestAfter(earlier); !retry.IsZero() && retry.Before(next) {
		next = now.Add(max(retry.Sub(now), retryDelays[0]))
	}
	if n.Kind != store.KindTest && !next.After(n.Date.Add(retryPeriod)) {
		n.Next = next
		return
	}
	for i := range n.Deliveries {
		if d := &n.Deliveries[i]; d.Status == store.DeliveryPending {
			d.Status = store.DeliveryFailed
		}
	}
}

// freed is when the last of the earlier messages may be delivered; zero without any.
func earliestAfter(earlier []store.Notification) time.Time {
	var last time.Time
	for _, other := range earlier {
		if after := other.Next.Add(orderDelay); after.After(last) {
			last = after
		}
	}
	return last
}

// logFate logs what came of an attempt.
func (o *outbox) logDeliveries(ctx context.Context, n store.Notification) {
	for _, d := range n.Deliveries {
		level := slog.LevelInfo
		if d.Status != store.DeliverySent {
			level = slog.LevelWarn
		}
		o.log.Log(ctx, level, "alert "+string(d.Status), "id", n.ID, "attempt", n.Attempts, "channel", d.Channel, "to", d.To,
			"answer", d.Answer)
	}
}

// storeFate stores what came of an attempt, as often as it takes, for nobody else knows. It gives up when the work ends, or
// when another runner has overtaken this one.
func (o *outbox) storeDeliveries(ctx context.Context, n store.Notification) error {
	for {
		putCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putTimeout)
		err := o.store.PutDeliveries(putCtx, n)
		cancel()
		if err == nil || errors.Is(err, monitor.ErrNotFound) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("store what came of it: %w", err)
		case <-time.After(pollInterval):
		}
		if current, err := o.read(ctx, n.ID); err == nil && current.Attempts > n.Attempts {
			return nil
		}
	}
}
