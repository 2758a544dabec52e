package engine

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/runner/cluster"
	"nanomon/services/runner/health"
)

// TestDamagedStoreThatAcceptsWrites damages the pages of a database that are only read. All writes succeed.
func TestDamagedStoreThatAcceptsWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs, log := make(chan error, 100), &logBuffer{}
		state := health.New(slog.New(slog.NewTextHandler(log, nil)), func(_ time.Time, err error) { errs <- err })
		s := newMemoryStore(monitorNumber(1, "1s"))
		startEngineWith(t, Config{ID: "r1", Health: state}, s, newFakeProbes())
		damage := &monitor.UnavailableError{Detail: "the database file is damaged"}
		elapse(cluster.HeartbeatInterval)
		s.with("", func() { s.damage = damage })
		elapse(cluster.HeartbeatInterval)
		if state.Healthy() || len(errs) == 0 {
			t.Error("the damage was not reported")
		} else if err := <-errs; !errors.Is(err, damage) {
			t.Errorf("reported %v", err)
		}
		s.with("", func() { s.damage = nil })
		elapse(cluster.HeartbeatInterval)
		if !state.Healthy() || log.count("store unavailable") != 1 {
			t.Errorf("healthy: %v, log:\n%s", state.Healthy(), log.text.String())
		}
	})
}
