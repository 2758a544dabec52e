package housekeeping

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/runner/health"
)

// TestDamagedHourStopsNothingElse damages a sealed hour and stores a late result in it. The rollups of other hours must be
// computed, and expired results must be deleted.
func TestDamagedHourStopsNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	open := func() *sqlite.Store {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
		must(t, err)
		return s
	}
	now := time.Now().UTC().Truncate(day).Add(day)
	old, later, damaged, whole := now.Add(-20*time.Hour), now.Add(-10*time.Hour), monitor.NewID(now), monitor.NewID(now)
	result := func(monitorID string, at time.Time) store.Batch {
		return store.Batch{Results: []monitor.Result{{ID: monitor.NewID(at), Date: at, MonitorID: monitorID, Value: 5}}}
	}
	s := open()
	must(t, s.AppendBatch(t.Context(), result(damaged, old)))
	must(t, s.Seal(t.Context(), now))
	must(t, s.Close())

	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), "UPDATE blocks SET data = x'00'")
	must(t, err)
	must(t, db.Close())

	s = open()
	defer s.Close()
	must(t, s.AppendBatch(t.Context(), result(damaged, old.Add(time.Minute))))
	must(t, s.AppendBatch(t.Context(), result(whole, later)))
	log := slog.New(slog.DiscardHandler)
	f := &fixture{t: t, store: s, monitor: whole, now: now}
	f.keeper = New(Config{
		Retention: store.Retention{Results: 15 * time.Hour, Rollups: 400 * day}, Now: func() time.Time { return f.now },
		Health: health.New(log, nil),
	}, s, log)
	must(t, f.keeper.computeRollups(t.Context()))
	if n := f.total(store.Hour); n != 1 {
		t.Errorf("the other monitor has %d results in its rollups, want 1", n)
	}
	if date, err := f.keeper.newestBetween(t.Context(), time.Time{}, now.Add(-15*time.Hour)); err != nil || date.IsZero() {
		t.Errorf("the newest expired result is at %s, %v", date, err)
	}
	if n, err := s.Expire(t.Context(), now, f.keeper.cfg.Retention); err != nil || n != 2 {
		t.Errorf("%d results have expired, %v; want 2", n, err)
	}
}
