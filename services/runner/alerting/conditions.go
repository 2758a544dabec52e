package alerting

import (
	"cmp"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// around is what a monitor's results are judged by beside the rules.
type conditions struct {
	now    time.Time
	dependency dependency
	offline offlinePeriod
}

// parent is the monitor that another one depends on.
type dependency struct {
	// id is blank where there is none that is checked.
	id    string
	interval time.Duration
	// asked says that the store was asked for its newest result, which has no date when there is none.
	known  bool
	newest store.Point
}

// allows reports whether an alert that is due since a result of that date may be owed: the parent was found well since, or can't be
// waited for any longer.
func (d dependency) allows(due, now time.Time) bool {
	switch {
	case d.id == "":
		return true
	case !d.known:
		return false
	case !d.newest.Date.After(due):
		return now.Sub(due) > monitor.StaleAfter(d.interval)
	default:
		return !notOK(d.newest) || now.Sub(d.newest.Date) > monitor.StaleAfter(d.interval)
	}
}

// outage is a time in which the runner may have been cut off; the last one, or the one that goes on.
type offlinePeriod struct {
	// since is zero if there never was one, and until while it goes on.
	since, until time.Time
}

// on reports whether it goes on.
func (p offlinePeriod) ongoing() bool { return !p.since.IsZero() && p.until.IsZero() }

// covers reports whether a bad result of that date, judged now, says nothing of its monitor.
func (p offlinePeriod) covers(date time.Time) bool {
	return p.ongoing() || !date.Before(p.since) && !date.After(p.until)
}

// shut gives the state of a monitor that was disabled or deleted, and the closing of its incident, if it has one.
func closeIncident(s store.IncidentState, now time.Time) (store.IncidentState, *event) {
	// Only a newer state is stored.
	if earliest := s.Evaluated.Add(time.Millisecond); now.Before(earliest) {
		now = earliest
	}
	before := s
	s.Evaluated = now
	if !isOpen(before) {
		return withoutIncident(s), nil
	}
	return withoutIncident(s), newEvent(before, store.KindClosed, store.Point{Date: now, Status: before.Severity})
}

// follow gives the state after what other runners, or this one before it died, have told of its monitor: a message may be stored whose
// state is not. What was told counts: an incident that people know of is open until they know of its end.
func applyNotifications(s store.IncidentState, notifications []store.Notification) store.IncidentState {
	notifications = slices.Clone(notifications)
	slices.SortFunc(notifications, func(n, b store.Notification) int {
		return cmp.Or(cmp.Compare(n.Incident, b.Incident), n.Date.Compare(b.Date))
	})
	for _, n := range notifications {
		switch {
		case n.Kind == store.KindOpened && n.Incident > s.Incident:
			s = store.IncidentState{
				MonitorID: s.MonitorID, Phase: store.PhaseOpen, Evaluated: n.Date, Incident: n.Incident,
				Opened: n.Opened, Severity: n.Status, LastNotified: n.Date,
			}
		case (n.Kind == store.KindResolved || n.Kind == store.KindClosed) &&
			(n.Incident > s.Incident || n.Incident == s.Incident && isOpen(s)):
			s = withoutIncident(store.IncidentState{MonitorID: s.MonitorID, Evaluated: n.Date, Incident: n.Incident})
		}
	}
	return s
}
