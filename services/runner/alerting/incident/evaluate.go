// Package incident opens and resolves incidents. Its evaluator turns results into incidents, stores a notification of
// each step, and detects whether the runner itself is offline.
package incident

import (
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Rules configures when incidents open and resolve.
type Rules struct {
	// FailCount is the number of consecutive not-OK results that open an incident; 0 means 3.
	FailCount int
	// RecoveryCount is the number of consecutive OK results that resolve an incident; 0 means 1.
	RecoveryCount int
	// Reminder is the minimum time between two notifications about an open incident; 0 disables reminders.
	Reminder time.Duration
	// Warnings reports whether people are notified of warnings.
	Warnings bool
	// inverted reports whether the check of the monitor is OK if no connection is possible; see [monitor.Invert].
	inverted bool
	// isPush reports whether the results of the monitor come from pings.
	isPush bool
}

// dropsNotOK reports whether p is a not-OK result that does not count, because the runner was offline. A fail ping
// counts, because it has arrived.
func (r Rules) dropsNotOK(p store.Point, offline offlinePeriod) bool {
	return notOK(p) && offline.covers(p.Date) && !(r.isPush && p.Status == monitor.StatusError)
}

// event is a step in an incident that requires a notification.
type event struct {
	kind     store.NotificationKind
	incident int
	// reminder is the number of a reminder, counted from 1; 0 for other kinds.
	reminder int
	// opened is the date of the incident's first not-OK result.
	opened time.Time
	// point is the result that caused the event.
	point store.Point
	// silenced reports that nobody is notified of the event: of an incident that opens in a silence, or of the end of one
	// that nobody was notified of.
	silenced bool
}

// evaluate returns the state after those points that are newer than s, and the event that they cause, if any. The
// points belong to one monitor, oldest first.
//
// Usually one point is newer. After a restart, or when the store was unavailable, there are more: then only the newest
// one that counts can cause an event, and the points of the same kind (OK or not OK) right before it are counted. So an
// incident that began and ended in between causes no notification.
//
// Without a newer point, evaluate may open an incident that waits for its dependency.
func evaluate(s store.IncidentState, points []store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	if newer := newPoints(s, points); len(newer) > 0 {
		var ev *event
		s = dropCounted(s, points[:len(points)-len(newer)], r, c.offline)
		if s, ev = evaluateNew(s, newer, r, c); ev != nil {
			return s, ev
		}
	}
	return openWaiting(s, points, r, c)
}

func evaluateNew(s store.IncidentState, points []store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	warning := s.Warning
	var counted []store.Point
	var blocked time.Time
	for _, p := range points {
		switch {
		case p.Ignored == monitor.IgnoredBlocked:
			blocked = p.Date
		case p.Ignored != "":
		case r.dropsNotOK(p, c.offline):
			s, counted = resetCount(s), nil
		case r.inverted && c.offline.covers(p.Date): // OK because the runner is offline
			if counted = nil; s.Phase == store.PhaseFailing {
				s = resetCount(s)
			}
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
	last := points[len(points)-1]
	s = s.Advance(last.Date, last.Number())
	s.Warning = advanceWarning(warning, points, r, c.offline)
	if ev == nil && mustNotify(s.Warning, last, r) && !isOpen(s) && !c.silenced {
		return notifyOfWarning(s, last)
	}
	return s, ev
}

// dropCounted returns s without the not-OK results that were counted before the runner noticed that it is offline.
// earlier are the evaluated points that are still known.
func dropCounted(s store.IncidentState, earlier []store.Point, r Rules, offline offlinePeriod) store.IncidentState {
	counted := store.Point{Date: s.Evaluated, Status: monitor.StatusFailed}
	for _, p := range earlier {
		if r.isPush && p.Ignored == "" {
			counted = p
		}
	}
	if s.Phase == store.PhaseFailing && r.dropsNotOK(counted, offline) {
		return resetCount(s)
	}
	return s
}

// stopWaiting returns s after a result that the dependency blocked at the given date: an incident that waited for the
// dependency no longer does.
func stopWaiting(s store.IncidentState, blocked time.Time) store.IncidentState {
	if blocked.After(s.WaitingSince) {
		s.WaitingSince = time.Time{}
	}
	return s
}

// resetCount returns s after a not-OK result of an offline runner: the count starts again at 0, and an open incident
// stays open. Without an incident the phase is PhaseFailing, so that the state is stored and no restart evaluates the
// result again.
func resetCount(s store.IncidentState) store.IncidentState {
	if isOpen(s) {
		s.Phase, s.Count = store.PhaseOpen, 0
		return s
	}
	return store.IncidentState{
		MonitorID: s.MonitorID, Phase: store.PhaseFailing, Evaluated: s.Evaluated, Sequence: s.Sequence,
		Incident: s.Incident, Warning: s.Warning,
	}
}

// openWaiting opens the incident that waits, with the newest of the points, once the dependency allows it.
func openWaiting(s store.IncidentState, points []store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	if !isWaiting(s, points) || s.Count < r.FailCount || !c.dependency.allows(s.WaitingSince, c.now) {
		return s, nil
	}
	p := points[len(points)-1]
	if r.dropsNotOK(p, c.offline) {
		return s, nil
	}
	// The store only accepts a newer state.
	return openIncident(s.Advance(s.Evaluated, 0), p, c)
}

// isWaiting reports whether an incident waits for the dependency before it opens with the newest of the points.
func isWaiting(s store.IncidentState, points []store.Point) bool {
	if s.WaitingSince.IsZero() || len(points) == 0 {
		return false
	}
	p := points[len(points)-1]
	return p.Date.Equal(s.Evaluated) && p.Ignored == "" && notOK(p)
}

// newPoints returns the points that are newer than s, by number. If all numbers are smaller than that of s, they have
// started again, because all results were deleted or a runner of an earlier version has stored the state; then the
// dates decide.
func newPoints(s store.IncidentState, points []store.Point) []store.Point {
	first := len(points)
	byDate := first > 0 && points[first-1].Number() < s.Number()
	for ; first > 0; first-- {
		p := points[first-1]
		if byDate && !p.Date.After(s.Evaluated) || !byDate && p.Number() <= s.Number() {
			break
		}
	}
	return points[first:]
}

func notOK(p store.Point) bool { return p.Status != monitor.StatusOK }

// countStreak counts the points in a row before the last point that are of the same kind (OK or not OK) as the last
// point. It does not count the last point.
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

// step returns the state after one more result, and the event that it causes, if any.
func step(s store.IncidentState, p store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	s = capDates(s, p.Date)
	switch {
	case !isOpen(s) && notOK(p):
		return countFailure(s, p, r, c)
	case !isOpen(s):
		return withoutIncident(s), nil
	case notOK(p):
		return continueIncident(s, p, r, c)
	default:
		return countRecovery(s, p, r)
	}
}

// countFailure handles a not-OK result while no incident is open. With a dependency, a due incident waits for it.
func countFailure(s store.IncidentState, p store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	if s.Count == 0 {
		s.Opened = p.Date
	}
	s.Phase = store.PhaseFailing
	s.Count++
	switch {
	case s.Count < r.FailCount:
	case c.dependency.ID == "":
		return openIncident(s, p, c)
	case s.WaitingSince.IsZero():
		s.WaitingSince = p.Date
	}
	return s, nil
}

// openIncident opens an incident with the result p.
func openIncident(s store.IncidentState, p store.Point, c conditions) (store.IncidentState, *event) {
	s.Phase, s.Count, s.WaitingSince = store.PhaseOpen, 0, time.Time{}
	s.Incident++
	s.Severity, s.Reminders, s.LastNotified, s.Silenced = p.Status, 0, p.Date, c.silenced
	return s, newEvent(s, store.KindOpened, p)
}

// continueIncident handles a not-OK result in an open incident. An escalation replaces a reminder. After a silence, a
// reminder replaces the notification of an incident that opened in it.
func continueIncident(s store.IncidentState, p store.Point, r Rules, c conditions) (store.IncidentState, *event) {
	s.Phase, s.Count = store.PhaseOpen, 0
	escalated := p.Status == monitor.StatusFailed && s.Severity != monitor.StatusFailed
	reminder := s.Silenced || r.Reminder > 0 && p.Date.Sub(s.LastNotified) >= r.Reminder
	switch {
	case c.silenced, !escalated && !reminder:
		return s, nil
	case escalated:
		s.Severity, s.LastNotified, s.Silenced = monitor.StatusFailed, p.Date, false
		return s, newEvent(s, store.KindEscalated, p)
	default:
		s.Reminders++
		s.LastNotified, s.Silenced = p.Date, false
		return s, newEvent(s, store.KindReminder, p)
	}
}

// countRecovery handles an OK result in an open incident.
func countRecovery(s store.IncidentState, p store.Point, r Rules) (store.IncidentState, *event) {
	s.Phase = store.PhaseRecovering
	s.Count++
	if s.Count < r.RecoveryCount {
		return s, nil
	}
	return withoutIncident(s), newEvent(s, store.KindResolved, p)
}

func newEvent(s store.IncidentState, kind store.NotificationKind, p store.Point) *event {
	ev := &event{kind: kind, incident: s.Incident, opened: s.Opened, point: p, silenced: s.Silenced}
	if kind == store.KindReminder {
		ev.reminder = s.Reminders
	}
	return ev
}
