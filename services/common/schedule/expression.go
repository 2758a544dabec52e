package schedule

import (
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// expression is a cron expression in local time. It differs from that of the library in two points, in which it does as
// the crontabs of Linux and the BSDs do: 7 is Sunday too, and a field that begins with * restricts nothing.
type expression struct{ spec cron.SpecSchedule }

// anyValue marks a field of a [cron.SpecSchedule] that restricts nothing. The library has no name for it.
const anyValue = 1 << 63

var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// shortForms maps the short forms of expressions to the complete ones.
var shortForms = map[string]string{
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
	"@monthly":  "0 0 1 * *",
	"@weekly":   "0 0 * * 0",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@hourly":   "0 * * * *",
}

func parseExpression(text string) (*expression, error) {
	if strings.HasPrefix(text, "@") {
		complete, known := shortForms[strings.ToLower(text)]
		if !known {
			return nil, invalid(quote(text)+" is not a schedule", "Use one of @hourly, @daily, @weekly, @monthly and @yearly.")
		}
		text = complete
	}
	fields := strings.Fields(text)
	switch {
	case len(fields) == 0:
		return nil, invalid("the schedule is missing", hint)
	case strings.Contains(fields[0], "="):
		return nil, invalid(quote(text)+" sets a time zone", "Use the property zone for the time zone.")
	case len(fields) != 5:
		return nil, invalid(quote(text)+" has "+strconv.Itoa(len(fields))+" fields, a cron expression has 5", hint)
	}
	fields[4] = sundayAsZero(fields[4])
	parsed, err := parser.Parse(strings.Join(fields, " "))
	if err != nil {
		return nil, invalid(quote(text)+" is not a cron expression: "+err.Error(), hint)
	}
	e := &expression{spec: *parsed.(*cron.SpecSchedule)} // The parser returns another type only for short forms.
	e.spec.Location = time.UTC
	for _, field := range []struct {
		text string
		bits *uint64
	}{{fields[2], &e.spec.Dom}, {fields[4], &e.spec.Dow}} {
		if strings.HasPrefix(field.text, "*") {
			*field.bits |= anyValue
		}
	}
	return e, nil
}

// sundayAsZero replaces 7 by 0 in a field of days of the week, alone and as the end of a range.
func sundayAsZero(field string) string {
	parts := strings.Split(field, ",")
	for i, part := range parts {
		span, step, hasStep := strings.Cut(part, "/")
		first, isRange := strings.CutSuffix(span, "-7")
		from, err := strconv.Atoi(first)
		by, stepErr := 1, error(nil)
		if hasStep {
			by, stepErr = strconv.Atoi(step)
		}
		switch {
		case span == "7" && !hasStep:
			parts[i] = "0"
		case isRange && err == nil && stepErr == nil && from >= 0 && from <= 7 && by > 0:
			var days []string
			for day := from; day <= 7; day += by {
				days = append(days, strconv.Itoa(day%7))
			}
			parts[i] = strings.Join(days, ",")
		}
	}
	return strings.Join(parts, ",")
}

// next returns the first local time after the given one, or zero if there is none. Both are stored as if they were UTC.
func (e *expression) next(local time.Time) time.Time {
	// The library gives up after five years, but there are eight between two 29 February around the year 2100.
	if at := e.spec.Next(local); !at.IsZero() {
		return at
	}
	return e.spec.Next(time.Date(local.Year()+4, time.January, 1, 0, 0, 0, 0, time.UTC).Add(-time.Second))
}

// longestGap returns the longest time between two times of the expression. All days with times have the same ones. It takes
// microseconds for expressions that only name times and weekdays, because an import validates thousands of them.
func (e *expression) longestGap() time.Duration {
	last, longest := e.timesOfDay()
	until := reference.AddDate(9, 0, 0)
	const allDays, allMonths = 1<<32 - 2, 1<<13 - 2
	if e.spec.Dom&allDays == allDays && e.spec.Month&allMonths == allMonths {
		until = reference.AddDate(0, 0, 15) // each week is the same
	}
	for at := e.next(reference); at.Before(until); {
		day := startOfNextDay(at).AddDate(0, 0, -1)
		at = e.next(day.AddDate(0, 0, 1).Add(-time.Second))
		if at.IsZero() {
			break
		}
		longest = max(longest, at.Sub(day)-last)
	}
	return longest
}

// timesOfDay returns the last time on a day, and the longest time between two times on a day.
func (e *expression) timesOfDay() (last, longest time.Duration) {
	first := true
	for minute := range 24 * 60 {
		if e.spec.Hour>>(minute/60)&1 == 0 || e.spec.Minute>>(minute%60)&1 == 0 {
			continue
		}
		at := time.Duration(minute) * time.Minute
		if !first {
			longest = max(longest, at-last)
		}
		last, first = at, false
	}
	return last, longest
}

func startOfNextDay(local time.Time) time.Time {
	year, month, day := local.Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
}
