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
	{"CancelledCallsReturnAtOnce", cancelled},
}

func cancelled(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	fill(ctx, t, s, m.ID)
	over, cancel := context.WithCancel(ctx)
	cancel()
	later := base.Add(time.Hour)
	changed := m
	changed.Name = "changed"
	for name, call := range map[string]func() error{
		"Ping":           func() error { return s.Ping(over) },
		"Monitors":       func() error { _, err := s.Monitors(over); return err },
		"Monitor":        func() error { _, err := s.Monitor(over, m.ID); return err },
		"CreateMonitor":  func() error { return s.CreateMonitor(over, newMonitor("new")) },
		"ReplaceMonitor": func() error { return s.ReplaceMonitor(over, changed) },
		"DeleteMonitor":  func() error { return s.DeleteMonitor(over, m.ID) },
		"DeleteMonitors": func() error { return s.DeleteMonitors(over) },
		"ImportMonitors": func() error { return s.ImportMonitors(over, []monitor.Monitor{newMonitor("new")}) },
		"AppendBatch": func() error {
			return s.AppendBatch(over, store.Batch{Results: newResults(m.ID, 9000, 1, base)})
		},
		"Results":        func() error { _, err := s.Results(over, store.ResultFilter{Limit: 1}); return err },
		"ResultsSince":   func() error { _, _, err := s.ResultsSince(over, "", 1); return err },
		"DeleteResults":  func() error { return s.DeleteResults(over, base) },
		"ResultsCleared": func() error { _, err := s.ResultsCleared(over); return err },
		"States":         func() error { _, err := s.States(over); return err },
		"State":          func() error { _, err := s.State(over, m.ID); return err },
		"StatusChanges":  func() error { _, err := s.StatusChanges(over, m.ID, base, later, 1); return err },
		"DirtyHours":     func() error { _, err := s.DirtyHours(over, later, time.Now(), 1); return err },
		"PutRollups": func() error {
			return s.PutRollups(over, []store.Rollup{{MonitorID: m.ID, Period: store.Hour, Start: base, Summary: []byte{2}}})
		},
		"Rollups":               func() error { _, err := s.Rollups(over, m.ID, store.Hour, base, later); return err },
		"Expire":                func() error { _, err := s.Expire(over, base, keep); return err },
		"AddOnDemandCheck":      func() error { return s.AddOnDemandCheck(over, newCheck(1, time.Hour)) },
		"PendingOnDemandChecks": func() error { _, err := s.PendingOnDemandChecks(over, base); return err },
		"ClaimOnDemandCheck":    func() error { _, err := s.ClaimOnDemandCheck(over, newID(1), "runner"); return err },
		"OnDemandResult":        func() error { _, _, err := s.OnDemandResult(over, newID(1)); return err },
		"DeleteOnDemandCheck":   func() error { return s.DeleteOnDemandCheck(over, newID(1)) },
		"Beat":                  func() error { return s.PutHeartbeat(over, store.Runner{ID: "runner", LastSeen: base}) },
		"Runners":               func() error { _, err := s.Runners(over, base); return err },
		"RemoveRunner":          func() error { return s.RemoveRunner(over, "runner") },
	} {
		start := time.Now()
		wantError(t, name, call(), context.Canceled)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %s after its context was cancelled", name, took)
		}
	}
	same(t, "monitors after all", got(s.Monitors(ctx))(t), []monitor.Monitor{m})
	wantData(ctx, t, s, m.ID, true)
}
