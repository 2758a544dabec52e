// Package uptime computes how long a monitor had each status, from the log of its status changes.
package uptime

import (
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Breakdown divides a period by status. Its fields add up to the length of the period.
type Breakdown struct {
	// OK, Error and Failed are the times with that status whose results counted.
	OK, Error, Failed time.Duration
	// Unchecked is the time without results, before the first result or while no runner checked the monitor.
	Unchecked time.Duration
	// Disabled is the time while the monitor was disabled.
	Disabled time.Duration
	// Maintenance and Blocked are the times whose results were ignored, by reason.
	Maintenance, Blocked time.Duration
}

// Percent returns the percentage of the checked time that was OK, or false if no time was checked.
func (b Breakdown) Percent() (float64, bool) {
	if b.checked() == 0 {
		return 0, false
	}
	return 100 * float64(b.OK) / float64(b.checked()), true
}

func (b Breakdown) checked() time.Duration {
	return b.OK + b.Error + b.Failed
}

// Compute returns the breakdown of the time between start and end. log holds the status changes of m between start and
// now, newest first; the changes after end determine only the status before them. state is the current state of m, or
// nil if m has no result. The status after the last result is valid for [monitor.StaleAfter]. from is the start of the
// first time that counts for [Breakdown.Percent]; zero if there is none.
func Compute(
	start, end time.Time, m monitor.Monitor, state *store.State, log []store.StatusChange,
) (spent Breakdown, from time.Time) {
	l := timeline{
		at: start, status: initialStatus(start, state, log), disabled: initiallyDisabled(m, log),
		ignored: initiallyIgnored(state, log), staleAt: end,
	}
	if state != nil {
		l.staleAt = state.Latest.Date.Add(monitor.StaleAfter(m.Every()))
	}
	for i := len(log) - 1; i >= 0 && log[i].Date.Before(end); i-- {
		l.advance(log[i].Date)
		l.apply(log[i])
	}
	if !hasKind(log, store.ChangeStatus) && state != nil && state.Since.After(start) && state.Since.Before(end) {
		l.advance(state.Since)
		l.status = state.Latest.Status.String()
	}
	l.advance(end)
	return l.total, l.from
}

// initialStatus returns the status at start: the old status of the first status change or, without a change, the
// current status if it began before start.
func initialStatus(start time.Time, state *store.State, log []store.StatusChange) string {
	for i := len(log) - 1; i >= 0; i-- {
		if log[i].Kind == store.ChangeStatus {
			return log[i].From
		}
	}
	if state == nil || state.Since.After(start) {
		return store.Unchecked
	}
	return state.Latest.Status.String()
}

// initiallyDisabled reports whether the monitor was disabled before the first change in log.
func initiallyDisabled(m monitor.Monitor, log []store.StatusChange) bool {
	for i := len(log) - 1; i >= 0; i-- {
		if log[i].Kind == store.ChangeEnabled {
			return log[i].From == store.Disabled
		}
	}
	return !m.Enabled
}

// initiallyIgnored returns the reason for ignoring results before the first change in log or, without a change, the
// current one.
func initiallyIgnored(state *store.State, log []store.StatusChange) string {
	for i := len(log) - 1; i >= 0; i-- {
		if log[i].Kind == store.ChangeIgnored {
			return log[i].From
		}
	}
	if state == nil {
		return store.Counted
	}
	return string(state.Latest.Ignored)
}

func hasKind(log []store.StatusChange, kind store.ChangeKind) bool {
	for _, change := range log {
		if change.Kind == kind {
			return true
		}
	}
	return false
}

// timeline goes through the status changes in order of time and adds up the durations.
type timeline struct {
	// at is the time up to which total is complete; the fields below it describe the monitor at this time.
	at       time.Time
	status   string
	disabled bool
	// ignored is [store.Counted] or a [monitor.IgnoreReason].
	ignored string
	// staleAt is the time at which the last result becomes stale.
	staleAt time.Time
	total   Breakdown
	// from is the start of the first time in total that was checked.
	from time.Time
}

func (l *timeline) apply(change store.StatusChange) {
	switch change.Kind {
	case store.ChangeStatus:
		l.status = change.To
	case store.ChangeEnabled:
		l.disabled = change.To == store.Disabled
	case store.ChangeIgnored:
		l.ignored = change.To
	}
}

// advance adds the time from l.at to end.
func (l *timeline) advance(end time.Time) {
	if !end.After(l.at) {
		return
	}
	if l.staleAt.After(l.at) && l.staleAt.Before(end) {
		l.add(l.staleAt.Sub(l.at), l.status)
		l.at = l.staleAt
	}
	status := l.status
	if !l.at.Before(l.staleAt) {
		status = store.Unchecked
	}
	l.add(end.Sub(l.at), status)
	l.at = end
}

func (l *timeline) add(duration time.Duration, status string) {
	*l.total.field(l.disabled, status, l.ignored) += duration
	if l.from.IsZero() && l.total.checked() > 0 {
		l.from = l.at
	}
}

// field returns the field to which time with these properties is added. Only time with a status can be ignored.
func (b *Breakdown) field(disabled bool, status, ignored string) *time.Duration {
	switch {
	case disabled:
		return &b.Disabled
	case status == "", status == store.Unchecked:
		return &b.Unchecked
	case ignored == string(monitor.IgnoredMaintenance):
		return &b.Maintenance
	case ignored == string(monitor.IgnoredBlocked):
		return &b.Blocked
	case status == monitor.StatusOK.String():
		return &b.OK
	case status == monitor.StatusError.String():
		return &b.Error
	default:
		return &b.Failed
	}
}
