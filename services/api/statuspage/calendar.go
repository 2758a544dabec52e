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

// follow makes the day of now the last one. It reports whether that is an earlier day than before.
func (c *calendar) follow(now time.Time) (isEarlier bool) {
	if !now.Before(c.starts[view.Days-1]) && now.Before(c.starts[view.Days]) {
		return false
	}
	before := c.today
	year, month, day := now.In(c.zone).Date()
	if !now.Before(localtime.StartOfDay(year, month, day+1, c.zone)) {
		day++ // The clock was set back over midnight: the first midnight counts.
	}
	c.today = int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86_400)
	for i := range c.starts {
		c.starts[i] = localtime.StartOfDay(year, month, day+1-view.Days+i, c.zone)
	}
	return c.today < before
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

// add adds the times of a breakdown. Time that is blocked or disabled is not checked.
func (s *spent) add(b uptime.Breakdown) {
	s.ok += b.OK.Milliseconds()
	s.down += b.Down().Milliseconds()
	s.maintenance += b.Maintenance.Milliseconds()
	s.notChecked += (b.Unchecked + b.Blocked + b.Disabled).Milliseconds()
}

// day is [spent] for one monitor and one day, which needs less memory.
type day struct{ ok, down, maintenance, notChecked uint32 }

func (d *day) add(b uptime.Breakdown) {
	var s spent
	s.add(b)
	d.ok += uint32(s.ok)
	d.down += uint32(s.down)
	d.maintenance += uint32(s.maintenance)
	d.notChecked += uint32(s.notChecked)
}

// dayLog contains the days of a monitor in a time zone.
type dayLog struct {
	calendar *calendar
	// isKnown reports whether the days have been read.
	isKnown bool
	// today is the number of the last day, as in the calendar.
	today int
	days  [view.Days]day
}

// follow removes days that are over and appends new ones, so that the log has the days of the calendar. If the clock went
// back to an earlier day, the days must be read.
func (l *dayLog) follow() {
	if passed := min(l.calendar.today-l.today, view.Days); passed > 0 {
		copy(l.days[:], l.days[passed:])
		clear(l.days[view.Days-passed:])
	} else if passed < 0 {
		l.isKnown = false
	}
	l.today = l.calendar.today
}

// add adds periods, which follow each other, to the days from an index on.
func (l *dayLog) add(first int, periods []uptime.Period) {
	l.follow()
	for i, b := range uptime.Divide(periods, l.calendar.starts[first:]) {
		l.days[first+i].add(b)
	}
}

// forget makes periods that are in the days unchecked.
func (l *dayLog) forget(periods []uptime.Period) {
	l.follow()
	for i, b := range uptime.Divide(periods, l.calendar.starts[:]) {
		var gone day
		gone.add(b)
		d := &l.days[i]
		d.ok, d.down, d.maintenance = d.ok-gone.ok, d.down-gone.down, d.maintenance-gone.maintenance
		d.notChecked += gone.ok + gone.down + gone.maintenance
	}
}

// addTo adds the days, and periods after these, to sums.
func (l *dayLog) addTo(sums *[view.Days]spent, extension []uptime.Period) {
	l.follow()
	for i, d := range &l.days {
		s := &sums[i]
		s.ok += int64(d.ok)
		s.down += int64(d.down)
		s.maintenance += int64(d.maintenance)
		s.notChecked += int64(d.notChecked)
	}
	if len(extension) > 0 {
		first := l.calendar.indexOf(extension[0].From)
		for i, b := range uptime.Divide(extension, l.calendar.starts[first:]) {
			sums[first+i].add(b)
		}
	}
}
