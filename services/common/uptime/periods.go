package uptime

import (
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Kind is the status of a monitor during a [Period], or the reason why it has none.
type Kind string

// The kinds of periods. A monitor that is disabled is nothing else. Only time with a status can be ignored: as
// maintenance or as blocked by the dependency.
const (
	OK          Kind = "ok"
	Error       Kind = "error"
	Failed      Kind = "failed"
	Maintenance Kind = "maintenance"
	Blocked     Kind = "blocked"
	Disabled    Kind = "disabled"
	Unchecked   Kind = "unchecked"
)

// Period is a time during which a monitor was of one kind. It includes From and excludes To.
type Period struct {
	From, To time.Time
	Kind     Kind
}

// Duration returns the length of the period.
func (p Period) Duration() time.Duration { return p.To.Sub(p.From) }

// Periods divides the time between start and end by the kinds of a monitor, oldest first. The periods cover this time
// exactly; two in a row differ in kind. log holds the status changes of m between start and now, newest first. Of the
// changes after end, only the oldest of each kind is needed: it determines the value before it. The changes before the date
// expired are not known, so the time before it is unchecked. state is the current state of m, or nil if m has no result. The status after the last
// result is valid for [monitor.StaleAfter].
func Periods(
	start, end time.Time, m monitor.Monitor, state *store.State, log []store.StatusChange, expired time.Time,
) []Period {
	log = withFirstStatus(start, state, log)
	l := newTimeline(start, end, m, state, log)
	if expired.After(end) {
		expired = end
	}
	l.add(expired, Unchecked)
	for i := len(log) - 1; i >= 0 && log[i].Date.Before(end); i-- {
		l.advance(log[i].Date)
		l.apply(log[i])
	}
	l.advance(end)
	return l.periods
}

// withFirstStatus adds the start of the current status to log if log has no change of the status, although the status
// began after start: its change has expired.
func withFirstStatus(start time.Time, state *store.State, log []store.StatusChange) []store.StatusChange {
	if state == nil || !state.Since.After(start) || slices.ContainsFunc(log, isStatus) {
		return log
	}
	i := slices.IndexFunc(log, func(c store.StatusChange) bool { return !c.Date.After(state.Since) })
	if i < 0 {
		i = len(log)
	}
	first := store.StatusChange{Date: state.Since, Kind: store.ChangeStatus, To: state.Latest.Status.String()}
	return slices.Insert(slices.Clone(log), i, first)
}

func isStatus(c store.StatusChange) bool { return c.Kind == store.ChangeStatus }

// timeline goes through the status changes in order of time and collects the periods.
type timeline struct {
	// at is the time up to which periods is complete; values describes the monitor at this time.
	at time.Time
	// values holds the value of each kind of change, as in [store.StatusChange].
	values map[store.ChangeKind]string
	// staleAt is the time at which the last result becomes stale.
	staleAt time.Time
	periods []Period
}

// newTimeline returns a timeline at start.
func newTimeline(
	start, end time.Time, m monitor.Monitor, state *store.State, log []store.StatusChange,
) *timeline {
	l := &timeline{at: start, staleAt: end, values: map[store.ChangeKind]string{
		store.ChangeEnabled: store.Enabled, store.ChangeStatus: store.Unchecked, store.ChangeIgnored: store.Counted,
	}}
	if !m.Enabled {
		l.values[store.ChangeEnabled] = store.Disabled
	}
	if state != nil {
		l.values[store.ChangeStatus] = state.Latest.Status.String()
		l.values[store.ChangeIgnored] = string(state.Latest.Ignored)
		l.staleAt = state.Latest.Date.Add(monitor.StaleAfter(m.Every()))
	}
	// The oldest change of a kind comes last in log. The value before it is the value at start.
	for _, change := range log {
		l.values[change.Kind] = change.From
	}
	return l
}

func (l *timeline) apply(change store.StatusChange) { l.values[change.Kind] = change.To }

// advance adds the time from l.at to end.
func (l *timeline) advance(end time.Time) {
	if l.staleAt.Before(end) {
		l.add(l.staleAt, l.kind(l.values[store.ChangeStatus]))
		l.add(end, l.kind(store.Unchecked))
		return
	}
	l.add(end, l.kind(l.values[store.ChangeStatus]))
}

// add adds the time from l.at to end, if there is any, as one period or to the last one.
func (l *timeline) add(end time.Time, kind Kind) {
	if !end.After(l.at) {
		return
	}
	if last := len(l.periods) - 1; last >= 0 && l.periods[last].Kind == kind {
		l.periods[last].To = end
	} else {
		l.periods = append(l.periods, Period{From: l.at, To: end, Kind: kind})
	}
	l.at = end
}

// kind returns the kind of the monitor at l.at if it has the given status.
func (l *timeline) kind(status string) Kind {
	ignored := l.values[store.ChangeIgnored]
	switch {
	case l.values[store.ChangeEnabled] == store.Disabled:
		return Disabled
	case status == "", status == store.Unchecked:
		return Unchecked
	case ignored == string(monitor.IgnoredMaintenance):
		return Maintenance
	case ignored == string(monitor.IgnoredBlocked):
		return Blocked
	case status == monitor.StatusOK.String():
		return OK
	case status == monitor.StatusError.String():
		return Error
	default:
		return Failed
	}
}
