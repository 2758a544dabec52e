// Package schedule computes the times at which a job runs: after each period, or at the times of a cron expression.
package schedule

import (
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/localtime"
	"nanomon/services/common/monitor"
)

// MinPeriod is the minimum time between two runs of a job.
const MinPeriod = 10 * time.Second

const hint = "Use every and a duration, such as every 1h, or a cron expression, such as 30 2 * * * for 02:30 each day."

// Schedule says when a job runs. The zero value has no times.
type Schedule struct {
	// period is the time between two runs; 0 for a cron expression.
	period time.Duration
	cron   *expression
	zone   *time.Location
}

// Parse parses the target of a push monitor: every and a duration, or a cron expression with five fields or one of its
// short forms, such as @daily. zone is the name of the time zone of the expression. The error is a
// [monitor.InvalidError] that names the target or the property zone.
func Parse(target, zone string) (Schedule, error) {
	location, err := localtime.Zone(zone)
	if err != nil {
		return Schedule{}, monitor.Invalid("property zone: "+quote(zone)+" is not a time zone",
			"Use a name of the IANA time zone database, such as Europe/Berlin or UTC.")
	}
	s := Schedule{zone: location}
	target = strings.TrimSpace(target)
	if fields := strings.Fields(target); len(fields) > 0 && strings.EqualFold(fields[0], "every") {
		s.period, err = parsePeriod(strings.Join(fields[1:], ""))
		return s, err
	}
	if s.cron, err = parseExpression(target); err != nil {
		return Schedule{}, err
	}
	if s.Next(reference).IsZero() {
		return Schedule{}, invalid(quote(target)+" is never true", "There is no such date, as with 30 February.")
	}
	return s, nil
}

// reference is the time from which schedules are examined, so that the answer is the same at each time.
var reference = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

// parsePeriod parses a duration in Go's form, or a number of days such as 7d.
func parsePeriod(text string) (time.Duration, error) {
	period, err := time.ParseDuration(text)
	if count, isDays := strings.CutSuffix(text, "d"); isDays {
		var days uint64
		days, err = strconv.ParseUint(count, 10, 16)
		period = time.Duration(days) * 24 * time.Hour
	}
	switch {
	case err != nil:
		return 0, invalid(quote(text)+" is not a duration", "Use for example every 10m, every 1h or every 1d.")
	case period < MinPeriod:
		return 0, invalid("every "+text+" is too short", "The shortest period is "+MinPeriod.String()+".")
	case period > monitor.MaxInterval:
		return 0, invalid("every "+text+" is too long", "The longest period is 366d.")
	}
	return period.Truncate(time.Millisecond), nil
}

// Period returns the time between two runs, or 0 if the schedule is a cron expression.
func (s Schedule) Period() time.Duration { return s.period }

// Zone returns the time zone of the schedule.
func (s Schedule) Zone() *time.Location { return s.zone }

// Next returns the first time of the schedule after the given one: a period later, or the next time of the cron
// expression. It is zero if there is none. A local time that occurs twice, because clocks are set back, counts the
// first time. A local time that does not occur is skipped.
func (s Schedule) Next(after time.Time) time.Time {
	if s.cron == nil {
		if s.period == 0 {
			return time.Time{}
		}
		return after.Add(s.period)
	}
	// The expression is evaluated as if the time zone never changed its offset.
	for local := wall(after.In(s.zone)); ; {
		local = s.cron.next(local)
		if local.IsZero() {
			return time.Time{}
		}
		at := localtime.FirstInstant(local, s.zone)
		if at.After(after) && wall(at.In(s.zone)).Equal(local) {
			return at
		}
	}
}

// wall returns the time that a clock at t shows, as if it were UTC.
func wall(t time.Time) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)
}

// LongestGap returns the longest time between two times of the schedule, at most [monitor.MaxInterval]. It ignores
// changes of the time zone's offset.
func (s Schedule) LongestGap() time.Duration {
	if s.cron == nil {
		return s.period
	}
	return min(s.cron.longestGap(), monitor.MaxInterval)
}

// invalid returns the error about a target.
func invalid(detail, advice string) error {
	return monitor.Invalid("invalid monitor target: "+detail, advice)
}

// quote returns text in quotes, truncated to 80 bytes.
func quote(text string) string {
	const limit = 80
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return strconv.Quote(text)
}
