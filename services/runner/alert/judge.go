package alert

import (
	"cmp"
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
	kind     store.AlertKind
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
// Usually there is one. More of them were held up, by an outage of the store or a restart: then the newest decides. What came and
// went meanwhile is not told of, but results before the newest that are bad, or OK, like it are counted.
func judge(s store.AlertState, points []store.Point, r Rules) (store.AlertState, *owed) {
	points = unseen(s, points)
	if len(points) == 0 {
		return s, nil
	}
	return step(countTail(s, points), points[len(points)-1], r)
}

// unseen are the points that are newer than s.
func unseen(s store.AlertState, points []store.Point) []store.Point {
	first := slices.IndexFunc(points, func(p store.Point) bool { return p.Date.After(s.Seen) })
	if first < 0 {
		return nil
	}
	return points[first:]
}

// open reports whether s is in an incident.
func open(s store.AlertState) bool {
	return s.Phase == store.PhaseAlerting || s.Phase == store.PhaseRecovering
}

// further reports whether a knows more than b, of the same monitor: of a later incident, of the incident's end, or of newer results.
func further(a, b store.AlertState) bool {
	switch {
	case a.Incident != b.Incident:
		return a.Incident > b.Incident
	case open(a) != open(b):
		return open(b)
	default:
		return a.Seen.After(b.Seen)
	}
}

func bad(p store.Point) bool { return p.Status != monitor.StatusOK }

// countTail counts the points right before the last that are bad, or OK, like it.
func countTail(s store.AlertState, points []store.Point) store.AlertState {
	last := len(points) - 1
	first := last
	for first > 0 && bad(points[first-1]) == bad(points[last]) {
		first--
	}
	if bad(points[last]) == open(s) {
		return s
	}
	if first > 0 {
		s.Count = 0
	}
	if s.Count == 0 && !open(s) {
		s.Opened = points[first].Date
	}
	s.Count += last - first
	return s
}

// step is the table of alerts: the state after one more result, and the message that this owes, if any.
func step(s store.AlertState, p store.Point, r Rules) (store.AlertState, *owed) {
	s.Seen = p.Date
	switch {
	case !open(s) && bad(p):
		return fail(s, p, r)
	case !open(s):
		return quiet(s), nil
	case bad(p):
		return goOn(s, p, r)
	default:
		return well(s, p, r)
	}
}

// fail is one more bad result outside an incident.
func fail(s store.AlertState, p store.Point, r Rules) (store.AlertState, *owed) {
	if s.Count == 0 {
		s.Opened = p.Date
	}
	s.Phase = store.PhaseFailing
	s.Count++
	if s.Count < r.FailCount {
		return s, nil
	}
	s.Phase, s.Count = store.PhaseAlerting, 0
	s.Incident++
	s.Severity, s.Reminders, s.Reminded = p.Status, 0, p.Date
	return s, owe(s, store.KindAlert, p)
}

// goOn is one more bad result in an incident. An escalation does for a reminder.
func goOn(s store.AlertState, p store.Point, r Rules) (store.AlertState, *owed) {
	s.Phase, s.Count = store.PhaseAlerting, 0
	switch {
	case p.Status == monitor.StatusFailed && s.Severity != monitor.StatusFailed:
		s.Severity, s.Reminded = monitor.StatusFailed, p.Date
		return s, owe(s, store.KindEscalation, p)
	case r.Reminder > 0 && p.Date.Sub(s.Reminded) >= r.Reminder:
		s.Reminders++
		s.Reminded = p.Date
		return s, owe(s, store.KindReminder, p)
	default:
		return s, nil
	}
}

// well is one more OK result in an incident.
func well(s store.AlertState, p store.Point, r Rules) (store.AlertState, *owed) {
	s.Phase = store.PhaseRecovering
	s.Count++
	if s.Count < r.RecoveryCount {
		return s, nil
	}
	return quiet(s), owe(s, store.KindRecovery, p)
}

// quiet is s with nothing going on.
func quiet(s store.AlertState) store.AlertState {
	return store.AlertState{MonitorID: s.MonitorID, Phase: store.PhaseOK, Seen: s.Seen, Incident: s.Incident}
}

func owe(s store.AlertState, kind store.AlertKind, p store.Point) *owed {
	o := &owed{kind: kind, incident: s.Incident, opened: s.Opened, point: p}
	if kind == store.KindReminder {
		o.reminder = s.Reminders
	}
	return o
}

// shut gives the state of a monitor that was disabled or deleted, and the closing of its incident, if it has one.
func shut(s store.AlertState, now time.Time) (store.AlertState, *owed) {
	// Only a newer state is stored.
	if least := s.Seen.Add(time.Millisecond); now.Before(least) {
		now = least
	}
	was := s
	s.Seen = now
	if !open(was) {
		return quiet(s), nil
	}
	return quiet(s), owe(was, store.KindClosed, store.Point{Date: now, Status: was.Severity})
}

// follow gives the state after what other runners, or this one before it died, have told of its monitor: a message may be stored whose
// state is not. What was told counts: an incident that people know of is open until they know of its end.
func follow(s store.AlertState, told []store.Alert) store.AlertState {
	told = slices.Clone(told)
	slices.SortFunc(told, func(a, b store.Alert) int {
		return cmp.Or(cmp.Compare(a.Incident, b.Incident), a.Date.Compare(b.Date))
	})
	for _, m := range told {
		switch {
		case m.Kind == store.KindAlert && m.Incident > s.Incident:
			s = store.AlertState{
				MonitorID: s.MonitorID, Phase: store.PhaseAlerting, Seen: m.Date, Incident: m.Incident,
				Opened: m.Opened, Severity: m.Status, Reminded: m.Date,
			}
		case (m.Kind == store.KindRecovery || m.Kind == store.KindClosed) &&
			(m.Incident > s.Incident || m.Incident == s.Incident && open(s)):
			s = quiet(store.AlertState{MonitorID: s.MonitorID, Seen: m.Date, Incident: m.Incident})
		}
	}
	return s
}
