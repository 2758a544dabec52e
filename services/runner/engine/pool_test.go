package engine

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestPoolLimitsConcurrencyAndKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(2)
		release := make(chan struct{})
		var began []int
		order := make(chan int, 10)
		for i := range 6 {
			p.run(func() {
				order <- i
				<-release
			})
		}
		for len(began) < 6 {
			synctest.Wait()
			if len(order) > 2 {
				t.Fatalf("%d tasks run at the same time", len(order))
			}
			for len(order) > 0 {
				began = append(began, <-order)
				release <- struct{}{}
				synctest.Wait()
			}
		}
		p.wait()
		for i, n := range began[2:] {
			if n != i+2 {
				t.Fatalf("started in the order %v", began)
			}
		}
	})
}

func TestPoolReusesGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(10 * maxIdle)
		for range 3 {
			p.run(func() {})
			synctest.Wait()
			if len(p.idle) != 1 {
				t.Fatalf("%d goroutines are idle after one task at a time", len(p.idle))
			}
		}
		release := make(chan struct{})
		for range 5 * maxIdle {
			p.run(func() { <-release })
		}
		close(release)
		synctest.Wait()
		if len(p.idle) != maxIdle {
			t.Errorf("%d goroutines are idle, at most %d may be", len(p.idle), maxIdle)
		}
		p.wait() // The bubble ends only if all goroutines end.
	})
}

func BenchmarkCheckOverhead(b *testing.B) {
	probes := newFakeProbes()
	e := newEngine(Config{}, nil, newMemoryStore(), probes.registry(), slog.New(slog.DiscardHandler))
	e.scheduler.checkCtx = context.Background()
	e.scheduler.apply(change{start: monitors(1, "10s"), ignoreRules: &ignoreRules{}})
	en := e.scheduler.schedule.first()
	b.ReportAllocs()
	for b.Loop() {
		e.scheduler.startCheck(e.scheduler.checkCtx, en, e.scheduler.clock.now())
		e.scheduler.recordResult(<-e.scheduler.finished)
		if e.results.Queued() == 500 {
			e.results.Discard(func(string, time.Time) bool { return true })
		}
	}
}
