//go:build unix

package engine

import (
	"context"
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// BenchmarkPushMonitors measures the CPU time of 10,000 push monitors, in percent of a core: of storing a ping per minute
// of each, as the API does, with a runner too, and of a runner whose monitors wait for pings.
func BenchmarkPushMonitors(b *testing.B) {
	for name, load := range map[string]struct{ withRunner, withPings bool }{
		"pings": {false, true}, "pings and runner": {true, true}, "runner": {true, false},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(100*pushLoad(b, load.withRunner, load.withPings, 30*time.Second), "%core")
			}
		})
	}
}

// pushLoad returns the CPU time of this process for each second of the given time.
func pushLoad(b *testing.B, withRunner, withPings bool, length time.Duration) float64 {
	const monitors = 10_000
	s, err := sqlite.Open(b.Context(), sqlite.Config{Path: filepath.Join(b.TempDir(), "test.db")})
	mustB(b, err)
	defer s.Close()
	ms := make([]monitor.Monitor, monitors)
	for i := range ms {
		ms[i] = monitorNumber(i+1, "1m")
		ms[i].Type, ms[i].Target, ms[i].Updated = "push", "every 1m", monitor.Date(time.Now())
		if !withPings {
			ms[i].Target = "every 1h"
		}
	}
	mustB(b, s.ImportMonitors(b.Context(), ms))
	period := store.ReceivingPeriod{ID: monitor.NewID(time.Now()), From: monitor.Date(time.Now().Add(-time.Hour))}
	if withRunner {
		e := newEngine(Config{ID: "r1", SingleRunner: true, Retention: store.Retention{Results: time.Hour, Rollups: time.Hour}}, nil,
			s, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		defer func() {
			stop()
			<-ended
		}()
		for i := 0; len(*e.scheduler.running.Load()) < monitors || e.results.Queued() > 0 || i < 50; i++ {
			<-time.After(100 * time.Millisecond)
		}
	}
	ticker := time.NewTicker(time.Minute / monitors)
	defer ticker.Stop()
	var adding errgroup.Group
	before, began, sent := cpuTime(), time.Now(), 0
	for time.Since(began) < length {
		<-ticker.C
		// A tick may come late: send the pings that are due.
		for ; withPings && time.Duration(sent)*time.Minute/monitors < time.Since(began); sent++ {
			if sent%1000 == 0 {
				period.To = monitor.Date(time.Now())
				mustB(b, s.PutReceivingPeriod(b.Context(), period))
			}
			p := store.Ping{
				ID: monitor.NewID(time.Now()), MonitorID: ms[sent%monitors].ID, Received: monitor.Date(time.Now()), Kind: store.PingSuccess,
			}
			adding.Go(func() error { return s.AddPing(b.Context(), p) }) // jobs don't wait for each other
		}
	}
	mustB(b, adding.Wait())
	share := (cpuTime() - before).Seconds() / time.Since(began).Seconds()
	if withRunner {
		count, err := s.Results(b.Context(), store.ResultFilter{Limit: 1_000_000})
		mustB(b, err)
		b.Logf("%d pings, %d results", sent, len(count))
		if len(count) < sent-500 {
			b.Errorf("%d pings, %d results", sent, len(count))
		}
	}
	return share
}

func mustB(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// cpuTime returns the CPU time of this process.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
