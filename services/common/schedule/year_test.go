package schedule_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// oracle says at which minutes a cron expression is true. It knows only numbers, *, ranges, steps and lists.
type oracle struct {
	// allowed says which values of minute, hour, day, month and day of the week are allowed.
	allowed [5][60]bool
	// eitherDay means that one of the fields of the day is enough.
	eitherDay bool
}

func newOracle(expression string) oracle {
	limits := [5][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}}
	fields := strings.Fields(expression)
	o := oracle{eitherDay: !strings.HasPrefix(fields[2], "*") && !strings.HasPrefix(fields[4], "*")}
	for i, field := range fields {
		for part := range strings.SplitSeq(field, ",") {
			span, stepText, _ := strings.Cut(part, "/")
			from, to, step := limits[i][0], limits[i][1], 1
			if span != "*" {
				first, last, isRange := strings.Cut(span, "-")
				from, _ = strconv.Atoi(first)
				if to = from; isRange {
					to, _ = strconv.Atoi(last)
				}
			}
			if stepText != "" {
				step, _ = strconv.Atoi(stepText)
			}
			for value := from; value <= to; value += step {
				o.allowed[i][value] = true
			}
		}
	}
	o.allowed[4][0] = o.allowed[4][0] || o.allowed[4][7]
	return o
}

func (o *oracle) matches(m *minute) bool {
	day, weekday := o.allowed[2][m.fields[2]], o.allowed[4][m.fields[4]]
	return o.allowed[0][m.fields[0]] && o.allowed[1][m.fields[1]] && o.allowed[3][m.fields[3]] &&
		(day && weekday || o.eitherDay && (day || weekday))
}

// minute is an instant and what a clock shows then: minute, hour, day, month and day of the week.
type minute struct {
	at     time.Time
	fields [5]int
}

// firstMinutes returns the minutes of a year in zone, without the minutes whose local time has occurred before.
func firstMinutes(from time.Time, zone *time.Location) []minute {
	var minutes []minute
	latest := 0
	for at, end := from, from.AddDate(1, 0, 0); at.Before(end); at = at.Add(time.Minute) {
		local := at.In(zone)
		year, month, day := local.Date()
		hour, minuteOfHour, _ := local.Clock()
		if shown := (((year*100+int(month))*100+day)*100+hour)*100 + minuteOfHour; shown > latest {
			latest = shown
			fields := [5]int{minuteOfHour, hour, day, int(month), int(local.Weekday())}
			minutes = append(minutes, minute{at, fields})
		}
	}
	return minutes
}

// TestYearOfMinutes compares the times of a year with those at which a clock in the zone shows them for the first time,
// minute by minute.
func TestYearOfMinutes(t *testing.T) {
	expressions := []string{
		"*/7 * * * *", "0 * * * *", "30 2 * * *", "0 2 * * *", "0 3 * * *", "59 1 * * *", "15,45 1-3 * * *",
		"0 0 * * *", "59 23 * * *", "0 0 1 * *", "0 0 31 * *", "0 0 29 2 *", "0 0 28-31 * *", "0 12 * * 0", "0 12 * * 7",
		"0 12 * * 5-7", "0 9 * * 1-5", "*/10 8-17 * * 1-5", "0 0 13 * 5", "0 0 */2 * 1", "0 0 1,15 */3 */2", "5 4 25 3,10 *",
		"30 2 * 3,4,10,11 0", "45 1,2 1-7 * *",
	}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		minutes := firstMinutes(time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC), zone)
		for _, expression := range expressions {
			t.Run(fmt.Sprintf("%s in %s", expression, name), func(t *testing.T) {
				compareYear(t, expression, name, minutes)
			})
		}
	}
}

func compareYear(t *testing.T, expression, zone string, minutes []minute) {
	var want, got []int64
	o := newOracle(expression)
	for i := range minutes {
		if o.matches(&minutes[i]) {
			want = append(want, minutes[i].at.Unix())
		}
	}
	s := parse(t, expression, zone)
	end := minutes[len(minutes)-1].at
	for at := s.Next(minutes[0].at.Add(-time.Second)); !at.IsZero() && !at.After(end); at = s.Next(at) {
		got = append(got, at.Unix())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d times, want %d", len(got), len(want))
	}
}
