package server

import (
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

// TestRangeBeforeManyStatusChanges reads the time before a monitor changed its status, and then the time in which its
// results are ignored, more often than is read for a response.
func TestRangeBeforeManyStatusChanges(t *testing.T) {
	s := openStore(t)
	must(t, s.CreateMonitor(t.Context(), monitorA))
	at := func(minutes int) time.Time { return base.Add(time.Duration(minutes) * time.Minute) }
	batch := store.Batch{StatusChanges: []store.StatusChange{
		{MonitorID: idA, Date: at(0), Kind: store.ChangeStatus, To: "ok"},
		{MonitorID: idA, Date: at(100), Kind: store.ChangeIgnored, From: "counted", To: "maintenance"},
		{MonitorID: idA, Date: at(200), Kind: store.ChangeIgnored, From: "maintenance", To: "counted"},
		{MonitorID: idA, Date: at(1000), Kind: store.ChangeStatus, From: "ok", To: "failed"},
	}}
	for i := range maxStatusChanges + 1000 {
		from, to := "failed", "error"
		if i%2 == 1 {
			from, to = to, from
		}
		batch.StatusChanges = append(batch.StatusChanges, store.StatusChange{
			MonitorID: idA, Date: at(1001 + i), Kind: store.ChangeStatus, From: from, To: to,
		})
	}
	now := at(1001 + maxStatusChanges + 1000)
	latest := resultN(1)
	latest.Date, latest.Status = now, monitor.StatusFailed
	batch.States = []store.State{{MonitorID: idA, Latest: latest, Streak: 1, Since: now}}
	must(t, s.AppendBatch(t.Context(), batch))
	got, err := readPeriods(t.Context(), s, monitorA, at(30), at(60), now)
	must(t, err)
	same(t, "periods", got, []uptime.Period{{From: at(30), To: at(60), Kind: uptime.OK}})
	got, err = readPeriods(t.Context(), s, monitorA, at(150), at(160), now)
	must(t, err)
	same(t, "ignored periods", got, []uptime.Period{{From: at(150), To: at(160), Kind: uptime.Maintenance}})
	page, err := readChanges(t.Context(), s, store.ResultFilter{MonitorID: idA, To: at(60), Limit: 10}, now)
	must(t, err)
	same(t, "changes", describe(page.changes), []string{"0 unchecked-ok until 1000: expired"})
}
