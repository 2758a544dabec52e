package server

import (
	"context"
	"errors"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// statusEnd follows the log of a monitor from the newest entry to the oldest, and finds when the status before each entry
// ended. It agrees with the periods of package uptime, except that a pause is a part of the status before it if the status
// is still the same afterwards.
type statusEnd struct {
	// at is the end of the status; nil if it has not ended.
	at *time.Time
	// resumed reports whether the monitor is enabled again before the status ends.
	resumed bool
	// stale is the date at which the latest result becomes stale; nil once the entries are older.
	stale *time.Time
}

// currentStatusEnd returns the end of the current status: the monitor may not have been checked for a while.
func currentStatusEnd(ctx context.Context, s changeStore, monitorID string, now time.Time) (statusEnd, error) {
	m, err := s.Monitor(ctx, monitorID)
	if errors.Is(err, monitor.ErrNotFound) {
		return statusEnd{}, nil
	}
	if err != nil {
		return statusEnd{}, err
	}
	state, err := currentState(ctx, s, monitorID)
	if err != nil || state == nil {
		return statusEnd{}, err
	}
	if stale := state.Latest.Date.Add(monitor.StaleAfter(m.Every())); stale.Before(now) {
		return statusEnd{stale: &stale}, nil
	}
	return statusEnd{}, nil
}

// of returns the end of the status that the monitor has from a date on. Entries that are newer must have been passed.
func (e *statusEnd) of(date time.Time) *time.Time {
	if e.stale != nil && date.Before(*e.stale) {
		*e = statusEnd{at: e.stale}
	}
	return e.at
}

// pass goes on to the time before an entry.
func (e *statusEnd) pass(entry store.StatusChange) {
	e.of(entry.Date)
	switch {
	case entry.Kind == store.ChangeStatus && entry.From != entry.To:
		*e = statusEnd{at: &entry.Date, stale: e.stale}
	case entry.Kind == store.ChangeEnabled && entry.To == store.Enabled:
		e.resumed = true
	case entry.Kind == store.ChangeEnabled && !e.resumed:
		e.at = &entry.Date
	case entry.Kind == store.ChangeEnabled:
		e.resumed = false
	}
}
