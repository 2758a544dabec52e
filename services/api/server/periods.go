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
	// laterChanges is the number of status changes after a time range that are read at once to find the oldest ones,
	// laterReads the maximum number of these reads.
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
		later, err := changesAfter(ctx, s, m.ID, to, now, store.ChangeStatus, store.ChangeEnabled, store.ChangeIgnored)
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

// changesAfter returns status changes from a date on, newest first. The oldest change of a kind shows the value at the
// date. If there are many changes, it returns the oldest up to the first one of the status and, if one of the kinds is not
// among them, also the newest ones.
func changesAfter(
	ctx context.Context, s statusChangeLister, id string, from, now time.Time, kinds ...store.ChangeKind,
) ([]store.StatusChange, error) {
	var found []store.StatusChange
	start, end := from, now
	for read := 0; read < laterReads && start.Before(now) && !contains(found, store.ChangeStatus); read++ {
		changes, err := s.StatusChanges(ctx, id, start, end, laterChanges)
		if err != nil {
			return nil, err
		}
		if len(changes) == laterChanges {
			end = start.Add(end.Sub(start) / 2) // The oldest ones may be missing.
			continue
		}
		found = append(changes, found...)
		start, end = end, end.Add(2*end.Sub(start))
		if end.After(now) {
			end = now
		}
	}
	missing := slices.ContainsFunc(kinds, func(kind store.ChangeKind) bool { return !contains(found, kind) })
	if !missing || !start.Before(now) {
		return found, nil
	}
	newest, err := s.StatusChanges(ctx, id, start, now, maxStatusChanges)
	return append(newest, found...), err
}

// contains reports whether the log has a change of a kind to another value.
func contains(log []store.StatusChange, kind store.ChangeKind) bool {
	return slices.ContainsFunc(log, func(c store.StatusChange) bool { return c.Kind == kind && c.From != c.To })
}
