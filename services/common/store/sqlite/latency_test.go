package sqlite

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/store"
)

// BenchmarkAppendWhile measures how long it takes to store a batch of ten results while a monitor with 20,000 results is
// deleted, hours are sealed, and results expire. The file has 400,000 results of 20 monitors, stored in the order of time,
// so the rows of a monitor are far apart. It reports the median and the slowest of all steps and of all batches. It fails if more than
// a twentieth of them take 50 ms longer than the slowest batch before, because other programs use the disk, too.
func BenchmarkAppendWhile(b *testing.B) {
	ids := sampleMonitors(20)
	for b.Loop() {
		var seen stepTimes
		s := open(b, Config{Path: newPath(b), Observe: seen.observe})
		for first := 0; first < 20000; first += 100 {
			var batch store.Batch
			for n := range 100 {
				batch.Results = append(batch.Results, sampleBatch(ids, first+n, false).Results...)
			}
			if err := s.AppendBatch(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
		seen.clear()
		for n := range 200 {
			if err := s.AppendBatch(b.Context(), sampleBatch(ids[2:12], 25000+n, false)); err != nil {
				b.Fatal(err)
			}
		}
		limit := 50*time.Millisecond + seen.report(b, "alone", "append batch")
		for _, step := range []struct {
			name, operation string
			run             func() error
		}{
			{"delete-rows", "purge deleted rows", func() error { return deleteMonitor(b.Context(), s, ids[0]) }},
			{"seal", "seal results", func() error { return s.Seal(b.Context(), farFuture) }},
			{"delete-blocks", "purge deleted rows", func() error { return deleteMonitor(b.Context(), s, ids[1]) }},
			{"expire", "delete old rows", func() error {
				_, err := s.Expire(b.Context(), farFuture, store.Retention{})
				return err
			}},
		} {
			seen.clear()
			stop := appendInBackground(b, s, ids[2:12])
			err := step.run()
			stop()
			if err != nil {
				b.Fatal(err)
			}
			seen.report(b, step.name, step.operation)
			seen.report(b, step.name+"-append", "append batch")
			if slow := seen.percentile("append batch", 95); slow > limit {
				b.Errorf("%s: a twentieth of the batches take longer than %s, want at most %s", step.name, slow, limit)
			}
		}
	}
}

// deleteMonitor deletes the results of a monitor and waits until they are gone.
func deleteMonitor(ctx context.Context, s *Store, id string) error {
	err := s.write(ctx, "detach", func(t *tx) error {
		raw, _ := rawID(id)
		_, err := t.exec("UPDATE refs SET monitor = NULL WHERE monitor = ?", raw)
		t.clearCache()
		return err
	})
	if err == nil {
		err = s.purge(ctx)
	}
	return err
}

// appendInBackground stores batches until the returned function is called.
func appendInBackground(b *testing.B, s *Store, ids []string) (stop func()) {
	ctx, cancel := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for n := 30000; ctx.Err() == nil; n++ {
			if err := s.AppendBatch(ctx, sampleBatch(ids, n, false)); err != nil && ctx.Err() == nil {
				b.Error(err)
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// stepTimes collects the durations of operations.
type stepTimes struct {
	mu    sync.Mutex
	times map[string][]time.Duration
}

func (s *stepTimes) observe(operation string, took time.Duration, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.times == nil {
		s.times = make(map[string][]time.Duration)
	}
	s.times[operation] = append(s.times[operation], took)
}

func (s *stepTimes) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times = make(map[string][]time.Duration)
}

// percentile returns a percentile of the durations of an operation, 0 if there was none.
func (s *stepTimes) percentile(operation string, percent int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	times := slices.Sorted(slices.Values(s.times[operation]))
	if len(times) == 0 {
		return 0
	}
	return times[(len(times)-1)*percent/100]
}

// report reports the median and the slowest of an operation, and returns the slowest.
func (s *stepTimes) report(b *testing.B, name, operation string) time.Duration {
	slowest := s.percentile(operation, 100)
	b.ReportMetric(s.percentile(operation, 50).Seconds()*1000, name+"-median-ms")
	b.ReportMetric(slowest.Seconds()*1000, name+"-slowest-ms")
	return slowest
}
