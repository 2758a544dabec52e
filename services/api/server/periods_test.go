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

// TestKindsBeforeManyStatusChanges reads the time before a monitor changed its status often, and was then disabled or
// ignored. The oldest of the later entries changes no status: the clock was set back.
func TestKindsBeforeManyStatusChanges(t *testing.T) {
	at := func(minutes int) time.Time { return base.Add(time.Duration(minutes) * time.Minute) }
	change := func(minutes int, kind store.ChangeKind, from, to string) store.StatusChange {
		return store.StatusChange{MonitorID: idA, Date: at(minutes), Kind: kind, From: from, To: to}
	}
	for _, later := range []int{laterChanges + 200, maxStatusChanges - 500, 3 * maxStatusChanges} {
		for name, last := range map[string]store.StatusChange{
			"disabled":    change(1000+later, store.ChangeEnabled, store.Enabled, store.Disabled),
			"maintenance": change(1000+later, store.ChangeIgnored, store.Counted, "maintenance"),
		} {
			log := []store.StatusChange{last}
			for i := later; i > 0; i-- {
				log = append(log, change(999+i, store.ChangeStatus, []string{"ok", "failed"}[i%2], []string{"failed", "ok"}[i%2]))
			}
			log = append(log, change(500, store.ChangeStatus, "failed", "failed"), change(0, store.ChangeStatus, "", "failed"))
			log[len(log)-3].From = "failed"
			s := &logOf{Store: openStore(t), log: log}
			m, now := monitorA, at(1001+later)
			m.Enabled = name != "disabled"
			must(t, s.CreateMonitor(t.Context(), m))
			latest := resultN(1)
			latest.Date, latest.Status, latest.Ignored = now, monitor.StatusOK, map[bool]monitor.IgnoreReason{true: monitor.IgnoredMaintenance}[m.Enabled]
			must(t, s.AppendBatch(t.Context(), store.Batch{States: []store.State{{MonitorID: idA, Latest: latest, Streak: 1, Since: now}}}))
			got, err := readPeriods(t.Context(), s, m, at(30), at(60), now)
			must(t, err)
			same(t, name, got, []uptime.Period{{From: at(30), To: at(60), Kind: uptime.Failed}})
			if limit := 2 * (maxStatusChanges + laterChanges); s.read > limit {
				t.Errorf("%d entries are read, want at most %d", s.read, limit)
			}
		}
	}
}

// TestEndAfterManyEntriesOfOtherKinds reads the end of a status that is followed by many entries that do not end it.
func TestEndAfterManyEntriesOfOtherKinds(t *testing.T) {
	at := func(minutes int) time.Time { return base.Add(time.Duration(minutes) * time.Minute) }
	s := &logOf{Store: openStore(t)}
	must(t, s.CreateMonitor(t.Context(), monitorA))
	add := func(minutes int, kind store.ChangeKind, from, to string) {
		s.log = append(s.log, store.StatusChange{MonitorID: idA, Date: at(minutes), Kind: kind, From: from, To: to})
	}
	add(9000, store.ChangeStatus, "error", "ok")
	add(8000, store.ChangeStatus, "failed", "error")
	for i := 3 * laterChanges; i > 0; i-- {
		add(200+i, store.ChangeIgnored, []string{store.Counted, "blocked"}[i%2], []string{"blocked", store.Counted}[i%2])
	}
	add(150, store.ChangeStatus, "failed", "failed") // the clock was set back
	add(0, store.ChangeStatus, "", "failed")
	page, err := readChanges(t.Context(), s, store.ResultFilter{MonitorID: idA, To: at(60), Limit: 10}, at(10000))
	must(t, err)
	same(t, "changes", describe(page.changes), []string{"0 unchecked-failed until 8000: expired"})
}
