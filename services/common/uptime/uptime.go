// Package uptime computes from the log of transitions how a monitor's time was spent.
package uptime

import (
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Breakdown splits a span of time; its parts add up to the span.
type Breakdown struct {
	OK, Error, Failed time.Duration
	// Unchecked is time without a result, because there was none yet or no runner was there.
	Unchecked time.Duration
	// Disabled is time in which the monitor was not to be checked.
	Disabled time.Duration
	// Maintenance and Blocked are time whose results didn't count, for that reason.
	Maintenance, Blocked time.Duration
}

// Percent is the part of the checked time that was OK, 0 to 100; false when no time was checked.
func (b Breakdown) Percent() (float64, bool) {
	checked := b.OK + b.Error + b.Failed
	if checked == 0 {
		return 0, false
	}
	return 100 * float64(b.OK) / float64(checked), true
}

// Compute breaks down the time from from to to. The log holds the transitions of m from from up to now,
// newest first; those from to on only tell what held before them. State is what is known of m now, nil when it
// has no result. After the last result the status holds for [monitor.StaleAfter].
func Compute(from, to time.Time, m monitor.Monitor, state *store.State, log []store.StatusChange) Breakdown {
	w := walk{
		at: from, status: initialStatus(from, state, log), disabled: initiallyDisabled(m, log),
		excluded: initiallyExcluded(state, log), stale: to,
	}
	if state != nil {
		w.stale = state.Latest.Date.Add(monitor.StaleAfter(m.Every()))
	}
	for i := len(log) - 1; i >= 0 && log[i].Date.Before(to); i-- {
		w.advance(log[i].Date)
		w.apply(log[i])
	}
	if !hasTrack(log, store.ChangeStatus) && state != nil && state.Since.After(from) && state.Since.Before(to) {
		w.advance(state.Since)
		w.status = state.Latest.Status.String()
	}
	w.advance(to)
	return w.spent
}

// initialStatus is the status at from: what the first transition came from, or, without one, the
// status now if it held then.
func initialStatus(from time.Time, state *store.State, log []store.StatusChange) string {
	for i := len(log) - 1; i >= 0; i-- {
		if log[i].Kind == store.ChangeStatus {
			return log[i].From
		}
	}
	if state == nil || state.Since.After(from) {
		return store.Unchecked
	}
	return state.Latest.Status.String()
}

func initiallyDisabled(m monitor.Monitor, log []store.StatusChange) bool {
	for i := len(log) - 1; i >= 0; i-- {
		if log[i].Kind == store.ChangeEnabled {
			return log[i].From == store.Disabled
		}
	}
	return !m.Enabled
}

// initiallyExcluded is the exclusion before the first transition: what that came from or, without one, the exclusion now.
func initiallyExcluded(state *store.State, log []store.StatusChange) string {
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

func hasTrack(log []store.StatusChange, track store.ChangeKind) bool {
	for _, t := range log {
		if t.Kind == track {
			return true
		}
	}
	return false
}

// walk goes forward in time and books what it passes.
type walk struct {
	at       time.Time
	status   string
	disabled bool
	excluded string
	// stale is from when on the status no longer holds.
	stale time.Time
	spent Breakdown
}

func (w *walk) apply(t store.StatusChange) {
	switch t.Kind {
	case store.ChangeStatus:
		w.status = t.To
	case store.ChangeEnabled:
		w.disabled = t.To == store.Disabled
	case store.ChangeIgnored:
		w.excluded = t.To
	}
}

func (w *walk) advance(to time.Time) {
	if !to.After(w.at) {
		return
	}
	if w.stale.After(w.at) && w.stale.Before(to) {
		w.book(w.stale.Sub(w.at), w.status)
		w.at = w.stale
	}
	status := w.status
	if !w.at.Before(w.stale) {
		status = store.Unchecked
	}
	w.book(to.Sub(w.at), status)
	w.at = to
}

func (w *walk) book(span time.Duration, status string) {
	*w.spent.part(w.disabled, status, w.excluded) += span
}

// part is the part of the time in which that held. There is something to exclude only where there is a status.
func (b *Breakdown) part(disabled bool, status, excluded string) *time.Duration {
	switch {
	case disabled:
		return &b.Disabled
	case status == "", status == store.Unchecked:
		return &b.Unchecked
	case excluded == string(monitor.IgnoredMaintenance):
		return &b.Maintenance
	case excluded == string(monitor.IgnoredBlocked):
		return &b.Blocked
	case status == monitor.StatusOK.String():
		return &b.OK
	case status == monitor.StatusError.String():
		return &b.Error
	default:
		return &b.Failed
	}
}
