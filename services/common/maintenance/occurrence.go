package maintenance

import (
	"slices"
	"sync"
	"time"

	// So that zones are known in an image that has no files of them.
	_ "time/tzdata"
)

// reach is how many days before and after a moment are looked at for a weekly window's occurrences. It must be more than
// [MaxDuration] and a week.
const reach = 15

// zones are the locations by their names, which never change: loading one takes longer than all else here.
var zones sync.Map

func loadZone(name string) (*time.Location, error) {
	if zone, known := zones.Load(name); known {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, zone)
	}
	return zone, err
}

// On reports whether the window is on at t.
func (w Window) On(t time.Time) bool {
	start, _, ok := w.Span(t)
	return ok && !start.After(t)
}

// Span is the occurrence that is on at t, else the next one; it is on while start <= t < end. It is false when there is none
// any more. Of a weekly occurrence that goes on for longer it is the part from about two weeks before t to two weeks after.
func (w Window) Span(t time.Time) (start, end time.Time, ok bool) {
	if w.Weekly == nil {
		return w.Start, w.End, t.Before(w.End)
	}
	return w.Weekly.span(t)
}

// span goes through the days around t and joins the occurrences that touch. A window that isn't valid has none.
func (w Weekly) span(t time.Time) (start, end time.Time, ok bool) {
	zone, zoneErr := loadZone(w.Zone)
	clock, clockErr := time.Parse("15:04", w.At)
	length, lengthErr := time.ParseDuration(w.Duration)
	if zoneErr != nil || clockErr != nil || lengthErr != nil || length <= 0 {
		return time.Time{}, time.Time{}, false
	}
	year, month, day := t.In(zone).Date()
	for i := -reach; i <= reach; i++ {
		wall := time.Date(year, month, day+i, clock.Hour(), clock.Minute(), 0, 0, time.UTC)
		if !slices.Contains(w.Days, days[wall.Weekday()]) {
			continue
		}
		next := reached(wall, zone)
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

// reached is when the clocks of a zone first show a time, or a later one. Wall is that time as if it were in UTC.
func reached(wall time.Time, zone *time.Location) time.Time {
	for at := wall.Add(-24 * time.Hour).In(zone); ; {
		_, offset := at.Zone()
		exact := wall.Add(time.Duration(-offset) * time.Second)
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
