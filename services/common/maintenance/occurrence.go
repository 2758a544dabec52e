package maintenance

import (
	"slices"
	"time"

	"nanomon/services/common/localtime"
)

// searchDays limits the search for the occurrences of a weekly window to this number of days before and after a time.
// It must be more than [MaxDuration] and a week.
const searchDays = 15

// ActiveAt reports whether the window is active at t.
func (w Window) ActiveAt(t time.Time) bool {
	start, _, ok := w.Occurrence(t)
	return ok && !start.After(t)
}

// Occurrence returns the occurrence that is active at t or, if there is none, the next one. An occurrence is active
// while start <= t < end. ok is false if the window has ended. If a weekly window has no gap between its occurrences,
// Occurrence returns the time from about two weeks before t to two weeks after t.
func (w Window) Occurrence(t time.Time) (start, end time.Time, ok bool) {
	if w.Weekly == nil {
		return w.Start, w.End, t.Before(w.End)
	}
	return w.Weekly.occurrence(t)
}

// occurrence searches the days around t and joins adjacent occurrences. An invalid window has no occurrence.
func (w Weekly) occurrence(t time.Time) (start, end time.Time, ok bool) {
	zone, zoneErr := localtime.Zone(w.Zone)
	clock, clockErr := time.Parse("15:04", w.At)
	length, lengthErr := time.ParseDuration(w.Duration)
	if zoneErr != nil || clockErr != nil || lengthErr != nil || length <= 0 {
		return time.Time{}, time.Time{}, false
	}
	year, month, day := t.In(zone).Date()
	for i := -searchDays; i <= searchDays; i++ {
		local := time.Date(year, month, day+i, clock.Hour(), clock.Minute(), 0, 0, time.UTC)
		if !slices.Contains(w.Days, days[local.Weekday()]) {
			continue
		}
		next := localtime.FirstInstant(local, zone)
		switch {
		case !ok || next.After(end) && !end.After(t):
			start, ok = next, true
		case next.After(end):
			return start, end, true
		}
		end = next.Add(length)
	}
	return start, end, ok
}
