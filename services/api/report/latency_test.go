package report

import (
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// rollups writes rollups of one monitor.
type rollups struct {
	t     *testing.T
	store *sqlite.Store
	m     monitor.Monitor
}

// put stores a rollup with one OK result of each value.
func (r rollups) put(p store.Period, start string, values ...float64) {
	r.t.Helper()
	sum := rollup.New()
	for _, value := range values {
		sum.Add(monitor.StatusOK, value)
	}
	at, err := time.Parse(time.RFC3339, start)
	must(r.t, err)
	must(r.t, r.store.PutRollups(r.t.Context(), []store.Rollup{{MonitorID: r.m.ID, Period: p, Start: at, Summary: sum.Encode()}}))
}

func TestLatency(t *testing.T) {
	const amsterdam, utc = "month=2026-10&zone=Europe/Amsterdam", "month=2026-10"
	for name, c := range map[string]struct {
		query          string
		fill           func(rollups)
		average        float64 // 0 if there is none
		resolution     string
		latest, oldest string
	}{
		"nothing": {query: utc, fill: func(rollups) {}},
		"a rollup without values": {query: utc, fill: func(r rollups) {
			r.put(store.Day, "2026-10-05T00:00:00Z")
		}},
		"whole days": {utc, func(r rollups) {
			r.put(store.Day, "2026-09-30T00:00:00Z", 1000)
			r.put(store.Day, "2026-10-01T00:00:00Z", 10)
			r.put(store.Hour, "2026-10-01T05:00:00Z", 1000) // in its day
			r.put(store.Day, "2026-10-31T00:00:00Z", 20)
			r.put(store.Day, "2026-11-01T00:00:00Z", 1000)
		}, 15, "hour", "2026-11-01T00:00:00Z", "2026-10-01T00:00:00Z"},
		// The month is from 22:00 on September 30 to 23:00 on October 31 in UTC.
		"hours of the first and last day": {amsterdam, func(r rollups) {
			r.put(store.Day, "2026-09-30T00:00:00Z", 1000, 10)
			r.put(store.Hour, "2026-09-30T21:00:00Z", 1000)
			r.put(store.Hour, "2026-09-30T22:00:00Z", 10)
			r.put(store.Day, "2026-10-05T00:00:00Z", 20)
			r.put(store.Day, "2026-10-31T00:00:00Z", 30, 1000)
			r.put(store.Hour, "2026-10-31T22:00:00Z", 30)
			r.put(store.Hour, "2026-10-31T23:00:00Z", 1000)
		}, 20, "hour", "2026-11-01T00:00:00+01:00", "2026-10-01T00:00:00+02:00"},
		"only the days are left": {amsterdam, func(r rollups) {
			r.put(store.Day, "2026-09-30T00:00:00Z", 10)
			r.put(store.Day, "2026-10-05T00:00:00Z", 20)
			r.put(store.Day, "2026-10-31T00:00:00Z", 30)
		}, 20, "day", "2026-11-01T01:00:00+01:00", "2026-09-30T02:00:00+02:00"},
		"some hours of the first day are left": {amsterdam, func(r rollups) {
			r.put(store.Day, "2026-09-30T00:00:00Z", 10, 30)
			r.put(store.Hour, "2026-09-30T23:00:00Z", 30)
			r.put(store.Day, "2026-10-31T00:00:00Z", 50)
			r.put(store.Hour, "2026-10-31T10:00:00Z", 50)
		}, 30, "day", "2026-11-01T00:00:00+01:00", "2026-09-30T02:00:00+02:00"},
		"a day that has no results": {amsterdam, func(r rollups) {
			r.put(store.Day, "2026-10-05T00:00:00Z", 20)
		}, 20, "hour", "2026-11-01T00:00:00+01:00", "2026-10-01T00:00:00+02:00"},
		"an offset of 45 minutes": {"from=2026-10-05&to=2026-10-06&zone=Asia/Kathmandu", func(r rollups) {
			r.put(store.Hour, "2026-10-04T17:00:00Z", 1000)
			r.put(store.Hour, "2026-10-04T18:00:00Z", 10)
			r.put(store.Hour, "2026-10-05T18:00:00Z", 20)
			r.put(store.Hour, "2026-10-05T19:00:00Z", 1000)
		}, 15, "hour", "2026-10-06T00:45:00+05:45", "2026-10-04T23:45:00+05:45"},
		// The rollups of the days from November 28 may be incomplete.
		"until now": {"", func(r rollups) {
			r.put(store.Day, "2026-11-27T00:00:00Z", 10)
			r.put(store.Day, "2026-11-28T00:00:00Z", 1000)
			r.put(store.Hour, "2026-11-28T12:00:00Z", 20)
			r.put(store.Hour, "2026-11-29T22:00:00Z", 30)
		}, 20, "hour", "2026-11-29T23:00:00Z", "2026-11-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			r := rollups{t: t, store: openStore(t), m: newMonitor(1, nil)}
			c.fill(r)
			got := read(t, r.store, parse(t, c.query), false, r.m).Monitors[0].Latency
			switch {
			case c.average == 0 && got == nil:
			case c.average == 0 || got == nil:
				t.Errorf("latency %+v, want the average %v", got, c.average)
			case got.Avg != c.average || got.Resolution != c.resolution || got.From.Format(time.RFC3339) != c.oldest || got.To.Format(time.RFC3339) != c.latest:
				t.Errorf("latency %+v, want the average %v by %s from %s to %s", got, c.average, c.resolution, c.oldest, c.latest)
			}
		})
	}
}

func TestLatencyFigures(t *testing.T) {
	r := rollups{t: t, store: openStore(t), m: newMonitor(1, nil)}
	var values []float64
	for i := range 100 {
		values = append(values, float64(i+1))
	}
	r.put(store.Day, "2026-10-05T00:00:00Z", values...)
	got := read(t, r.store, parse(t, "month=2026-10"), false, r.m).Monitors[0].Latency
	for name, c := range map[string]struct{ got, want float64 }{
		"average": {got.Avg, 50.5}, "p50": {got.P50, 50}, "p95": {got.P95, 95}, "p99": {got.P99, 99}, "maximum": {got.Max, 100},
	} {
		if c.got < 0.99*c.want || c.got > 1.01*c.want {
			t.Errorf("%s is %v, want about %v", name, c.got, c.want)
		}
	}
}

func TestDamagedRollup(t *testing.T) {
	s, m := openStore(t), newMonitor(1, nil)
	must(t, s.PutRollups(t.Context(), []store.Rollup{{MonitorID: m.ID, Period: store.Day, Start: time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC), Summary: []byte("{")}}))
	_, err := Read(t.Context(), s, []monitor.Monitor{m}, parse(t, "month=2026-10"), false, now)
	if err == nil || err.Error() != "rollup of the day from 2026-10-05 00:00:00 +0000 UTC: decode rollup: unexpected end of JSON input" {
		t.Error(err)
	}
}
