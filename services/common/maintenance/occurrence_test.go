package maintenance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
)

func at(t testing.TB, text string) time.Time {
	t.Helper()
	date, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return date
}

func weekly(at, duration, zone string, days ...string) Window {
	return Window{Name: "w", Groups: []string{"g"}, Weekly: &Weekly{Days: days, At: at, Duration: duration, Zone: zone}}
}

func TestCovers(t *testing.T) {
	w := Window{Monitors: []string{"a", "b"}, Groups: []string{"web", ""}}
	for _, test := range []struct {
		id, group string
		want      bool
	}{
		{"a", "", true}, {"b", "other", true}, {"c", "web", true}, {"c", "Web", false}, {"c", "", false}, {"", "other", false},
	} {
		if got := w.Covers(monitor.Monitor{ID: test.id, Group: test.group}); got != test.want {
			t.Errorf("the monitor %q of the group %q: %v, want %v", test.id, test.group, got, test.want)
		}
	}
}

func TestOccurrence(t *testing.T) {
	once := Window{Start: at(t, "2026-03-01T10:00:00Z"), End: at(t, "2026-03-01T11:00:00Z")}
	nights := weekly("23:30", "1h", "UTC", "saturday")
	for _, test := range []struct {
		name            string
		w               Window
		t, start, until string // start is empty if there is no occurrence
		active          bool
	}{
		{"once, before", once, "2026-03-01T09:59:59.999Z", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", false},
		{"once, at the start", once, "2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", true},
		{"once, at the last moment", once, "2026-03-01T10:59:59.999Z", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", true},
		{"once, at the end", once, "2026-03-01T11:00:00Z", "", "", false},
		{"over midnight, before", nights, "2026-03-07T23:29:59Z", "2026-03-07T23:30:00Z", "2026-03-08T00:30:00Z", false},
		{"over midnight, the next day", nights, "2026-03-08T00:29:59Z", "2026-03-07T23:30:00Z", "2026-03-08T00:30:00Z", true},
		{"over midnight, after", nights, "2026-03-08T00:30:00Z", "2026-03-14T23:30:00Z", "2026-03-15T00:30:00Z", false},
		{"a zone ahead", weekly("00:30", "1h", "Asia/Tokyo", "monday"), "2026-03-08T16:00:00Z", "2026-03-08T15:30:00Z", "2026-03-08T16:30:00Z", true},
		{"overlapping days", weekly("20:00", "30h", "UTC", "friday", "saturday"), "2026-03-08T00:00:00Z", "2026-03-06T20:00:00Z", "2026-03-09T02:00:00Z", true},
		{"touching days", weekly("00:00", "24h", "UTC", "sunday", "saturday"), "2026-03-06T00:00:00Z", "2026-03-07T00:00:00Z", "2026-03-09T00:00:00Z", false},
		{"a week less a minute", weekly("10:00", "167h59m", "UTC", "monday"), "2026-03-09T09:59:30Z", "2026-03-09T10:00:00Z", "2026-03-16T09:59:00Z", false},

		{"winter", weekly("02:30", "1h", "Europe/Amsterdam", "sunday"), "2026-03-22T00:00:00Z", "2026-03-22T01:30:00Z", "2026-03-22T02:30:00Z", false},
		{"a local time that is skipped", weekly("02:30", "1h", "Europe/Amsterdam", "sunday"), "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", false},
		{"summer", weekly("02:30", "1h", "Europe/Amsterdam", "sunday"), "2026-04-05T00:00:00Z", "2026-04-05T00:30:00Z", "2026-04-05T01:30:00Z", false},
		{"a local time that occurs twice", weekly("02:30", "1h", "Europe/Amsterdam", "sunday"), "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", false},
		{"after a local time that occurs twice", weekly("02:30", "1h", "Europe/Amsterdam", "sunday"), "2026-10-25T01:30:00Z", "2026-11-01T01:30:00Z", "2026-11-01T02:30:00Z", false},
		{"same length across a clock change", weekly("01:00", "3h", "Europe/Amsterdam", "sunday"), "2026-03-29T02:59:59Z", "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z", true},
		{"two days that are adjacent because of a clock change", weekly("03:00", "23h", "Europe/Amsterdam", "saturday", "sunday"), "2026-03-29T00:00:00Z", "2026-03-28T02:00:00Z", "2026-03-30T00:00:00Z", true},
		{"all day except the hour that is added", weekly("00:00", "24h", "Europe/Amsterdam", days[:]...), "2026-10-25T22:30:00Z", "2026-10-25T23:00:00Z", "2026-11-09T23:00:00Z", false},
		{"a midnight that is skipped", weekly("00:00", "1h", "America/Sao_Paulo", "sunday"), "2018-11-04T00:00:00Z", "2018-11-04T03:00:00Z", "2018-11-04T04:00:00Z", false},
		{"a day that is skipped", weekly("12:00", "1h", "Pacific/Apia", "friday"), "2011-12-30T00:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T11:00:00Z", false},
		{"a clock change of half an hour", weekly("02:15", "10m", "Australia/Lord_Howe", "sunday"), "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z", "2026-10-03T15:40:00Z", false},

		{"no such zone", weekly("02:15", "10m", "Nowhere", "sunday"), "2026-10-03T00:00:00Z", "", "", false},
		{"no such time", weekly("25:15", "10m", "UTC", "sunday"), "2026-10-03T00:00:00Z", "", "", false},
		{"no such length", weekly("02:15", "-10m", "UTC", "sunday"), "2026-10-03T00:00:00Z", "", "", false},
		{"no such day", weekly("02:15", "10m", "UTC", "someday"), "2026-10-03T00:00:00Z", "", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			start, end, ok := test.w.Occurrence(at(t, test.t))
			if got := test.w.ActiveAt(at(t, test.t)); got != test.active {
				t.Errorf("active is %v, want %v", got, test.active)
			}
			switch {
			case test.start == "":
				if ok {
					t.Errorf("from %s to %s, want none", start, end)
				}
			case !ok || !start.Equal(at(t, test.start)) || !end.Equal(at(t, test.until)):
				t.Errorf("from %s to %s (%v), want from %s to %s", start, end, ok, test.start, test.until)
			}
		})
	}
}

// The window has no gap. The test covers two clock changes.
func TestWindowWithoutGap(t *testing.T) {
	w := weekly("03:00", "168h", "Europe/Amsterdam", "tuesday", "friday")
	for now := at(t, "2026-03-01T00:00:00Z"); now.Year() == 2026; now = now.Add(7 * time.Hour) {
		start, end, ok := w.Occurrence(now)
		if !ok || now.Sub(start) < 10*24*time.Hour || end.Sub(now) < 14*24*time.Hour {
			t.Fatalf("at %s from %s to %s (%v), want about two weeks before and after", now, start, end, ok)
		}
	}
}

// activeMinutes returns the minutes between from and to at which a weekly window is active. It examines the local time
// of every minute.
func activeMinutes(t testing.TB, w Weekly, from, to time.Time) map[time.Time]bool {
	zone, err := time.LoadLocation(w.Zone)
	if err != nil {
		t.Fatal(err)
	}
	length, err := time.ParseDuration(w.Duration)
	if err != nil {
		t.Fatal(err)
	}
	started, active := make(map[string]bool), make(map[time.Time]bool)
	until := from
	for now := from.Add(-10 * 24 * time.Hour); now.Before(to); now = now.Add(time.Minute) {
		local := now.In(zone)
		// A day's occurrence starts in the first minute whose local time is At or later. That may be on the next day.
		for _, day := range []time.Time{local.AddDate(0, 0, -1), local} {
			date := day.Format(time.DateOnly)
			if started[date] || local.Format("2006-01-02 15:04") < date+" "+w.At {
				continue
			}
			started[date] = true
			if slices.Contains(w.Days, days[day.Weekday()]) && now.Add(length).After(until) {
				until = now.Add(length)
			}
		}
		active[now] = now.Before(until)
	}
	return active
}

var testZones = []string{
	"UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Kiritimati", "America/Havana", "Africa/Casablanca",
}

// exactWithin is the distance from a time within which Occurrence returns exact bounds.
const exactWithin = 7 * 24 * time.Hour

func FuzzOccurrence(f *testing.F) {
	for zone := range testZones {
		f.Add(uint8(zone), uint8(0b1000001), uint16(2*60+30), uint16(90), uint16(87))
		f.Add(uint8(zone), uint8(0b1111111), uint16(0), uint16(24*60), uint16(297))
		f.Add(uint8(zone), uint8(0b0000001), uint16(23*60+59), uint16(7*24*60-1), uint16(66))
	}
	f.Fuzz(func(t *testing.T, zone, bits uint8, minute, length, day uint16) {
		w := Window{Weekly: &Weekly{
			At: fmt.Sprintf("%02d:%02d", minute/60%24, minute%60), Duration: (time.Duration(length%(7*24*60)+1) * time.Minute).String(),
			Zone: testZones[int(zone)%len(testZones)],
		}}
		for i, name := range days {
			if bits&(1<<i) != 0 {
				w.Weekly.Days = append(w.Weekly.Days, name)
			}
		}
		if len(w.Weekly.Days) == 0 {
			return
		}
		from := time.Date(2026, 1, 1+int(day%365), 0, 0, 0, 0, time.UTC)
		active := activeMinutes(t, *w.Weekly, from, from.Add(2*24*time.Hour))
		for now := from; now.Before(from.Add(2 * 24 * time.Hour)); now = now.Add(time.Minute) {
			if got := w.ActiveAt(now); got != active[now] {
				t.Fatalf("%+v at %s: active is %v, want %v", *w.Weekly, now, got, active[now])
			}
		}
		start, end, ok := w.Occurrence(from)
		switch {
		case !ok || !end.After(from) || !end.After(start):
			t.Fatalf("%+v at %s: from %s to %s (%v)", *w.Weekly, from, start, end, ok)
		case !w.ActiveAt(start) || from.Sub(start) < exactWithin && w.ActiveAt(start.Add(-1)) || !w.ActiveAt(end.Add(-1)) || end.Sub(from) < exactWithin && w.ActiveAt(end):
			t.Fatalf("%+v at %s: the bounds %s and %s are wrong", *w.Weekly, from, start, end)
		}
	})
}
