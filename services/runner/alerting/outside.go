package alerting

import (
	"cmp"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// around is what a monitor's results are judged by beside the rules.
type around struct {
	now    time.Time
	parent parent
	outage outage
}

// parent is the monitor that another one depends on.
type parent struct {
	// id is blank where there is none that is checked.
	id    string
	every time.Duration
	// asked says that the store was asked for its newest result, which has no date when there is none.
	asked  bool
	newest store.Point
}

// allows reports whether an alert that is due since a result of that date may be owed: the parent was found well since, or can't be
// waited for any longer.
func (p parent) allows(due, now time.Time) bool {
	switch {
	case p.id == "":
		return true
	case !p.asked:
		return false
	case !p.newest.Date.After(due):
		return now.Sub(due) > monitor.StaleAfter(p.every)
	default:
		return !bad(p.newest) || now.Sub(p.newest.Date) > monitor.StaleAfter(p.every)
	}
}

// outage is a time in which the runner may have been cut off; the last one, or the one that goes on.
type outage struct {
	// since is zero if there never was one, and until while it goes on.
	since, until time.Time
}

// on reports whether it goes on.
func (o outage) on() bool { return !o.since.IsZero() && o.until.IsZero() }

// covers reports whether a bad result of that date, judged now, says nothing of its monitor.
func (o outage) covers(date time.Time) bool {
	return o.on() || !date.Before(o.since) && !date.After(o.until)
}

// shut gives the state of a monitor that was disabled or deleted, and the closing of its incident, if it has one.
func shut(s store.IncidentState, now time.Time) (store.IncidentState, *owed) {
	// Only a newer state is stored.
	if least := s.Evaluated.Add(time.Millisecond); now.Before(least) {
		now = least
	}
	was := s
	s.Evaluated = now
	if !open(was) {
		return quiet(s), nil
	}
	return quiet(s), owe(was, store.KindClosed, store.Point{Date: now, Status: was.Severity})
}

// follow gives the state after what other runners, or this one before it died, have told of its monitor: a message may be stored whose
// state is not. What was told counts: an incident that people know of is open until they know of its end.
func follow(s store.IncidentState, told []store.Notification) store.IncidentState {
	told = slices.Clone(told)
	slices.SortFunc(told, func(a, b store.Notification) int {
		return cmp.Or(cmp.Compare(a.Incident, b.Incident), a.Date.Compare(b.Date))
	})
	for _, m := range told {
		switch {
		case m.Kind == store.KindOpened && m.Incident > s.Incident:
			s = store.IncidentState{
				MonitorID: s.MonitorID, Phase: store.PhaseOpen, Evaluated: m.Date, Incident: m.Incident,
				Opened: m.Opened, Severity: m.Status, LastNotified: m.Date,
			}
		case (m.Kind == store.KindResolved || m.Kind == store.KindClosed) &&
			(m.Incident > s.Incident || m.Incident == s.Incident && open(s)):
			s = quiet(store.IncidentState{MonitorID: s.MonitorID, Evaluated: m.Date, Incident: m.Incident})
		}
	}
	return s
}
