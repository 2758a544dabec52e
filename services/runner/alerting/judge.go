package alerting

import (
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Rules say when messages are owed.
type Rules struct {
	// FailCount is how many bad results in a row open an incident; 0 means 3.
	FailCount int
	// RecoveryCount is how many OK results in a row end one; 0 means 1.
	RecoveryCount int
	// Reminder is the time between the messages of an incident that lasts; 0 means that nothing reminds of it.
	Reminder time.Duration
}

// owed is a message that a result, or a closing, owes.
type owed struct {
	kind     store.NotificationKind
	incident int
	// reminder is the number of a reminder, from 1 on.
	reminder int
	opened   time.Time
	// point is the result.
	point store.Point
}

// judge gives the state after those points that are newer than s, and the message that they owe, if any. The points are
// those of one monitor, oldest first.
//
// Usually one is newer. More of them were held up, by an outage of the store or a restart: then the newest that counts decides. What
// came and went meanwhile is not told of, but results before it that are bad, or OK, like it are counted. When none is newer, an
// alert that waits may be owed.
func judge(s store.IncidentState, points []store.Point, r Rules, a around) (store.IncidentState, *owed) {
	if fresh := unseen(s, points); len(fresh) > 0 {
		var o *owed
		if s, o = judgeFresh(s, fresh, r, a); o != nil {
			return s, o
		}
	}
	return release(s, points, r, a)
}

func judgeFresh(s store.IncidentState, fresh []store.Point, r Rules, a around) (store.IncidentState, *owed) {
	if s.Phase == store.PhaseFailing && a.outage.covers(s.Evaluated) {
		s = anew(s)
	}
	var counted []store.Point
	var blocked time.Time
	for _, p := range fresh {
		switch {
		case p.Ignored == monitor.IgnoredBlocked:
			blocked = p.Date
		case p.Ignored != "":
		case bad(p) && a.outage.covers(p.Date):
			s, counted = anew(s), nil
		default:
			counted = append(counted, p)
		}
	}
	s = unblock(s, blocked)
	var o *owed
	if len(counted) > 0 {
		s, o = step(countTail(s, counted), counted[len(counted)-1], r, a)
		s = unblock(s, blocked)
	}
	s.Evaluated = fresh[len(fresh)-1].Date
	return s, o
}

// unblock is s after a result that was blocked at that date: what waited for the parent waits no longer.
func unblock(s store.IncidentState, blocked time.Time) store.IncidentState {
	if blocked.After(s.WaitingSince) {
		s.WaitingSince = time.Time{}
	}
	return s
}

// anew is s after a bad result that says nothing of the monitor: what was counted before counts no more, and an incident goes on.
// Where there is none the phase says that it was bad, so that the state is stored and no restart finds the result unseen.
func anew(s store.IncidentState) store.IncidentState {
	if open(s) {
		s.Phase, s.Count = store.PhaseOpen, 0
		return s
	}
	return store.IncidentState{MonitorID: s.MonitorID, Phase: store.PhaseFailing, Evaluated: s.Evaluated, Incident: s.Incident}
}

// release owes the alert that waits, of the newest of the points, if nothing is left to wait for.
func release(s store.IncidentState, points []store.Point, r Rules, a around) (store.IncidentState, *owed) {
	if !waits(s, points) || s.Count < r.FailCount || !a.parent.allows(s.WaitingSince, a.now) {
		return s, nil
	}
	p := points[len(points)-1]
	if a.outage.covers(p.Date) {
		return s, nil
	}
	// Only a newer state is stored.
	s.Evaluated = s.Evaluated.Add(time.Millisecond)
	return raise(s, p)
}

// waits reports whether an alert of the newest of the points waits for the parent.
func waits(s store.IncidentState, points []store.Point) bool {
	if s.WaitingSince.IsZero() || len(points) == 0 {
		return false
	}
	p := points[len(points)-1]
	return p.Date.Equal(s.Evaluated) && p.Ignored == "" && bad(p)
}

// unseen are the points that are newer than s.
func unseen(s store.IncidentState, points []store.Point) []store.Point {
	first := slices.IndexFunc(points, func(p store.Point) bool { return p.Date.After(s.Evaluated) })
	if first < 0 {
		return nil
	}
	return points[first:]
}

// open reports whether s is in an incident.
func open(s store.IncidentState) bool {
	return s.Phase == store.PhaseOpen || s.Phase == store.PhaseRecovering
}

// further reports whether a knows more than b, of the same monitor: of a later incident, of the incident's end, or of newer results.
func further(a, b store.IncidentState) bool {
	switch {
	case a.Incident != b.Incident:
		return a.Incident > b.Incident
	case open(a) != open(b):
		return open(b)
	default:
		return a.Evaluated.After(b.Evaluated)
	}
}

func bad(p store.Point) bool { return p.Status != monitor.StatusOK }

// countTail counts the points right before the last that are bad, or OK, like it.
func countTail(s store.IncidentState, points []store.Point) store.IncidentState {
	last := len(points) - 1
	first := last
	for first > 0 && bad(points[first-1]) == bad(points[last]) {
		first--
	}
	if bad(points[last]) == open(s) {
		return s
	}
	if first > 0 {
		s.Count, s.WaitingSince = 0, time.Time{}
	}
	if s.Count == 0 && !open(s) {
		s.Opened = points[first].Date
	}
	s.Count += last - first
	return s
}

// step is the table of alerts: the state after one more result, and the message that this owes, if any.
func step(s store.IncidentState, p store.Point, r Rules, a around) (store.IncidentState, *owed) {
	switch {
	case !open(s) && bad(p):
		return fail(s, p, r, a)
	case !open(s):
		return quiet(s), nil
	case bad(p):
		return goOn(s, p, r)
	default:
		return well(s, p, r)
	}
}

// fail is one more bad result outside an incident. Where there is a parent, the alert waits for it.
func fail(s store.IncidentState, p store.Point, r Rules, a around) (store.IncidentState, *owed) {
	if s.Count == 0 {
		s.Opened = p.Date
	}
	s.Phase = store.PhaseFailing
	s.Count++
	switch {
	case s.Count < r.FailCount:
	case a.parent.id == "":
		return raise(s, p)
	case s.WaitingSince.IsZero():
		s.WaitingSince = p.Date
	}
	return s, nil
}

// raise opens an incident.
func raise(s store.IncidentState, p store.Point) (store.IncidentState, *owed) {
	s.Phase, s.Count, s.WaitingSince = store.PhaseOpen, 0, time.Time{}
	s.Incident++
	s.Severity, s.Reminders, s.LastNotified = p.Status, 0, p.Date
	return s, owe(s, store.KindOpened, p)
}

// goOn is one more bad result in an incident. An escalation does for a reminder.
func goOn(s store.IncidentState, p store.Point, r Rules) (store.IncidentState, *owed) {
	s.Phase, s.Count = store.PhaseOpen, 0
	switch {
	case p.Status == monitor.StatusFailed && s.Severity != monitor.StatusFailed:
		s.Severity, s.LastNotified = monitor.StatusFailed, p.Date
		return s, owe(s, store.KindEscalated, p)
	case r.Reminder > 0 && p.Date.Sub(s.LastNotified) >= r.Reminder:
		s.Reminders++
		s.LastNotified = p.Date
		return s, owe(s, store.KindReminder, p)
	default:
		return s, nil
	}
}

// well is one more OK result in an incident.
func well(s store.IncidentState, p store.Point, r Rules) (store.IncidentState, *owed) {
	s.Phase = store.PhaseRecovering
	s.Count++
	if s.Count < r.RecoveryCount {
		return s, nil
	}
	return quiet(s), owe(s, store.KindResolved, p)
}

// quiet is s with nothing going on.
func quiet(s store.IncidentState) store.IncidentState {
	return store.IncidentState{MonitorID: s.MonitorID, Phase: store.PhaseOK, Evaluated: s.Evaluated, Incident: s.Incident}
}

func owe(s store.IncidentState, kind store.NotificationKind, p store.Point) *owed {
	o := &owed{kind: kind, incident: s.Incident, opened: s.Opened, point: p}
	if kind == store.KindReminder {
		o.reminder = s.Reminders
	}
	return o
}
