package maintenance

import (
	"slices"
	"sync"
	"time"

	// Embeds the time zone database, because container images may not contain one.
	_ "time/tzdata"
)

// searchDays limits the search for the occurrences of a weekly window to this number of days before and after a time.
// It must be more than [MaxDuration] and a week.
const searchDays = 15

// zoneCache maps names to loaded time zones, because loading a zone is slow. Zones never change.
var zoneCache sync.Map

func loadZone(name string) (*time.Location, error) {
	if zone, known := zoneCache.Load(name); known {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zoneCache.Store(name, zone)
	}
	return zone, err
}

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
	zone, zoneErr := loadZone(w.Zone)
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
		next := firstInstant(local, zone)
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

// firstInstant returns the first instant at which a clock in zone shows the time local or a later one. local is a local
// time, stored as if it were UTC.
func firstInstant(local time.Time, zone *time.Location) time.Time {
	for at := local.Add(-24 * time.Hour).In(zone); ; {
		_, offset := at.Zone()
		exact := local.Add(time.Duration(-offset) * time.Second)
		_, change := at.ZoneBounds()
		switch {
		case exact.Before(at):
			return at.UTC()
		case change.IsZero() || exact.Before(change):
			return exact
		}
		at = change
	}
}
