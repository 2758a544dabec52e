package server

import (
	"context"
	"time"

	"nanomon/services/api/summary"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

// maxStatusChanges is the maximum number of status changes that are read for a response.
const maxStatusChanges = summary.MaxStatusChanges

// statusChangeLister reads the log of status changes of a monitor.
type statusChangeLister interface {
	StatusChanges(ctx context.Context, monitorID string, from, to time.Time, limit int) ([]store.StatusChange, error)
}

// periodStore is the part of the store that [readPeriods] reads.
type periodStore interface {
	stateGetter
	statusChangeLister
	StatusChangesExpired(ctx context.Context) (time.Time, error)
}

// readPeriods divides the time between from and to by the status of the monitor, as far back as the status changes can
// be read. The time whose status changes have expired is unchecked.
func readPeriods(
	ctx context.Context, s periodStore, m monitor.Monitor, from, to, now time.Time,
) ([]uptime.Period, error) {
	changes, err := s.StatusChanges(ctx, m.ID, from, to, maxStatusChanges)
	if err != nil {
		return nil, err
	}
	start := from
	if len(changes) == maxStatusChanges {
		start = changes[len(changes)-1].Date
	}
	if to.Before(now) {
		// The first status change after the range shows the status at its end, if the log reaches back that far.
		later, err := s.StatusChanges(ctx, m.ID, to, now, maxStatusChanges)
		if err != nil {
			return nil, err
		}
		if len(later) < maxStatusChanges {
			changes = append(later, changes...)
		}
	}
	state, err := currentState(ctx, s, m.ID)
	if err != nil {
		return nil, err
	}
	// Changes that have expired since they were read are known, so this date may be too late, but not too early.
	expired, err := s.StatusChangesExpired(ctx)
	return uptime.Periods(start, to, m, state, changes, expired), err
}
