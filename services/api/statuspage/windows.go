package statuspage

import (
	"slices"
	"time"

	"nanomon/services/common/maintenance"
)

// windows contains the maintenance windows.
type windows struct {
	list []maintenance.Window
	// active contains the monitors in maintenance until the next window begins or ends.
	active maintenance.Active
	// until is the time at which active must be computed again.
	until time.Time
}

// set replaces the windows.
func (w *windows) set(list []maintenance.Window) { w.list, w.until = list, time.Time{} }

// follow sets the active windows at now, and reports whether windows have begun or ended.
func (w *windows) follow(now time.Time) bool {
	if now.Before(w.until) {
		return false
	}
	w.active, w.until = maintenance.ActiveAt(w.list, now), now.Add(24*time.Hour)
	for _, each := range w.list {
		start, end, ok := each.Occurrence(now)
		for _, at := range []time.Time{start, end} {
			if ok && at.After(now) && at.Before(w.until) {
				w.until = at
			}
		}
	}
	return true
}

const (
	// planned is the time in which maintenance is announced.
	planned = 14 * 24 * time.Hour
	// maxOccurrences is the maximum number of announced times of a weekly window.
	maxOccurrences = 4
	// defaultWindowName is the public name of a window without one.
	defaultWindowName = "Planned maintenance"
)

// occurrence is one time of a window.
type occurrence struct{ start, end time.Time }

// announced returns the active or next times of a window, oldest first.
func announced(w maintenance.Window, now time.Time) []occurrence {
	var found []occurrence
	for at := now; len(found) < maxOccurrences; {
		start, end, ok := w.Occurrence(at)
		if !ok || !start.Before(now.Add(planned)) || !end.After(at) {
			break
		}
		found = append(found, occurrence{start, end})
		at = end
	}
	return slices.Clip(found)
}
