package server

import (
	"context"
	"slices"
	"time"

	"nanomon/services/api/summary"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

const (
	// maxStatusChanges is the maximum number of status changes that are read for a response.
	maxStatusChanges = summary.MaxStatusChanges
	// laterChanges is the number of status changes after a time range that are read at once, laterReads the maximum number
	// of these reads.
	laterChanges = 1000
	laterReads   = 40
)

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
		later, err := changesAfter(ctx, s, m.ID, to, now)
		if err != nil {
			return nil, err
		}
		changes = append(later, changes...)
	}
	state, err := currentState(ctx, s, m.ID)
	if err != nil {
		return nil, err
	}
	// Changes that have expired since they were read are known, so this date may be too late, but not too early.
	expired, err := s.StatusChangesExpired(ctx)
	return uptime.Periods(start, to, m, state, changes, expired), err
}

// changesAfter returns the status changes from a date on, newest first: all of them or, if there are many, some in a row
// with at least one of the kind [store.ChangeStatus]. The oldest change of a kind shows the value at the date.
func changesAfter(ctx context.Context, s statusChangeLister, id string, from, now time.Time) ([]store.StatusChange, error) {
	var found []store.StatusChange
	start, end := from, now
	for range laterReads {
		changes, err := s.StatusChanges(ctx, id, start, end, laterChanges)
		if err != nil {
			return nil, err
		}
		if len(changes) == laterChanges {
			end = start.Add(end.Sub(start) / 2) // The oldest ones may be missing.
			continue
		}
		found = append(changes, found...)
		if !end.Before(now) || slices.ContainsFunc(found, func(c store.StatusChange) bool { return c.Kind == store.ChangeStatus }) {
			break
		}
		start, end = end, now
	}
	return found, nil
}
