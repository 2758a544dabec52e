package engine

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

var _ Store = (*sqlite.Store)(nil)

// runWithStore runs an engine with the store s. The returned function stops it and waits for its end.
func runWithStore(t *testing.T, s runnerStore, probes *fakeProbes) (stop func()) {
	t.Helper()
	e := newEngine(Config{ID: "r1", Retention: store.Retention{Results: time.Hour, Rollups: time.Hour}}, nil, s, probes.registry(),
		slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run returned %v", err)
		}
	}
}

// waitFor waits up to 20 s until done returns true.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("timeout while waiting for %s", what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEngineWithSQLite(t *testing.T) {
	ctx := t.Context()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db")})
	must(t, err)
	defer s.Close()
	probes := newFakeProbes()
	stop := runWithStore(t, s, probes)
	m := monitorNumber(1, "1s")
	must(t, s.CreateMonitor(ctx, m))
	streak := func() int {
		st, err := s.State(ctx, m.ID)
		if err != nil {
			return 0
		}
		return st.Streak
	}
	waitFor(t, "a second result", func() bool { return streak() >= 2 })

	definition := monitorNumber(2, "1h")
	definition.Rule = "n > 5"
	onDemand := store.OnDemandCheck{
		ID: monitor.NewID(time.Now()), Requested: time.Now(), Expires: time.Now().Add(10 * time.Second), Definition: &definition,
	}
	must(t, s.AddOnDemandChecks(ctx, onDemand))
	waitFor(t, "the on-demand result", func() bool {
		r, completed, err := s.OnDemandResult(ctx, onDemand.ID)
		must(t, err)
		return completed && r.Status == monitor.StatusError && r.Message == "Rule violated: n > 5"
	})
	runners, err := s.Runners(ctx, time.Now().Add(-time.Minute))
	must(t, err)
	if len(runners) != 1 || runners[0].ID != "r1" {
		t.Errorf("runners: %+v", runners)
	}
	stop()

	before := streak()
	results, err := s.Results(ctx, store.ResultFilter{Limit: 100})
	must(t, err)
	if len(results) != before || before != len(probes.started("1")) {
		t.Errorf("%d checks, %d results, streak %d", len(probes.started("1")), len(results), before)
	}
	runners, err = s.Runners(ctx, time.Now().Add(-time.Minute))
	must(t, err)
	if len(runners) != 0 {
		t.Errorf("runners after the stop: %+v", runners)
	}

	stop = runWithStore(t, s, probes)
	waitFor(t, "a result after the restart", func() bool { return streak() > before })
	stop()
	statusChanges, err := s.StatusChanges(ctx, m.ID, time.Time{}, time.Now().Add(time.Hour), 100)
	must(t, err)
	if len(statusChanges) != 1 || statusChanges[0].To != "ok" {
		t.Errorf("status changes: %+v", statusChanges)
	}
}

// TestStateDatedInTheFuture checks that a state from a time when the clock was two hours fast does not hide a target
// that is down.
func TestStateDatedInTheFuture(t *testing.T) {
	ctx := t.Context()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db")})
	must(t, err)
	defer s.Close()
	m, future := monitorNumber(1, "1s"), monitor.Date(time.Now().Add(2*time.Hour))
	must(t, s.CreateMonitor(ctx, m))
	r := monitor.Result{ID: monitor.NewID(future), Date: future, MonitorID: m.ID}
	must(t, s.AppendBatch(ctx, store.Batch{
		Results: []monitor.Result{r},
		States: []store.State{{
			MonitorID: m.ID, Latest: r, Streak: 1, Since: r.Date, History: []store.Point{{Date: r.Date}},
		}},
		StatusChanges: []store.StatusChange{{MonitorID: m.ID, Date: r.Date, Kind: store.ChangeStatus, To: "ok"}},
	}))
	probes := newFakeProbes()
	probes.fail("1")
	for want := 2; want <= 4; want += 2 {
		stop := runWithStore(t, s, probes)
		waitFor(t, "failed results", func() bool {
			st, err := s.State(ctx, m.ID)
			must(t, err)
			return st.Latest.Status == monitor.StatusFailed && st.Streak >= want
		})
		stop()
	}
	changes, err := s.StatusChanges(ctx, m.ID, time.Time{}, future.Add(time.Hour), 100)
	must(t, err)
	changes = slices.DeleteFunc(changes, func(c store.StatusChange) bool { return c.Kind != store.ChangeStatus })
	if len(changes) != 1 || changes[0].To != "failed" {
		t.Errorf("status changes %+v", changes)
	}
}

func TestIgnoredResultsWithSQLite(t *testing.T) {
	ctx := t.Context()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db")})
	must(t, err)
	defer s.Close()
	ms := monitors(3, "1s")
	ms[1] = dependOn(ms[1], ms[0].Name)
	for _, m := range ms {
		must(t, s.CreateMonitor(ctx, m))
	}
	now := time.Now()
	w := windowFor(now.Add(-time.Hour), now.Add(time.Hour), ms[2].ID)
	must(t, s.CreateMaintenanceWindow(ctx, w))
	probes := newFakeProbes()
	probes.fail("1", "2", "3")
	hasReasons := func(want ...monitor.IgnoreReason) func() bool {
		return func() bool {
			for i, m := range ms {
				if st, err := s.State(ctx, m.ID); err != nil || st.Latest.Ignored != want[i] || st.Streak < 3 {
					return false
				}
			}
			return true
		}
	}
	stop := runWithStore(t, s, probes)
	waitFor(t, "the ignored results", hasReasons("", monitor.IgnoredBlocked, monitor.IgnoredMaintenance))
	stop()
	stop = runWithStore(t, s, probes)
	probes.fail("2", "3")
	must(t, s.DeleteMaintenanceWindow(ctx, w.ID))
	waitFor(t, "the counted results", hasReasons("", "", ""))
	stop()
	for i, reason := range []monitor.IgnoreReason{"", monitor.IgnoredBlocked, monitor.IgnoredMaintenance} {
		ignoreChanges, err := s.StatusChanges(ctx, ms[i].ID, time.Time{}, time.Now().Add(time.Hour), 100)
		must(t, err)
		ignoreChanges = slices.DeleteFunc(ignoreChanges, func(t store.StatusChange) bool { return t.Kind != store.ChangeIgnored })
		if reason == "" && len(ignoreChanges) != 0 {
			t.Errorf("status changes of the dependency: %+v", ignoreChanges)
		}
		if reason != "" && (len(ignoreChanges) != 2 || ignoreChanges[1].To != string(reason) || ignoreChanges[0].From != string(reason) ||
			ignoreChanges[0].To != store.Counted) {
			t.Errorf("status changes of monitor %d: %+v", i+1, ignoreChanges)
		}
	}
}
