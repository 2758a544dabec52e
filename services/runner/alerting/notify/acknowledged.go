package notify

import (
	"context"
	"fmt"
	"time"

	"nanomon/services/common/store"
)

// endIfAcknowledged ends the pending deliveries of a reminder or an escalation if somebody has acknowledged its incident.
func (o *Outbox) endIfAcknowledged(ctx context.Context, n store.Notification) (ended bool, err error) {
	acknowledged, err := o.isAcknowledged(ctx, n)
	if err != nil || !acknowledged {
		return false, err
	}
	endPending(n.Deliveries)
	n.Next = time.Time{}
	return true, o.put(ctx, n)
}

// isAcknowledged reports whether n is a reminder or an escalation, and somebody has acknowledged its incident.
func (o *Outbox) isAcknowledged(ctx context.Context, n store.Notification) (bool, error) {
	if n.Kind != store.KindReminder && n.Kind != store.KindEscalated {
		return false, nil
	}
	list, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]store.Incident, error) {
		return o.store.IncidentsByID(ctx, []string{store.IncidentID(n.MonitorID, n.Incident)})
	})
	if err != nil {
		return false, fmt.Errorf("read the incident: %w", err)
	}
	return len(list) > 0 && list[0].Acknowledgement != nil, nil
}

// endPending ends the pending deliveries of a notification about an incident that somebody has acknowledged.
func endPending(deliveries []store.Delivery) {
	for i := range deliveries {
		d := &deliveries[i]
		if d.Status != store.DeliveryPending {
			continue
		}
		const reason = "not sent: the incident was acknowledged"
		if d.Status = store.DeliveryFailed; d.Tried.IsZero() || d.Answer == "" {
			d.Answer = reason
		} else {
			d.Answer += "; " + reason
		}
	}
}
