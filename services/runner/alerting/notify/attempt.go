package notify

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
	"nanomon/services/runner/alerting/masking"
)

// Attempt claims an attempt at n, sends its pending deliveries and stores their status. It does nothing if another
// runner has the claim. It does not send reminders and escalations of incidents that somebody has acknowledged.
func (o *Outbox) Attempt(ctx context.Context, n store.Notification) error {
	n, won, err := o.claim(ctx, n)
	if err != nil || !won {
		return err
	}
	if len(n.Deliveries) == 0 {
		n.Deliveries = o.newDeliveries(n)
	}
	if len(n.Deliveries) == 0 {
		if n.Kind == store.KindWarning { // The runner that stored it has such a channel.
			o.log.Warn("notification of a warning not sent: this runner has no channel for warnings", "notification_id", n.ID)
		}
		n.Next = time.Time{}
		return o.put(ctx, n)
	}
	// Other runners see the new attempt and leave n alone until the lease expires.
	n.Next = monitor.Date(o.now().Add(claimLease))
	n.Deliveries = slices.Clone(n.Deliveries)
	if err := o.put(ctx, n); err != nil {
		return err
	}
	if ended, err := o.endIfAcknowledged(ctx, n); ended || err != nil {
		return err
	}
	earlier, err := o.unfinishedEarlier(ctx, n)
	if err != nil {
		return err
	}
	masked, err := o.masked(ctx, n)
	if err != nil {
		return err
	}
	o.send(ctx, &n, masked, earlier)
	o.schedule(ctx, &n, earlier)
	o.logDeliveries(ctx, n)
	return o.storeDeliveries(ctx, n)
}

// masked returns n without secrets. Notifications are stored without secrets, but not by earlier versions.
func (o *Outbox) masked(ctx context.Context, n store.Notification) (store.Notification, error) {
	if n.MonitorID == "" {
		return n, nil
	}
	m, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) (monitor.Monitor, error) {
		return o.store.Monitor(ctx, n.MonitorID)
	})
	if err != nil && !errors.Is(err, monitor.ErrNotFound) {
		return n, fmt.Errorf("read the monitor: %w", err)
	}
	return masking.Notification(n, m, o.secrets), nil
}

// newDeliveries returns a pending delivery for each channel and recipient of n.
func (o *Outbox) newDeliveries(n store.Notification) []store.Delivery {
	var list []store.Delivery
	own := n.To[:min(len(n.To), monitor.MaxRecipients)] // Earlier versions stored more.
	for _, c := range o.ordered {
		if n.Kind == store.KindClosed && !c.SendsClosed() {
			continue
		}
		if n.Kind == store.KindWarning && !sendsWarnings(c.Channel) {
			continue
		}
		for _, to := range c.Recipients(own) {
			list = append(list, store.Delivery{Channel: c.Name(), To: to, Status: store.DeliveryPending})
		}
	}
	return list
}

// send attempts the pending deliveries of n, on all channels concurrently. masked is n without secrets.
func (o *Outbox) send(ctx context.Context, n *store.Notification, masked store.Notification,
	earlier []store.Notification,
) {
	pending := make(map[string][]*store.Delivery)
	for i := range n.Deliveries {
		d := &n.Deliveries[i]
		switch {
		case d.Status != store.DeliveryPending:
		case mustWait(*d, earlier):
			d.Answer = "waiting for an earlier notification"
		case o.channels[d.Channel] == nil:
			d.Answer = "this channel is not configured on the runner that tried"
		default:
			pending[d.Channel] = append(pending[d.Channel], d)
		}
	}
	message := o.format.Message(masked)
	message.Sent = monitor.Date(o.now())
	var channels sync.WaitGroup
	for name, ds := range pending {
		channels.Go(func() { o.channels[name].deliver(ctx, message, ds, o.now) })
	}
	channels.Wait()
}

// deliver waits for a free slot, then makes one attempt at the deliveries ds of m. now returns the time for the dates
// that are stored.
func (c *limitedChannel) deliver(ctx context.Context, m Message, ds []*store.Delivery, now func() time.Time) {
	if !c.acquire(ctx) {
		for _, d := range ds {
			d.Answer = "timed out waiting for other notifications on this channel"
		}
		return
	}
	defer func() { <-c.slots }()
	if m.Kind != string(store.KindTest) {
		ds = c.waits.withoutWaiting(ds)
	}
	if len(ds) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	to := make([]string, len(ds))
	for i, d := range ds {
		to[i] = d.To
	}
	for i, outcome := range c.sendSafely(ctx, m, to) {
		applyOutcome(ds[i], outcome, now())
		c.waits.record(to[i], outcome.RetryAfter)
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

// acquire takes a slot. It reports false if none was free within attemptTimeout.
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

// sendSafely calls Send and recovers from a panic. It always returns one outcome per recipient.
func (c *limitedChannel) sendSafely(ctx context.Context, m Message, to []string) (list []Outcome) {
	defer func() {
		if p := recover(); p != nil {
			list = nil
		}
		for len(list) < len(to) {
			list = append(list, Outcome{Answer: "internal error in this channel", Err: errors.New("no outcome")})
		}
		list = list[:len(to)]
	}()
	return c.Send(ctx, m, to)
}

// applyOutcome updates d with the outcome of an attempt that has just ended.
func applyOutcome(d *store.Delivery, outcome Outcome, now time.Time) {
	d.Tried, d.Answer = monitor.Date(now), outcome.Answer
	switch {
	case outcome.Err == nil:
		d.Status = store.DeliverySent
	case errors.Is(outcome.Err, ErrRefused):
		d.Status = store.DeliveryFailed
	}
}

// schedule sets the time of the next attempt at n, if a delivery is pending. Once the retry period is over, pending
// deliveries fail, unless they wait for an earlier notification: each delivery is tried at least once, also if a silence
// was longer than the retry period.
func (o *Outbox) schedule(ctx context.Context, n *store.Notification, earlier []store.Notification) {
	now := monitor.Date(o.now())
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
	next = monitor.Date(o.earliestAttempt(*n, next))
	over := n.Kind == store.KindTest || next.After(n.Date.Add(retryPeriod))
	for i := range n.Deliveries {
		switch d := &n.Deliveries[i]; {
		case d.Status != store.DeliveryPending:
		case over && !mustWait(*d, earlier):
			d.Status = store.DeliveryFailed
		default:
			n.Next = next
		}
	}
}

// logDeliveries logs the status of each delivery after an attempt.
func (o *Outbox) logDeliveries(ctx context.Context, n store.Notification) {
	for _, d := range n.Deliveries {
		level, text := slog.LevelInfo, "notification sent"
		switch d.Status {
		case store.DeliveryPending:
			level, text = slog.LevelWarn, "delivery failed, retrying"
		case store.DeliveryFailed:
			level, text = slog.LevelWarn, "delivery failed"
		}
		o.log.Log(ctx, level, text, "notification_id", n.ID, "attempt", n.Attempts, "channel", d.Channel, "to", d.To,
			"answer", d.Answer)
	}
}

// storeDeliveries stores the status of the deliveries. Only this runner knows it, so it retries until ctx ends or
// another runner has made a later attempt.
func (o *Outbox) storeDeliveries(ctx context.Context, n store.Notification) error {
	for {
		err := o.put(context.WithoutCancel(ctx), n)
		if err == nil || errors.Is(err, monitor.ErrNotFound) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("store the deliveries: %w", err)
		case <-time.After(pollInterval):
		}
		if current, err := o.read(ctx, n.ID); err == nil && current.Attempts > n.Attempts {
			return nil
		}
	}
}
