package server

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"nanomon/services/api/report"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// TestLimitsWithFractions lists what has a date of base and of the millisecond before, with limits that have fractions of a
// millisecond. All routes select from <= date < to.
func TestLimitsWithFractions(t *testing.T) {
	onBothStores(t, func(r *replicas) {
		t, s := r.t, r.store
		must(t, s.CreateMonitor(t.Context(), monitorA))
		for i, status := range []string{"ok", "failed"} {
			at := base.Add(time.Duration(i-1) * time.Millisecond)
			result := resultN(i)
			result.Date = at
			must(t, s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{result}, StatusChanges: []store.StatusChange{
				{MonitorID: idA, Date: at, Kind: store.ChangeStatus, To: status},
			}}))
			_, err := s.AddNotifications(t.Context(), []store.Notification{
				{ID: fmt.Sprint("n", i), Kind: store.KindOpened, MonitorID: idA, MonitorName: "alpha", Incident: 1, Date: at, Opened: at},
			})
			must(t, err)
			must(t, s.MergeIncidents(t.Context(), []store.Incident{
				{ID: store.IncidentID(idA, i+1), MonitorID: idA, Number: i + 1, MonitorName: "alpha", FirstNotOK: at, Opened: at, Severity: 1},
			}))
		}
		a := startAPI(t, s)
		for _, c := range []struct {
			from, to time.Duration
			want     int
		}{
			{-time.Millisecond, 1, 2},
			{-time.Millisecond, 0, 1},
			{1 - time.Millisecond, 999_999, 1},
			{0, 1, 1},
			{1, 2, 0},
		} {
			query := url.Values{}
			query.Set("from", base.Add(c.from).Format(time.RFC3339Nano))
			query.Set("to", base.Add(c.to).Format(time.RFC3339Nano))
			for _, path := range []string{
				"/api/results?", "/api/monitors/" + idA + "/results?", changesPath + "&", "/api/notifications?", "/api/incidents?",
			} {
				list := decodeAs[[]any](t, a.do("GET", path+query.Encode(), ""))
				same(t, fmt.Sprint(path, " from ", c.from, " to ", c.to), len(list), c.want)
			}
		}
		from, to := base.Add(-time.Hour-1), base.Add(1)
		query := fmt.Sprintf("from=%s&to=%s", from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano))
		times := decodeAs[report.Report](t, a.do("GET", "/api/monitors/"+idA+"/report?"+query, ""))
		same(t, "start of the report", times.From, base.Add(-time.Hour))
		same(t, "end of the report", times.To, base.Add(time.Millisecond))
	})
}
