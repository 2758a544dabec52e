package incident

import (
	"cmp"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// conditions are the facts, beside rules and results, that decide whether an incident opens.
type conditions struct {
	now        time.Time
	dependency dependency
	offline    offlinePeriod
}

// dependency is the monitor that the evaluated one depends on.
type dependency struct {
	// Dependency has no ID if there is none.
	monitor.Dependency
	// known reports whether newest was read from the store.
	known bool
	// newest is the newest result; its date is zero if there is none.
	newest store.Point
}

// allows reports whether an incident that waits since due may open: the dependency has been OK since then, or it has no
// recent result to wait for.
func (d dependency) allows(due, now time.Time) bool {
	switch {
	case d.ID == "":
		return true
	case !d.known:
		return false
	case !d.newest.Date.After(due):
		return d.IsStale(due, now)
	default:
		return !d.IsNotOK(d.newest.Status, d.newest.Date, now)
	}
}

// offlinePeriod is the latest period in which the runner was offline.
type offlinePeriod struct {
	// since is zero if the runner was never offline. until is zero while it is offline.
	since, until time.Time
}

// ongoing reports whether the runner is offline.
func (p offlinePeriod) ongoing() bool { return !p.since.IsZero() && p.until.IsZero() }

// covers reports whether a not-OK result of that date must be ignored because the runner was, or still is, offline.
func (p offlinePeriod) covers(date time.Time) bool {
	return p.ongoing() || !date.Before(p.since) && !date.After(p.until)
}

// closeIncident returns the state of a monitor that was disabled or deleted, and the event that closes its incident, if
// one is open.
func closeIncident(s store.IncidentState, now time.Time) (store.IncidentState, *event) {
	before := capDates(s, now)
	s = s.Advance(now, now.UnixMilli())
	if !isOpen(before) {
		return withoutIncident(s), nil
	}
	return withoutIncident(s), newEvent(before, store.KindClosed, store.Point{Date: now, Status: before.Severity})
}

// applyNotifications returns s updated with the stored notifications of its monitor. Notifications are stored before
// the state, so a crash or another runner can leave a notification without its state. Then the notification counts: an
// incident that people were notified of stays open until they are notified of its end.
func applyNotifications(s store.IncidentState, notifications []store.Notification) store.IncidentState {
	notifications = slices.Clone(notifications)
	slices.SortFunc(notifications, func(n, b store.Notification) int {
		return cmp.Or(cmp.Compare(n.Incident, b.Incident), n.Date.Compare(b.Date))
	})
	for _, n := range notifications {
		switch {
		case n.Kind == store.KindOpened && n.Incident > s.Incident:
			s = store.IncidentState{
				MonitorID: s.MonitorID, Phase: store.PhaseOpen, Evaluated: n.Date, Sequence: s.Sequence,
				Incident: n.Incident, Opened: n.Opened, Severity: n.Status, LastNotified: n.Date,
			}
		case (n.Kind == store.KindResolved || n.Kind == store.KindClosed) &&
			(n.Incident > s.Incident || n.Incident == s.Incident && isOpen(s)):
			s.Evaluated, s.Incident = n.Date, n.Incident
			s = withoutIncident(s)
		}
	}
	return s
}
