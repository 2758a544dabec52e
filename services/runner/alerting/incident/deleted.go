package incident

import (
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// deletedAfter limits how the evaluator detects deleted monitors: a monitor counts as deleted if the list of monitors
// doesn't contain it and its incident or notification was at least this old when the list arrived.
const deletedAfter = time.Minute

// trackDeleted tracks a monitor that has an open incident and was deleted while no runner was there to close it. date is
// the date of its incident or notification. trackDeleted reports false if the list of monitors is too old to decide.
func (e *Evaluator) trackDeleted(m monitor.Monitor, date time.Time) bool {
	if _, stored := e.monitors.all[m.ID]; stored || e.tracked[m.ID] != nil {
		return true
	}
	if date.After(e.monitors.receivedAt.Add(-deletedAfter)) {
		return false
	}
	t := newTrackedMonitor(m)
	t.deleted = true
	e.tracked[m.ID] = t
	e.pending[m.ID] = true
	return true
}

// trackDeletedWith tracks the deleted monitors of the incidents. It reports false if the list of monitors is too old to
// decide about one of them.
func trackDeletedWith(open []store.Incident, track func(monitor.Monitor, time.Time) bool) bool {
	decided := true
	for _, i := range open {
		decided = track(monitor.Monitor{ID: i.MonitorID, Name: i.MonitorName, Group: i.Group}, i.Opened) && decided
	}
	return decided
}
