package engine

import (
	"context"
	"log/slog"
	"path/filepath"
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
	s, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "test.db"))
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
	request := store.CheckRequest{
		ID: monitor.NewID(time.Now()), Asked: time.Now(), Expires: time.Now().Add(10 * time.Second), Definition: &unsaved,
	}
	must(t, s.AskCheck(ctx, request))
	waitFor(t, "the answer", func() bool {
		r, answered, err := s.CheckAnswer(ctx, request.ID)
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
	transitions, err := s.Transitions(ctx, m.ID, time.Time{}, time.Now().Add(time.Hour), 100)
	must(t, err)
	if len(transitions) != 1 || transitions[0].To != "ok" {
		t.Errorf("transitions: %+v", transitions)
	}
}
