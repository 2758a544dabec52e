package housekeeping

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/runner/health"
)

const day = 24 * time.Hour

// fixture is a housekeeper of results of one monitor in SQLite.
type fixture struct {
	t       *testing.T
	store   *sqlite.Store
	keeper  *Housekeeper
	monitor string
	now     time.Time
}

func newFixture(t *testing.T, keep store.Retention) *fixture {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "nanomon.db")})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	// A day in the future: all marks are old enough.
	f := &fixture{t: t, store: s, monitor: monitor.NewID(time.Now()), now: time.Now().UTC().Truncate(day).Add(day)}
	log := slog.New(slog.DiscardHandler)
	f.keeper = New(Config{Retention: keep, Now: func() time.Time { return f.now }, Health: health.New(log, nil)}, s, log)
	return f
}

// rollUp stores results of the status OK and computes the rollups.
func (f *fixture) rollUp(dates ...time.Time) {
	f.t.Helper()
	var batch store.Batch
	for _, date := range dates {
		batch.Results = append(batch.Results, monitor.Result{ID: monitor.NewID(date), Date: date, MonitorID: f.monitor, Value: 5})
	}
	must(f.t, f.store.AppendBatch(f.t.Context(), batch))
	must(f.t, f.keeper.computeRollups(f.t.Context()))
}

// total returns the number of results in the rollups of a period.
func (f *fixture) total(p store.Period) (total int) {
	f.t.Helper()
	list, err := f.store.Rollups(f.t.Context(), f.monitor, p, time.Time{}.AddDate(1969, 0, 0), f.now)
	must(f.t, err)
	for _, r := range list {
		parts := [][]byte{r.Summary}
		if p == store.Minutes {
			parts, err = rollup.DecodeSeries(r.Summary, store.PartsPerHour)
			must(f.t, err)
			parts = slices.DeleteFunc(parts, func(part []byte) bool { return part == nil })
		}
		for _, part := range parts {
			a, err := rollup.Decode(part)
			must(f.t, err)
			total += a.Total()
		}
	}
	return total
}

func TestPartsOfAnHour(t *testing.T) {
	f := newFixture(t, store.Retention{Results: 30 * day, Rollups: 400 * day})
	hour := f.now.Add(-3 * time.Hour)
	f.rollUp(hour, hour.Add(5*time.Minute-time.Millisecond), hour.Add(5*time.Minute), hour.Add(time.Hour-time.Millisecond))
	f.rollUp(hour.Add(6 * time.Minute)) // late
	list, err := f.store.Rollups(t.Context(), f.monitor, store.Minutes, hour, f.now)
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("%d rollups of minutes", len(list))
	}
	parts, err := rollup.DecodeSeries(list[0].Summary, store.PartsPerHour)
	must(t, err)
	totals := make([]int, store.PartsPerHour)
	for i, part := range parts {
		if part != nil {
			a, err := rollup.Decode(part)
			must(t, err)
			totals[i] = a.Total()
		}
	}
	if diff := cmp.Diff([]int{2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, totals); diff != "" {
		t.Error(diff)
	}
}

// TestLateResultKeepsTheDay stores a result of a day whose hours have expired.
func TestLateResultKeepsTheDay(t *testing.T) {
	f := newFixture(t, store.Retention{Results: 3 * day, Rollups: 400 * day, Hours: 3 * day})
	old := f.now.Add(-5 * day)
	f.rollUp(old, old.Add(time.Hour), old.Add(20*time.Hour))
	if n := f.total(store.Day); n != 3 {
		t.Fatalf("the day has %d results", n)
	}
	_, err := f.store.Expire(t.Context(), f.now, f.keeper.cfg.Retention)
	must(t, err)
	f.rollUp(old.Add(2 * time.Hour))
	if n := f.total(store.Day); n != 3 {
		t.Errorf("after a late result, the day has %d results", n)
	}

	recent := f.now.Add(-2 * day)
	f.rollUp(recent, recent.Add(time.Hour))
	f.rollUp(recent.Add(2 * time.Hour))
	for p, want := range map[store.Period]int{store.Day: 6, store.Hour: 4, store.Minutes: 4} {
		if n := f.total(p); n != want {
			t.Errorf("the period %s has %d results, want %d", p, n, want)
		}
	}
}
