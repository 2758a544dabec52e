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
type event struct {
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
func evaluate(s store.IncidentState, points []store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	if newer := newPoints(s, points); len(newer) > 0 {
		var ev *event
		if s, ev = evaluateNew(s, newer, r, c); ev != nil {
			return s, ev
		}
	}
	return openWaiting(s, points, r, c)
}

func evaluateNew(s store.IncidentState, points []store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	if s.Phase == store.PhaseFailing && c.offline.covers(s.Evaluated) {
		s = resetCount(s)
	}
	var counted []store.Point
	var blocked time.Time
	for _, p := range points {
		switch {
		case p.Ignored == monitor.IgnoredBlocked:
			blocked = p.Date
		case p.Ignored != "":
		case notOK(p) && c.offline.covers(p.Date):
			s, counted = resetCount(s), nil
		default:
			counted = append(counted, p)
		}
	}
	s = stopWaiting(s, blocked)
	var ev *event
	if len(counted) > 0 {
		s, ev = step(countStreak(s, counted), counted[len(counted)-1], r, c)
		s = stopWaiting(s, blocked)
	}
	s.Evaluated = points[len(points)-1].Date
	return s, ev
}

// unblock is s after a result that was blocked at that date: what waited for the parent waits no longer.
func stopWaiting(s store.IncidentState, blocked time.Time) store.IncidentState {
	if blocked.After(s.WaitingSince) {
		s.WaitingSince = time.Time{}
	}
	return s
}

// anew is s after a bad result that says nothing of the monitor: what was counted before counts no more, and an incident goes on.
// Where there is none the phase says that it was bad, so that the state is stored and no restart finds the result unseen.
func resetCount(s store.IncidentState) store.IncidentState {
	if isOpen(s) {
		s.Phase, s.Count = store.PhaseOpen, 0
		return s
	}
	return store.IncidentState{MonitorID: s.MonitorID, Phase: store.PhaseFailing, Evaluated: s.Evaluated, Incident: s.Incident}
}

// release owes the alert that waits, of the newest of the points, if nothing is left to wait for.
func openWaiting(s store.IncidentState, points []store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	if !isWaiting(s, points) || s.Count < r.FailCount || !c.dependency.allows(s.WaitingSince, c.now) {
		return s, nil
	}
	p := points[len(points)-1]
	if c.offline.covers(p.Date) {
		return s, nil
	}
	// Only a newer state is stored.
	s.Evaluated = s.Evaluated.Add(time.Millisecond)
	return openIncident(s, p)
}

// waits reports whether an alert of the newest of the points waits for the parent.
func isWaiting(s store.IncidentState, points []store.Point) bool {
	if s.WaitingSince.IsZero() || len(points) == 0 {
		return false
	}
	p := points[len(points)-1]
	return p.Date.Equal(s.Evaluated) && p.Ignored == "" && notOK(p)
}

// unseen are the points that are newer than s.
func newPoints(s store.IncidentState, points []store.Point) []store.Point {
	first := slices.IndexFunc(points, func(p store.Point) bool { return p.Date.After(s.Evaluated) })
	if first < 0 {
		return nil
	}
	return points[first:]
}

// open reports whether s is in an incident.
func isOpen(s store.IncidentState) bool {
	return s.Phase == store.PhaseOpen || s.Phase == store.PhaseRecovering
}

// further reports whether a knows more than b, of the same monitor: of a later incident, of the incident's end, or of newer results.
func isAhead(a, b store.IncidentState) bool {
	switch {
	case a.Incident != b.Incident:
		return a.Incident > b.Incident
	case isOpen(a) != isOpen(b):
		return isOpen(b)
	default:
		return a.Evaluated.After(b.Evaluated)
	}
}

func notOK(p store.Point) bool { return p.Status != monitor.StatusOK }

// countTail counts the points right before the last that are bad, or OK, like it.
func countStreak(s store.IncidentState, points []store.Point) store.IncidentState {
	last := len(points) - 1
	first := last
	for first > 0 && notOK(points[first-1]) == notOK(points[last]) {
		first--
	}
	if notOK(points[last]) == isOpen(s) {
		return s
	}
	if first > 0 {
		s.Count, s.WaitingSince = 0, time.Time{}
	}
	if s.Count == 0 && !isOpen(s) {
		s.Opened = points[first].Date
	}
	s.Count += last - first
	return s
}

// step is the table of alerts: the state after one more result, and the message that this owes, if any.
func step(s store.IncidentState, p store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	switch {
	case !isOpen(s) && notOK(p):
		return countFailure(s, p, r, c)
	case !isOpen(s):
		return withoutIncident(s), nil
	case notOK(p):
		return continueIncident(s, p, r)
	default:
		return countRecovery(s, p, r)
	}
}

// fail is one more bad result outside an incident. Where there is a parent, the alert waits for it.
func countFailure(s store.IncidentState, p store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	if s.Count == 0 {
		s.Opened = p.Date
	}
	s.Phase = store.PhaseFailing
	s.Count++
	switch {
	case s.Count < r.FailCount:
	case c.dependency.id == "":
		return openIncident(s, p)
	case s.WaitingSince.IsZero():
		s.WaitingSince = p.Date
	}
	return s, nil
}

// raise opens an incident.
func openIncident(s store.IncidentState, p store.Point) (store.IncidentState, *event) {
	s.Phase, s.Count, s.WaitingSince = store.PhaseOpen, 0, time.Time{}
	s.Incident++
	s.Severity, s.Reminders, s.LastNotified = p.Status, 0, p.Date
	return s, newEvent(s, store.KindOpened, p)
}

// goOn is one more bad result in an incident. An escalation does for a reminder.
func continueIncident(s store.IncidentState, p store.Point, r Rules) (store.IncidentState, *event) {
	s.Phase, s.Count = store.PhaseOpen, 0
	switch {
	case p.Status == monitor.StatusFailed && s.Severity != monitor.StatusFailed:
		s.Severity, s.LastNotified = monitor.StatusFailed, p.Date
		return s, newEvent(s, store.KindEscalated, p)
	case r.Reminder > 0 && p.Date.Sub(s.LastNotified) >= r.Reminder:
		s.Reminders++
		s.LastNotified = p.Date
		return s, newEvent(s, store.KindReminder, p)
	default:
		return s, nil
	}
}

// well is one more OK result in an incident.
func countRecovery(s store.IncidentState, p store.Point, r Rules) (store.IncidentState, *event) {
	s.Phase = store.PhaseRecovering
	s.Count++
	if s.Count < r.RecoveryCount {
		return s, nil
	}
	return withoutIncident(s), newEvent(s, store.KindResolved, p)
}

// quiet is s with nothing going on.
func withoutIncident(s store.IncidentState) store.IncidentState {
	return store.IncidentState{MonitorID: s.MonitorID, Phase: store.PhaseOK, Evaluated: s.Evaluated, Incident: s.Incident}
}

func newEvent(s store.IncidentState, kind store.NotificationKind, p store.Point) *event {
	ev := &event{kind: kind, incident: s.Incident, opened: s.Opened, point: p}
	if kind == store.KindReminder {
		ev.reminder = s.Reminders
	}
	return ev
}
