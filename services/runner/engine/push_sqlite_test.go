package engine

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// TestPushWithSQLite passes pings through a real store, misses a deadline, and restarts the runner.
func TestPushWithSQLite(t *testing.T) {
	ctx := t.Context()
	s, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(t.TempDir(), "test.db")})
	must(t, err)
	defer s.Close()
	clock := &testClock{offset: new(atomic.Int64)}
	start := func() (stop func()) {
		cfg := Config{ID: "r1", Clock: clock, Retention: store.Retention{Results: 24 * time.Hour, Rollups: 24 * time.Hour}}
		e := newEngine(cfg, nil, s, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
		running, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- e.Run(running) }()
		return func() {
			cancel()
			<-ended
		}
	}
	m := newPushMonitor("every 10m", "grace", "1s")
	must(t, s.CreateMonitor(ctx, m))
	period := store.ReceivingPeriod{ID: monitor.NewID(clock.Now()), From: monitor.Date(clock.Now()), To: monitor.Date(clock.Now())}
	must(t, s.PutReceivingPeriod(ctx, period))
	results := func(n int) []monitor.Result {
		t.Helper()
		var list []monitor.Result
		waitFor(t, "the results", func() bool {
			list, err = s.Results(ctx, store.ResultFilter{MonitorID: m.ID, Limit: 10})
			must(t, err)
			return len(list) == n
		})
		waitFor(t, "the deletion of the pings", func() bool {
			pings, err := s.Pings(ctx, nil, 10)
			must(t, err)
			return len(pings) == 0
		})
		return list
	}
	ping := func(kind store.PingKind) store.Ping {
		now := monitor.Date(clock.Now())
		return store.Ping{ID: monitor.NewID(now), MonitorID: m.ID, Received: now, Kind: kind}
	}
	stop := start()
	first := ping(store.PingSuccess)
	must(t, s.AddPing(ctx, first))
	results(1)
	clock.offset.Store(int64(620 * time.Second))
	period.To = monitor.Date(clock.Now())
	must(t, s.PutReceivingPeriod(ctx, period))
	must(t, s.AddPing(ctx, ping(store.PingStart)))
	late := results(2)[0]
	if want := first.Received.Add(601 * time.Second); late.Status != monitor.StatusFailed || !late.Date.Equal(want) {
		t.Errorf("late result %+v, want the date %s", late, want)
	}
	stop()
	stop = start()
	defer stop()
	must(t, s.AddPing(ctx, first)) // as if it had not been deleted
	end := ping(store.PingFail)
	must(t, s.AddPing(ctx, end))
	if latest := results(3)[0]; latest.ID != end.ID || latest.Status != monitor.StatusError || latest.Outputs["duration"] == nil {
		t.Errorf("result after the restart %+v", latest)
	}
	states, err := s.PushStates(ctx, []string{m.ID})
	must(t, err)
	if len(states) != 1 || len(states[0].Pings) != 3 || !states[0].Ended.Equal(end.Received) {
		t.Errorf("push states %+v", states)
	}
}
