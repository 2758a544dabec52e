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
func (o *outbox) attempt(ctx context.Context, a store.Notification) error {
	a, won, err := o.claim(ctx, a)
	if err != nil || !won {
		return err
	}
	if len(a.Deliveries) == 0 {
		a.Deliveries = o.deliveries(a)
	}
	if len(a.Deliveries) == 0 {
		a.Next = time.Time{}
		return o.put(ctx, a)
	}
	// Others see what is going on, and that they needn't ask until the lease is over.
	a.Next = monitor.Date(time.Now().Add(lease))
	a.Deliveries = slices.Clone(a.Deliveries)
	if err := o.put(ctx, a); err != nil {
		return err
	}
	earlier, err := o.earlier(ctx, a)
	if err != nil {
		return err
	}
	o.send(ctx, &a, earlier)
	o.schedule(ctx, &a, earlier)
	o.logFate(ctx, a)
	return o.storeFate(ctx, a)
}

// deliveries are those of a message that was never tried.
func (o *outbox) deliveries(a store.Notification) []store.Delivery {
	var list []store.Delivery
	for _, c := range o.order {
		for _, to := range c.Recipients(a) {
			list = append(list, store.Delivery{Channel: c.Channel(), To: to, Status: store.DeliveryPending})
		}
	}
	return list
}

// earlier are the messages of a's monitor, or runner, that come before a and aren't done with.
func (o *outbox) earlier(ctx context.Context, a store.Notification) (list []store.Notification, err error) {
	switch {
	case a.MonitorID != "":
		f := store.NotificationFilter{MonitorID: a.MonitorID, Before: &store.Cursor{Date: a.Date, ID: a.ID}, Limit: 20}
		list, err = call(ctx, bigCall, func(ctx context.Context) ([]store.Notification, error) { return o.store.Notifications(ctx, f) })
	case a.Kind == store.KindRunnerOnline:
		list = make([]store.Notification, 1)
		if list[0], err = o.read(ctx, store.RunnerNotificationID(store.KindRunnerOffline, a.Opened)); errors.Is(err, monitor.ErrNotFound) {
			return nil, nil
		}
	}
	return slices.DeleteFunc(list, func(b store.Notification) bool { return b.Next.IsZero() }), err
}

// behind reports whether d has to wait for one of the earlier messages, so that nobody hears of a recovery before they hear
// of what was recovered from.
func behind(d store.Delivery, earlier []store.Notification) bool {
	return slices.ContainsFunc(earlier, func(b store.Notification) bool {
		return len(b.Deliveries) == 0 || slices.ContainsFunc(b.Deliveries, func(other store.Delivery) bool {
			return other.Channel == d.Channel && other.To == d.To && other.Status == store.DeliveryPending
		})
	})
}

// send tries the deliveries that wait, all channels at once.
func (o *outbox) send(ctx context.Context, a *store.Notification, earlier []store.Notification) {
	waiting := make(map[string][]*store.Delivery)
	for i := range a.Deliveries {
		d := &a.Deliveries[i]
		switch {
		case d.Status != store.DeliveryPending:
		case behind(*d, earlier):
			d.Answer = "waits for an earlier message of the monitor"
		case o.senders[d.Channel] == nil:
			d.Answer = "the runner that tried has no such channel"
		default:
			waiting[d.Channel] = append(waiting[d.Channel], d)
		}
	}
	message := *a
	message.Deliveries = nil
	var channels sync.WaitGroup
	for name, ds := range waiting {
		channels.Go(func() { o.senders[name].deliver(ctx, message, ds) })
	}
	channels.Wait()
}

// deliver makes one attempt at deliveries of a, when there is a slot for it.
func (c *channel) deliver(ctx context.Context, a store.Notification, ds []*store.Delivery) {
	if !c.enter(ctx) {
		for _, d := range ds {
			d.Answer = "other messages took all the time"
		}
		return
	}
	defer func() { <-c.slots }()
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	to := make([]string, len(ds))
	for i, d := range ds {
		to[i] = d.To
	}
	for i, outcome := range c.outcomes(ctx, a, to) {
		settleDelivery(ds[i], outcome)
		c.count(outcome)
	}
}

func (c *channel) count(outcome Outcome) {
	if outcome.Err == nil {
		c.sent.Add(1)
	} else {
		c.failed.Add(1)
	}
}

// enter takes a slot; false when none was free for too long.
func (c *channel) enter(ctx context.Context) bool {
	wait := time.NewTimer(attemptTime)
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
func (c *channel) outcomes(ctx context.Context, a store.Notification, to []string) (list []Outcome) {
	defer func() {
		if p := recover(); p != nil {
			list = nil
		}
		for len(list) < len(to) {
			list = append(list, Outcome{Answer: "the sender broke down", Err: errors.New("no outcome")})
		}
		list = list[:len(to)]
	}()
	return c.Send(ctx, a, to)
}

// settleDelivery sets the fate that an outcome is.
func settleDelivery(d *store.Delivery, outcome Outcome) {
	d.Tried, d.Answer = monitor.Date(time.Now()), outcome.Answer
	switch {
	case outcome.Err == nil:
		d.Status = store.DeliverySent
	case errors.Is(outcome.Err, ErrRefused):
		d.Status = store.DeliveryFailed
	}
}

// schedule sets when a is tried again, or that nothing is left to do.
func (o *outbox) schedule(ctx context.Context, a *store.Notification, earlier []store.Notification) {
	now := monitor.Date(time.Now())
	a.Next = time.Time{}
	if !slices.ContainsFunc(a.Deliveries, func(d store.Delivery) bool { return d.Status == store.DeliveryPending }) {
		return
	}
	if ctx.Err() != nil {
		a.Next = now
		return
	}
	next := now.Add(pauses[min(a.Attempts, len(pauses))-1])
	if after := freed(earlier); !after.IsZero() && after.Before(next) {
		next = now.Add(max(after.Sub(now), pauses[0]))
	}
	if a.Kind != store.KindTest && !next.After(a.Date.Add(sendFor)) {
		a.Next = next
		return
	}
	for i := range a.Deliveries {
		if d := &a.Deliveries[i]; d.Status == store.DeliveryPending {
			d.Status = store.DeliveryFailed
		}
	}
}

// freed is when the last of the earlier messages may be delivered; zero without any.
func freed(earlier []store.Notification) time.Time {
	var last time.Time
	for _, b := range earlier {
		if after := b.Next.Add(behindBy); after.After(last) {
			last = after
		}
	}
	return last
}

// logFate logs what came of an attempt.
func (o *outbox) logFate(ctx context.Context, a store.Notification) {
	for _, d := range a.Deliveries {
		level := slog.LevelInfo
		if d.Status != store.DeliverySent {
			level = slog.LevelWarn
		}
		o.log.Log(ctx, level, "alert "+string(d.Status), "id", a.ID, "attempt", a.Attempts, "channel", d.Channel, "to", d.To,
			"answer", d.Answer)
	}
}

// storeFate stores what came of an attempt, as often as it takes, for nobody else knows. It gives up when the work ends, or
// when another runner has overtaken this one.
func (o *outbox) storeFate(ctx context.Context, a store.Notification) error {
	for {
		putting, cancel := context.WithTimeout(context.WithoutCancel(ctx), fateTime)
		err := o.store.PutDeliveries(putting, a)
		cancel()
		if err == nil || errors.Is(err, monitor.ErrNotFound) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("store what came of it: %w", err)
		case <-time.After(askEvery):
		}
		if stands, err := o.read(ctx, a.ID); err == nil && stands.Attempts > a.Attempts {
			return nil
		}
	}
}
