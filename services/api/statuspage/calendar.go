package statuspage

import (
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/localtime"
	"nanomon/services/common/uptime"
)

// calendar contains the days in a time zone that pages show.
type calendar struct {
	zone *time.Location
	// today is the number of the last day, counted from 1970.
	today int
	// starts contains the start of each day, and the end of the last one.
	starts [view.Days + 1]time.Time
}

// newCalendar returns the days that end with the day of now.
func newCalendar(zone *time.Location, now time.Time) *calendar {
	year, month, day := now.In(zone).Date()
	if !now.Before(localtime.StartOfDay(year, month, day+1, zone)) {
		day++ // The clock was set back over midnight: the first midnight counts.
	}
	c := &calendar{zone: zone, today: int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86_400)}
	for i := range c.starts {
		c.starts[i] = localtime.StartOfDay(year, month, day+1-view.Days+i, zone)
	}
	return c
}

// isCurrent reports whether now is in the last day.
func (c *calendar) isCurrent(now time.Time) bool {
	return !now.Before(c.starts[view.Days-1]) && now.Before(c.starts[view.Days])
}

// indexOf returns the index of the day that contains a time; the first day if it is earlier.
func (c *calendar) indexOf(at time.Time) int {
	i := view.Days - 1
	for i > 0 && at.Before(c.starts[i]) {
		i--
	}
	return i
}

// date returns the local date of the day with an index.
func (c *calendar) date(i int) string {
	day := c.today + 1 - view.Days + i
	return time.Unix(int64(day)*86_400, 0).UTC().Format(time.DateOnly)
}

// spent is the time of one or several monitors by what a page says about it, in milliseconds.
type spent struct{ ok, down, maintenance, notChecked int64 }

func (s *spent) add(other spent) {
	s.ok += other.ok
	s.down += other.down
	s.maintenance += other.maintenance
	s.notChecked += other.notChecked
}

// spentOf returns the times of a breakdown. Time that is blocked or disabled is not checked.
func spentOf(b uptime.Breakdown) spent {
	return spent{
		ok: b.OK.Milliseconds(), down: b.Down().Milliseconds(), maintenance: b.Maintenance.Milliseconds(),
		notChecked: (b.Unchecked + b.Blocked + b.Disabled).Milliseconds(),
	}
}

// day is [spent] for one monitor and one day, which needs less memory.
type day struct{ ok, down, maintenance, notChecked uint32 }

func (d day) spent() spent {
	return spent{int64(d.ok), int64(d.down), int64(d.maintenance), int64(d.notChecked)}
}

// dayLog contains the days of a monitor in a time zone.
type dayLog struct {
	// today is the number of the last day, as in [calendar].
	today int
	days  [view.Days]day
}

// follow removes days that are over and appends new ones, so that the log has the days of a calendar.
func (l *dayLog) follow(c *calendar) {
	passed := min(c.today-l.today, view.Days)
	if passed <= 0 {
		return
	}
	copy(l.days[:], l.days[passed:])
	clear(l.days[view.Days-passed:])
	l.today = c.today
}

// replace replaces the days from an index on by periods that cover these days up to some time.
func (l *dayLog) replace(first int, periods []uptime.Period, c *calendar) {
	for i, b := range uptime.Divide(periods, c.starts[first:]) {
		s := spentOf(b)
		l.days[first+i] = day{uint32(s.ok), uint32(s.down), uint32(s.maintenance), uint32(s.notChecked)}
	}
}
