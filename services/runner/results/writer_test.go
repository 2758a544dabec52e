package results

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/health"
	"nanomon/services/runner/results/spool"
)

// testWriter is a writer that runs in a synctest bubble.
type testWriter struct {
	*Writer
	store  *fakeStore
	log    *logBuffer
	states map[string]*store.State
	// abort cancels the context of the writer.
	abort context.CancelFunc
	// finish closes the writer and waits for its end.
	finish func()
}

func startWriter(t *testing.T) *testWriter { return startSpoolingWriter(t, newFakeStore(), nil) }

// startSpoolingWriter starts a writer to s with a spool.
func startSpoolingWriter(t *testing.T, s Store, sp *spool.Spool) *testWriter {
	b := &testWriter{log: &logBuffer{}, states: map[string]*store.State{}}
	b.store, _ = s.(*fakeStore)
	log := slog.New(slog.NewTextHandler(b.log, nil))
	b.Writer = NewWriter(Config{Spool: sp, Health: health.New(log, func(time.Time, error) {})}, s, log)
	var ctx context.Context
	ctx, b.abort = context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { b.Run(ctx) })
	b.finish = sync.OnceFunc(func() {
		b.Close()
		running.Wait()
	})
	t.Cleanup(func() {
		b.abort()
		b.finish()
	})
	return b
}

// put adds the result number n.
func (b *testWriter) put(n int, status monitor.Status) { b.putResult(resultAt(n, status)) }

// putResult adds a result, with a status change if the status has changed.
func (b *testWriter) putResult(r monitor.Result) {
	next := &store.State{MonitorID: r.MonitorID, Latest: r, Streak: 1, Since: r.Date}
	last := b.states[r.MonitorID]
	var changes []store.StatusChange
	if last != nil && last.Latest.Status == r.Status {
		next.Streak, next.Since = last.Streak+1, last.Since
	} else {
		changes = []store.StatusChange{{MonitorID: r.MonitorID, Date: r.Date, Kind: store.ChangeStatus, To: r.Status.String()}}
	}
	b.states[r.MonitorID] = next
	b.Add(r, next, changes)
}

// countStored returns the number of stored results. It fails the test if a result was stored twice.
func (b *testWriter) countStored(t *testing.T) int {
	t.Helper()
	return inspect(b.store, func() int {
		for id, n := range b.store.stored {
			if n != 1 {
				t.Errorf("result %s was stored %d times", id, n)
			}
		}
		return len(b.store.stored)
	})
}

func TestWriterBatchesByTimeAndSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		for n := range 10 {
			b.put(n, monitor.StatusOK)
		}
		elapse(flushInterval - time.Millisecond)
		if n := b.countStored(t); n != 0 {
			t.Errorf("%d results written before the flush interval", n)
		}
		elapse(time.Millisecond)
		if n := b.countStored(t); n != 10 {
			t.Errorf("%d results written", n)
		}
		for n := range batchSize {
			b.put(10+n, monitor.StatusOK)
		}
		synctest.Wait()
		b.finish()
		if want := []int{10, batchSize}; !slices.Equal(b.store.batches, want) {
			t.Errorf("batches of %v, want %v", b.store.batches, want)
		}
		if s := b.store.states["m"]; s.Streak != 10+batchSize || len(b.store.statusChanges) != 1 {
			t.Errorf("streak %d, %d status changes", s.Streak, len(b.store.statusChanges))
		}
	})
}

func TestWriterKeepsResultsWhileStoreUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		b.store.change(func() { b.store.down = true })
		for n := range 2000 {
			b.put(n, monitor.Status(n/1000))
			elapse(100 * time.Millisecond)
		}
		if n := b.Queued(); n < 1400 || b.log.count("store unavailable, retrying") != 1 {
			t.Errorf("%d queued, log: %s", n, b.log.text.String())
		}
		attempts := inspect(b.store, func() int { return b.store.calls["AppendBatch"] })
		if attempts < 95 || attempts > 250 {
			t.Errorf("%d attempts in 200 s", attempts)
		}
		b.store.change(func() { b.store.down = false })
		elapse(2 * time.Second)
		if n := b.countStored(t); n != 2000 {
			t.Errorf("%d of 2000 results are stored", n)
		}
		b.finish()
		if len(b.store.statusChanges) != 2 || b.store.states["m"].Streak != 1000 || b.log.count("store available again") != 1 {
			t.Errorf("status changes %v, state %+v, log: %s", b.store.statusChanges, b.store.states["m"], b.log.text.String())
		}
	})
}

func TestWriterRetriesBatchUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		var attempted []int
		b.store.reject = func(batch store.Batch) error {
			if attempted = append(attempted, len(batch.Results)); len(attempted) < 4 {
				return context.DeadlineExceeded
			}
			return nil
		}
		b.put(0, monitor.StatusOK)
		elapse(flushInterval)
		b.put(1, monitor.StatusOK)
		elapse(10 * time.Second)
		b.finish()
		if want := []int{1, 1, 1, 1, 1}; !slices.Equal(attempted, want) {
			t.Errorf("attempted batches of %v, want %v", attempted, want)
		}
	})
}

func TestFullQueueDropsOldestResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		b.store.change(func() { b.store.down = true })
		b.put(0, monitor.StatusOK)
		elapse(time.Second) // the first result is being written alone
		for n := range queueSize + 700 {
			b.put(1+n, monitor.StatusOK)
		}
		if n := b.Queued(); n != queueSize {
			t.Errorf("%d queued, the limit is %d", n, queueSize)
		}
		b.store.change(func() { b.store.down = false })
		elapse(3 * time.Second)
		b.finish()
		if n := b.countStored(t); n != queueSize+1 {
			t.Errorf("%d stored", n)
		}
		if _, oldest := b.store.results[resultAt(700, 0).ID]; oldest {
			t.Error("a newer result was dropped instead of the oldest")
		}
		if dropped := b.Dropped(); dropped != 700 || b.log.count("queue full") != 1 || b.log.count("results=700") != 1 {
			t.Errorf("%d dropped, log: %s", dropped, b.log.text.String())
		}
	})
}

func TestWriterDropsOnlyInvalidResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		b.store.reject = rejectResult(77, monitor.Invalidf("result has no id"))
		for n := range 300 {
			b.put(n, monitor.StatusOK)
		}
		elapse(20 * time.Second)
		if n := b.countStored(t); n != 299 {
			t.Errorf("%d of 299 stored", n)
		}
		b.put(300, monitor.StatusOK)
		b.finish()
		if n := b.countStored(t); n != 300 || b.Dropped() != 1 || b.log.count("store rejected a batch") != 1 {
			t.Errorf("%d stored, %d dropped, log: %s", n, b.Dropped(), b.log.text.String())
		}
	})
}

func TestWriterLogsDroppedResultsAtStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		b.store.change(func() { b.store.down = true })
		for n := range 1234 {
			b.put(n, monitor.StatusOK)
		}
		elapse(5 * time.Second)
		time.AfterFunc(5*time.Second, b.abort)
		began := time.Now()
		b.finish()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("the stop took %s", took)
		}
		if b.Dropped() != 1234 || b.log.count("results=1234") != 1 {
			t.Errorf("%d dropped, log: %s", b.Dropped(), b.log.text.String())
		}
	})
}

func TestWriterDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		for n := range 10 {
			b.put(n, monitor.Status(n%2))
		}
		b.Discard(func(_ string, date time.Time) bool { return date.Before(resultAt(4, 0).Date) })
		b.finish()
		if n := b.countStored(t); n != 6 || len(b.store.statusChanges) != 6 || len(b.store.states) != 1 {
			t.Errorf("%d results, %d status changes, %d states", n, len(b.store.statusChanges), len(b.store.states))
		}
	})
}
