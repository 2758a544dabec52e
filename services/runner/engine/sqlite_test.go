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

// runOn runs an engine on s until the returned function has stopped it.
func runOn(t *testing.T, s Store, l *lab) (stop func()) {
	t.Helper()
	e := New(Config{ID: "r1", Retention: store.Retention{Results: time.Hour, Rollups: time.Hour}}, s, l.registry(),
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

// waitFor asks again and again until done says yes.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("%s didn't come about", what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEngineOnARealStore(t *testing.T) {
	ctx := t.Context()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db")})
	must(t, err)
	defer s.Close()
	l := newLab()
	stop := runOn(t, s, l)
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

	unsaved := monitorNumber(2, "1h")
	unsaved.Rule = "n > 5"
	request := store.OnDemandCheck{
		ID: monitor.NewID(time.Now()), Requested: time.Now(), Expires: time.Now().Add(10 * time.Second), Definition: &unsaved,
	}
	must(t, s.AddOnDemandCheck(ctx, request))
	waitFor(t, "the answer", func() bool {
		r, answered, err := s.OnDemandResult(ctx, request.ID)
		must(t, err)
		return answered && r.Status == monitor.StatusError && r.Message == "Rule violated: n > 5"
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
	if len(results) != before || before != len(l.started("1")) {
		t.Errorf("%d runs, %d results, streak %d", len(l.started("1")), len(results), before)
	}
	runners, err = s.Runners(ctx, time.Now().Add(-time.Minute))
	must(t, err)
	if len(runners) != 0 {
		t.Errorf("runners after the stop: %+v", runners)
	}

	stop = runOn(t, s, l)
	waitFor(t, "a result after the restart", func() bool { return streak() > before })
	stop()
	transitions, err := s.StatusChanges(ctx, m.ID, time.Time{}, time.Now().Add(time.Hour), 100)
	must(t, err)
	if len(transitions) != 1 || transitions[0].To != "ok" {
		t.Errorf("transitions: %+v", transitions)
	}
}

func TestExclusionsOnARealStore(t *testing.T) {
	ctx := t.Context()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db")})
	must(t, err)
	defer s.Close()
	ms := monitors(3, "1s")
	ms[1] = dependent(ms[1], ms[0].Name)
	for _, m := range ms {
		must(t, s.CreateMonitor(ctx, m))
	}
	now := time.Now()
	w := windowFor(now.Add(-time.Hour), now.Add(time.Hour), ms[2].ID)
	must(t, s.CreateMaintenanceWindow(ctx, w))
	l := newLab()
	l.fail("1", "2", "3")
	wants := func(want ...monitor.IgnoreReason) func() bool {
		return func() bool {
			for i, m := range ms {
				if st, err := s.State(ctx, m.ID); err != nil || st.Latest.Ignored != want[i] || st.Streak < 3 {
					return false
				}
			}
			return true
		}
	}
	stop := runOn(t, s, l)
	waitFor(t, "the exclusions", wants("", monitor.IgnoredBlocked, monitor.IgnoredMaintenance))
	stop()
	stop = runOn(t, s, l)
	l.fail("2", "3")
	must(t, s.DeleteMaintenanceWindow(ctx, w.ID))
	waitFor(t, "the end of the exclusions", wants("", "", ""))
	stop()
	for i, why := range []monitor.IgnoreReason{"", monitor.IgnoredBlocked, monitor.IgnoredMaintenance} {
		log, err := s.StatusChanges(ctx, ms[i].ID, time.Time{}, time.Now().Add(time.Hour), 100)
		must(t, err)
		log = slices.DeleteFunc(log, func(t store.StatusChange) bool { return t.Kind != store.ChangeIgnored })
		if why == "" && len(log) != 0 {
			t.Errorf("the parent's log: %+v", log)
		}
		if why != "" && (len(log) != 2 || log[1].To != string(why) || log[0].From != string(why) || log[0].To != store.Counted) {
			t.Errorf("log of monitor %d: %+v", i+1, log)
		}
	}
}
