package incident

import (
	"cmp"
	"slices"
	"time"

	"nanomon/services/common/store"
)

// isOpen reports whether an incident is open.
func isOpen(s store.IncidentState) bool {
	return s.Phase == store.PhaseOpen || s.Phase == store.PhaseRecovering
}

// isAhead reports whether a is a later state of the same monitor than b: in a later incident, after the end of the same
// incident, or after newer results.
func isAhead(a, b store.IncidentState) bool {
	switch {
	case a.Incident != b.Incident:
		return a.Incident > b.Incident
	case isOpen(a) != isOpen(b):
		return isOpen(b)
	default:
		return a.Number() > b.Number()
	}
}

// withoutIncident returns s in PhaseOK, without an incident or a count.
func withoutIncident(s store.IncidentState) store.IncidentState {
	return store.IncidentState{
		MonitorID: s.MonitorID, Phase: store.PhaseOK, Evaluated: s.Evaluated, Sequence: s.Sequence, Incident: s.Incident,
		Warning: s.Warning,
	}
}

// capDates returns s without dates after the given one, which are from before the clock was set back. Otherwise an
// incident would have a negative duration, and no reminders for a long time.
func capDates(s store.IncidentState, latest time.Time) store.IncidentState {
	for _, date := range []*time.Time{&s.Opened, &s.WaitingSince, &s.LastNotified} {
		if date.After(latest) {
			*date = latest
		}
	}
	return s
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
				Incident: n.Incident, Opened: n.Opened, Severity: n.Status, LastNotified: n.Date, Silenced: n.Silenced,
				Warning: s.Warning,
			}
		case (n.Kind == store.KindEscalated || n.Kind == store.KindReminder) && n.Incident == s.Incident:
			s.Silenced = false
		case (n.Kind == store.KindResolved || n.Kind == store.KindClosed) &&
			(n.Incident > s.Incident || n.Incident == s.Incident && isOpen(s)):
			s.Evaluated, s.Incident = n.Date, n.Incident
			s = withoutIncident(s)
		}
	}
	return s
}
