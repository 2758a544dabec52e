package storetest

import (
	"context"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var generalContracts = []contract{
	{"Ping", func(ctx context.Context, t *testing.T, s store.Store) { must(t, s.Ping(ctx)) }},
	{"Now", func(ctx context.Context, t *testing.T, s store.Store) {
		if now := got(s.Now(ctx))(t); !now.IsZero() && time.Since(now).Abs() > time.Minute {
			t.Errorf("the time of the store is %s", now)
		}
	}},
	{"CancelledCalls", cancelledCalls},
}

func cancelledCalls(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	fill(ctx, t, s, m.ID)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	later := base.Add(time.Hour)
	changed := m
	changed.Name = "changed"
	for name, call := range map[string]func() error{
		"Ping":             func() error { return s.Ping(ended) },
		"Now":              func() error { _, err := s.Now(ended); return err },
		"Monitors":         func() error { _, err := s.Monitors(ended); return err },
		"Monitor":          func() error { _, err := s.Monitor(ended, m.ID); return err },
		"CreateMonitor":    func() error { return s.CreateMonitor(ended, newMonitor("new")) },
		"ReplaceMonitor":   func() error { return s.ReplaceMonitor(ended, changed) },
		"DeleteMonitor":    func() error { return s.DeleteMonitor(ended, m.ID) },
		"ReplaceMonitorIf": func() error { return s.ReplaceMonitorIf(ended, changed, m) },
		"DeleteMonitorIf":  func() error { return s.DeleteMonitorIf(ended, m) },
		"DeleteMonitors":   func() error { return s.DeleteMonitors(ended) },
		"ImportMonitors":   func() error { return s.ImportMonitors(ended, []monitor.Monitor{newMonitor("new")}) },
		"AppendBatch": func() error {
			return s.AppendBatch(ended, store.Batch{Results: newResults(m.ID, 9000, 1, base)})
		},
		"Results": func() error { _, err := s.Results(ended, store.ResultFilter{Limit: 1}); return err },
		"EachNumber": func() error {
			f := store.NumberFilter{MonitorID: m.ID, From: base, To: later, Limit: 1, Section: time.Hour}
			_, err := s.EachNumber(ended, f, func(time.Time, []float64) {})
			return err
		},
		"ResultsSince":         func() error { _, _, err := s.ResultsSince(ended, "", 1); return err },
		"DeleteResults":        func() error { return s.DeleteResults(ended, base) },
		"ResultsCleared":       func() error { _, err := s.ResultsCleared(ended); return err },
		"States":               func() error { _, err := s.States(ended); return err },
		"State":                func() error { _, err := s.State(ended, m.ID); return err },
		"StatusPagesRevision":  func() error { _, err := s.StatusPagesRevision(ended); return err },
		"Revision":             func() error { _, err := s.Revision(ended, true); return err },
		"StatusChangesExpired": func() error { _, err := s.StatusChangesExpired(ended); return err },
		"StatusChanges":        func() error { _, err := s.StatusChanges(ended, m.ID, base, later, 1); return err },
		"DirtyHours":           func() error { _, err := s.DirtyHours(ended, later, time.Now(), 1); return err },
		"PutRollups": func() error {
			return s.PutRollups(ended, []store.Rollup{{MonitorID: m.ID, Period: store.Hour, Start: base, Summary: []byte{2}}})
		},
		"Rollups": func() error { _, err := s.Rollups(ended, m.ID, store.Hour, base, later); return err },
		"Expire":  func() error { _, err := s.Expire(ended, base, keep); return err },
		"ChangeMonitors": func() error {
			_, err := s.ChangeMonitors(ended, store.BulkChange{MonitorIDs: []string{m.ID}, Date: base, Delete: true})
			return err
		},
		"AddOnDemandChecks":     func() error { return s.AddOnDemandChecks(ended, newRequest(1, time.Hour)) },
		"PendingOnDemandChecks": func() error { _, err := s.PendingOnDemandChecks(ended, base); return err },
		"ClaimOnDemandCheck":    func() error { _, err := s.ClaimOnDemandCheck(ended, newID(1), "runner", time.Now()); return err },
		"OnDemandResult":        func() error { _, _, err := s.OnDemandResult(ended, newID(1)); return err },
		"DeleteOnDemandCheck":   func() error { return s.DeleteOnDemandCheck(ended, newID(1)) },
		"AddPing":               func() error { return s.AddPing(ended, newPing(m.ID, 9000, base)) },
		"Pings":                 func() error { _, err := s.Pings(ended, nil, 1); return err },
		"PushStates":            func() error { _, err := s.PushStates(ended, []string{m.ID}); return err },
		"PutReceivingPeriod":    func() error { return s.PutReceivingPeriod(ended, newPeriod(1, 0, time.Hour)) },
		"ReceivingPeriods":      func() error { _, err := s.ReceivingPeriods(ended, base); return err },
		"PingURL":               func() error { _, err := s.PingURL(ended, m.ID); return err },
		"AddPingURL":            func() error { _, err := s.AddPingURL(ended, m.ID, newUUID("a")); return err },
		"PutPingURL":            func() error { return s.PutPingURL(ended, m.ID, newUUID("a")) },
		"PingURLOwner":          func() error { _, err := s.PingURLOwner(ended, newUUID("a")); return err },
		"PutHeartbeat":          func() error { return s.PutHeartbeat(ended, store.Runner{ID: "runner", LastSeen: base}) },
		"Runners":               func() error { _, err := s.Runners(ended, base); return err },
		"RemoveRunner":          func() error { return s.RemoveRunner(ended, "runner") },
	} {
		start := time.Now()
		wantError(t, name, call(), context.Canceled)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %s after its context was cancelled", name, took)
		}
	}
	same(t, "monitors at the end", got(s.Monitors(ctx))(t), []monitor.Monitor{m})
	wantData(ctx, t, s, m.ID, true)
}
