package server

import (
	"fmt"
	"testing"
	"time"

	"nanomon/services/api/report"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// TestTimeBeforeTheRetentionIsUnknown deletes status changes that are older than 30 days. The oldest one that is left names
// the status before it, and so does the state; but nothing is known of the time before the 30 days.
func TestTimeBeforeTheRetentionIsUnknown(t *testing.T) {
	for name, failure := range map[string]time.Duration{"with a status change": 20 * day, "without one": 90 * day} {
		t.Run(name, func(t *testing.T) {
			onBothStores(t, func(r *replicas) { testRetention(r, failure) })
		})
	}
}

// testRetention stores a failure of a day that began some time ago.
func testRetention(r *replicas, failure time.Duration) {
	t, s := r.t, r.store
	must(t, s.CreateMonitor(t.Context(), monitorA))
	now := monitor.Date(time.Now())
	change := func(age time.Duration, from, to string) store.StatusChange {
		return store.StatusChange{MonitorID: idA, Date: now.Add(-age), Kind: store.ChangeStatus, From: from, To: to}
	}
	latest := resultN(1)
	latest.Date, latest.Status = now, monitor.StatusOK
	must(t, s.AppendBatch(t.Context(), store.Batch{
		States: []store.State{{MonitorID: idA, Latest: latest, Streak: 1, Since: now.Add(day - failure)}},
		StatusChanges: []store.StatusChange{
			change(300*day, "", "ok"), change(failure, "ok", "failed"), change(failure-day, "failed", "ok"),
		},
	}))
	keep := store.Retention{Results: day, Rollups: 30 * day}
	_, err := s.Expire(t.Context(), now, keep)
	must(t, err)
	from, uptime := keep.StatusChangesFrom(now), 100.0
	if failure < 30*day {
		uptime = 100 - 100*float64(day)/float64(now.Sub(from))
	}
	a := startAPI(t, s)
	days := a.days("?days=40").Days
	for i, d := range days {
		date, err := time.Parse(time.DateOnly, d.Date)
		must(t, err)
		switch known := date.Add(day).After(from); {
		case known != (d.Uptime != nil), !known && d.Checked > 0:
			t.Errorf("day %d is %+v, but the history begins at %s", i, d, from)
		case date.After(from) && i < len(days)-1 && d.Checked != day.Seconds():
			t.Errorf("day %d is %+v, want 24 hours", i, d)
		}
	}
	stats := decodeAs[statsResponse](t, a.do("GET", "/api/monitors/"+idA+"/stats?window=90d", ""))
	if stats.UptimeFrom == nil || !stats.UptimeFrom.Equal(from) {
		t.Errorf("the uptime begins at %v, want %s", stats.UptimeFrom, from)
	}
	near(t, "uptime in the statistics", *stats.Uptime, uptime)
	same(t, "periods before", stats.Periods[0], statsPeriod{From: stats.From, To: from, Kind: "unchecked"})
	query := fmt.Sprintf("?from=%s&to=%s", now.Add(-90*day).Format(time.RFC3339), now.Format(time.RFC3339))
	row := decodeAs[report.Report](t, a.do("GET", "/api/monitors/"+idA+"/report"+query, "")).Monitors[0]
	near(t, "uptime in the report", *row.Uptime, uptime)
	near(t, "days that are not checked in the report", row.Times.NotChecked/day.Seconds(), float64(90*day-now.Sub(from))/float64(day))
	if !row.CheckedFrom.Equal(from) {
		t.Errorf("the report begins at %s, want %s", row.CheckedFrom, from)
	}
}

// near fails unless two figures differ only by what happens within some seconds.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got < want-0.01 || got > want+0.01 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}
