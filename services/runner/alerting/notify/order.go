package notify

import (
	"context"
	"errors"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// unfinishedEarlier returns the earlier notifications about the same monitor or runner that still have pending
// deliveries.
func (o *Outbox) unfinishedEarlier(ctx context.Context, n store.Notification) (list []store.Notification, err error) {
	switch {
	case n.MonitorID != "":
		list, err = o.notSilencedBefore(ctx, n)
	case n.RunnerBeginning() != "":
		list = make([]store.Notification, 1)
		list[0], err = o.read(ctx, n.RunnerBeginning())
		if errors.Is(err, monitor.ErrNotFound) {
			return nil, nil
		}
	}
	return slices.DeleteFunc(list, func(other store.Notification) bool { return other.Next.IsZero() }), err
}

// notSilencedBefore returns the earlierLimit notifications before n about the same monitor that are not silenced, and some
// more. Silenced ones don't count, because there may be many between n and one that waited for the end of the silence.
func (o *Outbox) notSilencedBefore(ctx context.Context, n store.Notification) (list []store.Notification, err error) {
	f := store.NotificationFilter{
		MonitorID: n.MonitorID, Before: &store.Cursor{Date: n.Date, ID: n.ID}, Limit: earlierLimit,
	}
	for len(list) < earlierLimit {
		page, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.Notification, error) {
			return o.store.Notifications(ctx, f)
		})
		if err != nil {
			return nil, err
		}
		for _, earlier := range page {
			if !earlier.Silenced {
				list = append(list, earlier)
			}
		}
		if len(page) < f.Limit || page[len(page)-1].Date.Before(n.Date.Add(-store.MaxSilence-retryPeriod)) {
			break
		}
		last := page[len(page)-1]
		f.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
	return list, nil
}

// mustWait reports whether d must wait for an earlier notification to the same recipient, so that nobody is notified
// of a recovery before the failure.
func mustWait(d store.Delivery, earlier []store.Notification) bool {
	return slices.ContainsFunc(earlier, func(other store.Notification) bool {
		return len(other.Deliveries) == 0 || slices.ContainsFunc(other.Deliveries, func(delivery store.Delivery) bool {
			return delivery.Channel == d.Channel && delivery.To == d.To && delivery.Status == store.DeliveryPending
		})
	})
}

// earliestAfter returns the time at which the last of the earlier notifications may have been delivered; zero if there
// are none.
func earliestAfter(earlier []store.Notification) time.Time {
	var last time.Time
	for _, other := range earlier {
		if after := other.Next.Add(orderDelay); after.After(last) {
			last = after
		}
	}
	return last
}
