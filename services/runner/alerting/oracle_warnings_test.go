package alerting

import (
	"slices"
	"time"

	"nanomon/services/common/store"
)

// okResults returns the OK results that count, of the times in which the runner was not offline.
func (o *oracle) okResults(points []store.Point) []store.Point {
	return slices.DeleteFunc(counted(points), notOK)
}

// warningStreak counts the newest results in a row with a warning, and returns the date of the first one. points are
// from okResults.
func warningStreak(points []store.Point) (n int, since time.Time) {
	for _, p := range slices.Backward(points) {
		if !p.Warning {
			break
		}
		n, since = n+1, p.Date
	}
	return n, since
}

// hasEnded reports whether a warning ended in the results after the given date.
func (o *oracle) hasEnded(points []store.Point, after time.Time) bool {
	without := 0
	for _, p := range points {
		switch {
		case !p.Date.After(after):
		case p.Warning:
			without = 0
		default:
			if without++; without >= o.w.rules.RecoveryCount {
				return true
			}
		}
	}
	return false
}

// checkWarning checks a notification of a warning that was just stored.
func (o *oracle) checkWarning(n store.Notification, rec *record) {
	o.warnings++
	previous := rec.warned
	rec.warned = n
	rec.shared = rec.shared || len(o.w.owners()) > 1
	if !o.w.rules.Warnings || o.isSilenced(n.MonitorID) || n.Incident != 0 {
		o.fail("%s, silenced: %v", n.ID, o.isSilenced(n.MonitorID))
	}
	// While a runner was offline, it has left results out.
	if rec.shared || !o.offline.since.IsZero() {
		return
	}
	if rec.open {
		o.fail("%s while incident %d is open", n.ID, rec.incident)
	}
	points := o.okResults(rec.results)
	if newest := rec.results[len(rec.results)-1]; !newest.Warning || !newest.Date.Equal(n.Date) {
		o.fail("%s, but the newest result is %+v", n.ID, newest)
	}
	if streak, since := warningStreak(points); streak < o.w.rules.FailCount || !since.Equal(n.Opened) {
		o.fail("%s of %s, but only %d results since %s have a warning", n.ID, n.Opened, streak, since)
	}
	if !previous.Date.IsZero() && !o.hasEnded(points, previous.Date) {
		o.fail("%s, but the warning of %s has not ended", n.ID, previous.ID)
	}
}

// checkWarned fails if the newest results of m have a warning, and nobody was notified of it.
func (o *oracle) checkWarned(m *simulatedMonitor, rec *record) {
	results := rec.results[rec.from:]
	if !o.w.rules.Warnings || m.deleted || !m.Enabled || rec.open || rec.shared || len(results) == 0 || !o.offline.since.IsZero() {
		return
	}
	newest, points := results[len(results)-1], o.okResults(results)
	streak, _ := warningStreak(points)
	silence := o.w.store.Silenced[m.ID].Until
	if !newest.Warning || streak < o.w.rules.FailCount || newest.Date.Before(silence) || !newest.Date.After(rec.ended) {
		return
	}
	if rec.warned.Date.IsZero() || o.hasEnded(o.okResults(rec.results), rec.warned.Date) {
		o.fail("nobody was notified of a warning of %s: %d results", m.ID, streak)
	}
}
