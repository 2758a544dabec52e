package server

import (
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

func TestPeriodsAreExact(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	now := monitor.Date(time.Now())
	at := func(ago time.Duration) time.Time { return now.Add(-ago) }
	latest := resultN(1)
	latest.Date, latest.Status = now, monitor.StatusOK
	change := func(ago time.Duration, kind store.ChangeKind, from, to string) store.StatusChange {
		return store.StatusChange{MonitorID: idA, Date: at(ago), Kind: kind, From: from, To: to}
	}
	must(t, a.store.AppendBatch(t.Context(), store.Batch{
		States: []store.State{{MonitorID: idA, Latest: latest, Streak: 1, Since: at(time.Minute)}},
		StatusChanges: []store.StatusChange{
			change(3*day, store.ChangeStatus, "", "ok"),
			change(2*day, store.ChangeIgnored, "counted", "maintenance"),
			change(2*day-90*time.Second, store.ChangeIgnored, "maintenance", "counted"),
			change(5*time.Hour+1234*time.Millisecond, store.ChangeStatus, "ok", "failed"),
			change(5*time.Hour, store.ChangeStatus, "failed", "error"),
			change(2*time.Minute, store.ChangeStatus, "error", "unchecked"),
			change(time.Minute, store.ChangeStatus, "unchecked", "ok"),
		},
	}))
	down := []statsPeriod{
		{at(5*time.Hour + 1234*time.Millisecond), at(5 * time.Hour), uptime.Failed},
		{at(5 * time.Hour), at(2 * time.Minute), uptime.Error},
		{at(2 * time.Minute), at(time.Minute), uptime.Unchecked},
	}
	got := decodeAs[statsResponse](t, a.statsOf("", "", "24h"))
	same(t, "periods of a day", got.Periods, down)
	got = decodeAs[statsResponse](t, a.statsOf("", "", "365d"))
	want := append([]statsPeriod{
		{got.From, at(3 * day), uptime.Unchecked}, {at(2 * day), at(2*day - 90*time.Second), uptime.Maintenance},
	}, down...)
	same(t, "periods of a year", got.Periods, want)
	same(t, "omitted periods", got.OmittedPeriods, 0)
	got = decodeAs[statsResponse](t, a.statsOf(at(3*time.Hour).Format(time.RFC3339Nano), at(time.Hour).Format(time.RFC3339Nano), ""))
	same(t, "periods in the middle", got.Periods, []statsPeriod{{got.From, got.To, uptime.Error}})
}

func TestPeriodsAreBounded(t *testing.T) {
	var all []uptime.Period
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1001 {
		length := time.Minute
		if i == 0 || i == 600 {
			length = time.Hour
		}
		kind := uptime.Error
		if i%2 == 1 {
			kind = uptime.OK
		}
		all = append(all, uptime.Period{From: start, To: start.Add(length), Kind: kind})
		start = start.Add(length)
	}
	var got statsResponse
	got.addUptime(all)
	same(t, "omitted periods", got.OmittedPeriods, 1)
	same(t, "number of periods", len(got.Periods), maxPeriods)
	for i, p := range got.Periods {
		if i > 0 && p.From.Before(got.Periods[i-1].To) {
			t.Errorf("period %d from %s is not in order", i, p.From)
		}
	}
	same(t, "first period", got.Periods[0].To.Sub(got.Periods[0].From), time.Hour)
}
