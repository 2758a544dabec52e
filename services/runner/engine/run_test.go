package engine

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
)

func TestPoolRunsALimitedNumberInOrder(t *testing.T) {
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
				t.Fatalf("%d began at once", len(order))
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
				t.Fatalf("began in the order %v", began)
			}
		}
	})
}

func BenchmarkOverheadOfARun(b *testing.B) {
	l := newLab()
	e := New(Config{}, newMemory(), l.registry(), slog.New(slog.DiscardHandler))
	e.runs = context.Background()
	e.apply(change{start: monitors(1, "10s"), exclusions: &exclusions{}})
	en := e.schedule.first()
	b.ReportAllocs()
	for b.Loop() {
		e.start(e.runs, en, e.clock.now())
		e.settle(<-e.finished)
		if e.writer.waiting() == batchSize {
			e.writer.take()
		}
	}
}
