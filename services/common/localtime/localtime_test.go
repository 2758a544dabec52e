package localtime_test

import (
	"testing"
	"time"

	"nanomon/services/common/localtime"
)

func TestZone(t *testing.T) {
	for _, name := range []string{"", "Local", "Nowhere", "../etc/passwd", "Europe", "UTC+1"} {
		if zone, err := localtime.Zone(name); err == nil {
			t.Errorf("%q is the zone %s", name, zone)
		}
	}
	for _, name := range []string{"UTC", "Europe/Amsterdam", "Etc/GMT-14", "Europe/Amsterdam"} {
		if zone, err := localtime.Zone(name); err != nil || zone.String() != name {
			t.Errorf("%q is the zone %s, error %v", name, zone, err)
		}
	}
}

func TestFirstInstant(t *testing.T) {
	for _, c := range []struct{ name, zone, local, want string }{
		{"UTC", "UTC", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"winter", "Europe/Amsterdam", "2026-03-01T00:00:00Z", "2026-02-28T23:00:00Z"},
		{"summer", "Europe/Amsterdam", "2026-04-01T00:00:00Z", "2026-03-31T22:00:00Z"},
		{"fifteen minutes", "Asia/Kathmandu", "2026-03-01T00:00:00Z", "2026-02-28T18:15:00Z"},
		{"a first of the month without midnight", "America/Asuncion", "2023-10-01T00:00:00Z", "2023-10-01T04:00:00Z"},
		{"a first of the month with two midnights", "America/St_Johns", "2009-11-01T00:00:00Z", "2009-11-01T02:30:00Z"},
		{"a day that is skipped", "Pacific/Apia", "2011-12-30T00:00:00Z", "2011-12-30T10:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone, err := localtime.Zone(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			local, err := time.Parse(time.RFC3339, c.local)
			if err != nil {
				t.Fatal(err)
			}
			if got := localtime.FirstInstant(local, zone).Format(time.RFC3339); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestStartOfDay(t *testing.T) {
	zone, err := localtime.Zone("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[int]string{1: "2026-03-01T00:00:00+01:00", 32: "2026-04-01T00:00:00+02:00", 0: "2026-02-28T00:00:00+01:00"} {
		if got := localtime.StartOfDay(2026, time.March, day, zone).Format(time.RFC3339); got != want {
			t.Errorf("day %d begins at %s, want %s", day, got, want)
		}
	}
}
