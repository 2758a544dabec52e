package server

import (
	"fmt"
	"testing"
	"time"

	"nanomon/services/common/localtime"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// days returns the uptime of the last days of monitor A.
func (a *api) days(query string) daysResponse {
	a.t.Helper()
	return decodeAs[daysResponse](a.t, a.do("GET", "/api/monitors/"+idA+"/days"+query, ""))
}

// TestUptimeOfDays logs failures around a midnight in a zone, and compares the days with the statistics of these days.
func TestUptimeOfDays(t *testing.T) {
	const name = "Asia/Kathmandu"
	a := startAPI(t, nil)
	a.seed(0)
	zone, err := localtime.Zone(name)
	must(t, err)
	now := monitor.Date(time.Now())
	year, month, today := now.In(zone).Date()
	midnight := localtime.StartOfDay(year, month, today-3, zone)
	latest := resultN(1)
	latest.Date, latest.Status = now, monitor.StatusOK
	change := func(after time.Duration, kind store.ChangeKind, from, to string) store.StatusChange {
		return store.StatusChange{MonitorID: idA, Date: midnight.Add(after), Kind: kind, From: from, To: to}
	}
	must(t, a.store.AppendBatch(t.Context(), store.Batch{
		States: []store.State{{MonitorID: idA, Latest: latest, Streak: 1, Since: midnight.Add(30 * time.Hour)}},
		StatusChanges: []store.StatusChange{
			change(-40*time.Hour, store.ChangeStatus, "", "ok"),
			change(-10*time.Minute, store.ChangeStatus, "ok", "failed"),
			change(16*time.Minute, store.ChangeStatus, "failed", "ok"),
			change(2*time.Hour, store.ChangeIgnored, "counted", "maintenance"),
			change(4*time.Hour, store.ChangeIgnored, "maintenance", "counted"),
			change(28*time.Hour, store.ChangeStatus, "ok", "error"),
			change(30*time.Hour, store.ChangeStatus, "error", "ok"),
		},
	}))
	got := a.days("?days=7&zone=" + name)
	same(t, "monitor", got.MonitorID, idA)
	same(t, "zone", got.Zone, name)
	percent := func(down, checked float64) *float64 {
		value := 100 * (checked - down) / checked
		return &value
	}
	dates := make([]string, 7)
	for i := range dates {
		dates[i] = time.Date(year, month, today-6+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	want := []dayUptime{
		{Date: dates[0]},
		{dates[1], percent(0, 16*3600), 0, 16 * 3600},
		{dates[2], percent(600, 86400), 600, 86400},
		{dates[3], percent(960, 22*3600), 960, 22 * 3600},
		{dates[4], percent(7200, 86400), 7200, 86400},
		{dates[5], percent(0, 86400), 0, 86400},
	}
	same(t, "complete days", got.Days[:6], want)
	if last := got.Days[6]; last.Date != dates[6] || last.Down != 0 || last.Uptime == nil || *last.Uptime != 100 ||
		last.Checked < now.Sub(midnight).Seconds()-3*86400 || last.Checked > 86400 {
		t.Errorf("today is %+v", last)
	}
	from, to := midnight.UTC().Format(time.RFC3339), midnight.Add(day).UTC().Format(time.RFC3339)
	stats := decodeAs[statsResponse](t, a.statsOf(from, to, ""))
	if stats.To.Sub(stats.From) < day+time.Hour { // buckets of 5 minutes
		same(t, "uptime in the statistics", *stats.Uptime, *got.Days[3].Uptime)
	}
}

func TestDefaultDays(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	got := a.days("")
	same(t, "zone", got.Zone, "UTC")
	same(t, "number of days", len(got.Days), 371)
	last, err := time.Parse(time.DateOnly, got.Days[370].Date)
	must(t, err)
	if age := time.Since(last); age < 0 || age > 24*time.Hour+time.Minute {
		t.Errorf("the last day is %s", got.Days[370].Date)
	}
	for i, d := range got.Days {
		if want := last.AddDate(0, 0, i-370).Format(time.DateOnly); d.Date != want {
			t.Fatalf("day %d is %s, want %s", i, d.Date, want)
		}
	}
}

// TestDaysOfClockChange checks that the limits of days follow the clock of the zone.
func TestDaysOfClockChange(t *testing.T) {
	for _, c := range []struct {
		zone, now string
		hours     []float64
	}{
		{"Europe/Amsterdam", "2026-03-30T12:00:00+02:00", []float64{24, 23, 24}},
		{"Europe/Amsterdam", "2026-10-26T12:00:00+01:00", []float64{24, 25, 24}},
		{"Pacific/Apia", "2011-12-31T12:00:00+14:00", []float64{24, 0, 24}},
		{"UTC", "2026-03-01T00:00:00Z", []float64{24, 24, 24}},
	} {
		zone, err := localtime.Zone(c.zone)
		must(t, err)
		now, err := time.Parse(time.RFC3339, c.now)
		must(t, err)
		limits := dayLimits(now.In(zone), 3)
		for i, want := range c.hours {
			same(t, fmt.Sprintf("%s before %s, day %d", c.zone, c.now, i), limits[i+1].Sub(limits[i]).Hours(), want)
		}
	}
}

// TestDaysOfLongLog checks that nothing is said about the time before the oldest status change that is read.
func TestDaysOfLongLog(t *testing.T) {
	s := openStore(t)
	a := startAPI(t, longLogStore{s})
	a.store = s
	a.seed(0)
	got := a.days("?days=3")
	checked := got.Days[0].Checked + got.Days[1].Checked + got.Days[2].Checked
	if checked < maxStatusChanges-2 || checked > maxStatusChanges+2 || got.Days[0].Uptime != nil {
		t.Errorf("%v seconds are checked: %+v", checked, got.Days)
	}
}

func TestInvalidDays(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	for query, detail := range map[string]string{
		"?days=0":            "days must be between 1 and 400",
		"?days=401":          "days must be between 1 and 400",
		"?days=":             "days must be between 1 and 400",
		"?days=x":            "days must be between 1 and 400",
		"?zone=":             `zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not ""`,
		"?zone=Mars/Olympus": `zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not "Mars/Olympus"`,
	} {
		a.do("GET", "/api/monitors/"+idA+"/days"+query, "").wantProblem(t, 400, detail)
	}
	a.do("GET", "/api/monitors/x/days", "").wantProblem(t, 400, `invalid id "x": an id has 24 hexadecimal digits`)
	a.do("GET", "/api/monitors/"+idOther+"/days", "").wantProblem(t, 404, "there is no monitor with the id "+idOther)
}
