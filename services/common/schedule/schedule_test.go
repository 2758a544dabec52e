package schedule_test

import (
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/schedule"
)

func parse(t *testing.T, target, zone string) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(target, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func date(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestNext(t *testing.T) {
	for _, c := range []struct{ name, target, zone, after, want string }{
		{"period", "every 1h", "UTC", "2026-01-01T00:10:00Z", "2026-01-01T01:10:00Z"},
		{"period of days", "every 7d", "UTC", "2026-01-01T00:10:00Z", "2026-01-08T00:10:00Z"},
		{"period with blanks", " Every  1h 30m ", "UTC", "2026-01-01T00:10:00Z", "2026-01-01T01:40:00Z"},
		{"strictly after", "0 * * * *", "UTC", "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"},
		{"a millisecond before", "0 * * * *", "UTC", "2026-01-01T00:59:59.999Z", "2026-01-01T01:00:00Z"},
		{"zone", "30 2 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T20:45:00Z"},
		{"short form", "@daily", "Europe/Berlin", "2026-01-01T00:00:00Z", "2026-01-01T23:00:00Z"},
		{"upper case", "@HOURLY", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"},
		{"names", "0 8 * jan mon-fri", "UTC", "2026-01-30T09:00:00Z", "2027-01-01T08:00:00Z"},
		{"Sunday as 7", "0 0 * * 7", "UTC", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"},
		{"a range to Sunday", "0 0 * * 6-7", "UTC", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"},
		{"every second day up to Sunday", "0 0 * * 1-7/2", "UTC", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"},
		{"either day field", "0 0 13 * 5", "UTC", "2026-01-10T00:00:00Z", "2026-01-13T00:00:00Z"},
		{"both day fields if one begins with *", "0 0 */2 * 1", "UTC", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"},
		{"leap day", "0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"no leap day in 2100", "0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"an hour that is skipped", "30 2 * * *", "Europe/Berlin", "2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"},
		{"the end of the skipped hour", "0 3 * * *", "Europe/Berlin", "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z"},
		{"an hour that occurs twice", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
		{"not the second time", "30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		{"from the second time on", "*/30 * * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", "2026-10-25T02:00:00Z"},
		{"half an hour back", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", "2026-04-04T14:45:00Z"},
		{"a day without midnight", "0 0 * * *", "America/Asuncion", "2023-09-30T12:00:00Z", "2023-10-02T03:00:00Z"},
		{"a day that is skipped", "0 12 * * *", "Pacific/Apia", "2011-12-29T23:00:00Z", "2011-12-30T22:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parse(t, c.target, c.zone).Next(date(t, c.after)); !got.Equal(date(t, c.want)) {
				t.Errorf("next time is %s, want %s", got.UTC().Format(time.RFC3339), c.want)
			}
		})
	}
}

// TestLongestGapIsQuick computes it as often as an import may. Before, that took minutes, so imports timed out.
func TestLongestGapIsQuick(t *testing.T) {
	s, began := parse(t, "* * * * *", "Europe/Berlin"), time.Now()
	for range 10_000 {
		s.LongestGap()
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("10,000 times take %s", took)
	}
}

func TestLongestGap(t *testing.T) {
	for target, want := range map[string]time.Duration{
		"every 90s":            90 * time.Second,
		"every 8784h":          monitor.MaxInterval,
		"* * * * *":            time.Minute,
		"*/5 * * * *":          5 * time.Minute,
		"0,45 * * * *":         45 * time.Minute,
		"0 * * * *":            time.Hour,
		"30 2 * * *":           24 * time.Hour,
		"0 8-17 * * *":         15 * time.Hour,
		"*/10 8-17 * * 1-5":    62*time.Hour + 10*time.Minute,
		"0 0 * * 0":            7 * 24 * time.Hour,
		"0 0 1 * *":            31 * 24 * time.Hour,
		"0 0 31 * *":           61 * 24 * time.Hour,
		"* * * 1 *":            335*24*time.Hour + time.Minute,
		"@yearly":              366 * 24 * time.Hour,
		"0 0 29 2 *":           monitor.MaxInterval,
		"59 23 31 12 *":        366 * 24 * time.Hour,
		"0 12 * * 1,2,3,4,5,7": 48 * time.Hour,
	} {
		if got := parse(t, target, "Europe/Berlin").LongestGap(); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

func TestInvalidSchedules(t *testing.T) {
	for _, c := range []struct{ target, zone, want string }{
		{"", "UTC", "the schedule is missing"},
		{"every", "UTC", `"" is not a duration`},
		{"every day", "UTC", `"day" is not a duration`},
		{"every 9s", "UTC", "every 9s is too short"},
		{"every -1h", "UTC", "every -1h is too short"},
		{"every 8785h", "UTC", "every 8785h is too long"},
		{"1h", "UTC", "has 1 fields, a cron expression has 5"},
		{"0 0 0 * * *", "UTC", "has 6 fields"},
		{"60 * * * *", "UTC", "is not a cron expression: end of range (60) above maximum (59)"},
		{"*/0 * * * *", "UTC", "is not a cron expression"},
		{"0 0 * * 8", "UTC", "is not a cron expression"},
		{"0 0 * * 7-7/0", "UTC", "is not a cron expression"},
		{"a b c d e", "UTC", "is not a cron expression"},
		{"TZ=UTC 0 0 * * *", "UTC", "sets a time zone"},
		{"TZ=0", "UTC", "sets a time zone"},
		{"CRON_TZ=Europe/Berlin 0 0 * * *", "UTC", "sets a time zone"},
		{"@every 1h", "UTC", "is not a schedule"},
		{"@reboot", "UTC", "is not a schedule"},
		{"0 0 30 2 *", "UTC", "is never true"},
		{"0 0 * * *", "Nowhere", `property zone: "Nowhere" is not a time zone`},
		{"every 1h", "Local", `property zone: "Local" is not a time zone`},
		{"every 1h", "", `property zone: "" is not a time zone`},
		{strings.Repeat("é", 500), "UTC", "…"},
	} {
		_, err := schedule.Parse(c.target, c.zone)
		if err == nil || !monitor.IsInvalid(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q in %q: error %v, want %q", c.target, c.zone, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"every 1h", "0 0 * * 1-7/2", "@daily", "TZ=0", "*/5 9-17 1,15 jan mon", "0 0 29 2 *"} {
		f.Add(seed, int64(1_774_000_000))
	}
	f.Fuzz(func(t *testing.T, target string, seconds int64) {
		s, err := schedule.Parse(target, "Europe/Berlin")
		if err != nil {
			if !monitor.IsInvalid(err) {
				t.Fatal(err)
			}
			return
		}
		after := time.Unix(seconds%(1<<33), 0)
		if next := s.Next(after); !next.IsZero() && !next.After(after) {
			t.Fatalf("%q: %s is not after %s", target, next, after)
		}
		if gap := s.LongestGap(); gap < schedule.MinPeriod || gap > monitor.MaxInterval {
			t.Fatalf("%q: the longest gap is %s", target, gap)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	s, err := schedule.Parse("30 2 * * *", "Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		s.Next(at)
	}
}
