package engine

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/spool"
)

// writerBench is a writer that runs in a bubble.
type writerBench struct {
	*writer
	store  *memory
	log    *logbook
	states map[string]*store.State
	giveUp context.CancelFunc
	// finish closes the writer and waits for its end.
	finish func()
}

func startWriter(t *testing.T) *writerBench { return startSpooling(t, newMemory(), nil) }

// startSpooling starts a writer to s with a spool.
func startSpooling(t *testing.T, s appender, sp *spool.Spool) *writerBench {
	b := &writerBench{log: &logbook{}, states: map[string]*store.State{}}
	b.store, _ = s.(*memory)
	st := &stats{}
	b.writer = newWriter(s, sp, nobody{}.Stored, st, slog.New(slog.NewTextHandler(b.log, nil)))
	var ctx context.Context
	ctx, b.giveUp = context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { b.run(ctx) })
	b.finish = sync.OnceFunc(func() {
		b.close()
		running.Wait()
	})
	t.Cleanup(func() {
		b.giveUp()
		b.finish()
	})
	return b
}

// put adds the n-th result, as the engine does.
func (b *writerBench) put(n int, status monitor.Status) {
	r := resultAt(n, status)
	next, transitions := advance(b.states[r.MonitorID], r, time.Second)
	b.states[r.MonitorID] = next
	b.add(r, next, transitions)
}

// storedOnce reports how many results are stored, and fails if one was stored twice.
func (b *writerBench) storedOnce(t *testing.T) int {
	t.Helper()
	return look(b.store, func() int {
		for id, n := range b.store.stored {
			if n != 1 {
				t.Errorf("result %s was stored %d times", id, n)
			}
		}
		return len(b.store.stored)
	})
}

func TestWriterGroupsByTimeAndNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		for n := range 10 {
			b.put(n, monitor.StatusOK)
		}
		after(flushEvery - time.Millisecond)
		if n := b.storedOnce(t); n != 0 {
			t.Errorf("%d results written before their time", n)
		}
		after(time.Millisecond)
		if n := b.storedOnce(t); n != 10 {
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
		if s := b.store.states["m"]; s.Streak != 10+batchSize || len(b.store.transitions) != 1 {
			t.Errorf("streak %d, %d transitions", s.Streak, len(b.store.transitions))
		}
	})
}

func TestWriterKeepsResultsThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		b.store.with("", func() { b.store.down = true })
		for n := range 2000 {
			b.put(n, monitor.Status(n/1000))
			after(100 * time.Millisecond)
		}
		if n := b.waiting(); n < 1400 || b.log.count("store lost") != 1 {
			t.Errorf("%d waiting, log: %s", n, b.log.text.String())
		}
		tries := look(b.store, func() int { return b.store.reads["AppendBatch"] })
		if tries < 95 || tries > 250 {
			t.Errorf("%d tries in 200 s", tries)
		}
		b.store.with("", func() { b.store.down = false })
		after(2 * time.Second)
		if n := b.storedOnce(t); n != 2000 {
			t.Errorf("%d of 2000 results are stored", n)
		}
		b.finish()
		if len(b.store.transitions) != 2 || b.store.states["m"].Streak != 1000 || b.log.count("store back") != 1 {
			t.Errorf("transitions %v, state %+v, log: %s", b.store.transitions, b.store.states["m"], b.log.text.String())
		}
	})
}

func TestWriterSendsABatchAgainUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		var tried []int
		b.store.refuse = func(batch store.Batch) error {
			if tried = append(tried, len(batch.Results)); len(tried) < 4 {
				return context.DeadlineExceeded
			}
			return nil
		}
		b.put(0, monitor.StatusOK)
		after(flushEvery)
		b.put(1, monitor.StatusOK)
		after(10 * time.Second)
		b.finish()
		if want := []int{1, 1, 1, 1, 1}; !slices.Equal(tried, want) {
			t.Errorf("tried batches of %v, want %v", tried, want)
		}
	})
}

func TestWriterLosesTheOldestWhenTheQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		b.store.with("", func() { b.store.down = true })
		b.put(0, monitor.StatusOK)
		after(time.Second) // the first is in a batch of its own now
		for n := range queueSize + 700 {
			b.put(1+n, monitor.StatusOK)
		}
		if n := b.waiting(); n != queueSize {
			t.Errorf("%d wait, the limit is %d", n, queueSize)
		}
		b.store.with("", func() { b.store.down = false })
		after(3 * time.Second)
		b.finish()
		if n := b.storedOnce(t); n != queueSize+1 {
			t.Errorf("%d stored", n)
		}
		if _, oldest := b.store.results[resultAt(700, 0).ID]; oldest {
			t.Error("a newer result was lost instead of the oldest")
		}
		if lost := b.stats.dropped.Load(); lost != 700 || b.log.count("queue is full") != 1 || b.log.count("results=700") != 1 {
			t.Errorf("%d lost, log: %s", lost, b.log.text.String())
		}
	})
}

func TestWriterLosesOnlyWhatTheStoreRefuses(t *testing.T) {
	for name, refusal := range map[string]error{
		"invalid": monitor.Invalidf("result has no id"), "other": errors.New("document too large"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := startWriter(t)
				b.store.refuse = func(batch store.Batch) error {
					for _, r := range batch.Results {
						if r.ID == resultAt(77, 0).ID {
							return refusal
						}
					}
					return nil
				}
				for n := range 300 {
					b.put(n, monitor.StatusOK)
				}
				after(20 * time.Second)
				if n := b.storedOnce(t); n != 299 {
					t.Errorf("%d of 299 stored", n)
				}
				b.put(300, monitor.StatusOK)
				b.finish()
				if n := b.storedOnce(t); n != 300 || b.stats.dropped.Load() != 1 || b.log.count("store refuses") != 1 {
					t.Errorf("%d stored, %d lost, log: %s", n, b.stats.dropped.Load(), b.log.text.String())
				}
			})
		})
	}
}

func TestWriterSaysWhatIsLostAtAStopWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		b.store.with("", func() { b.store.down = true })
		for n := range 1234 {
			b.put(n, monitor.StatusOK)
		}
		after(5 * time.Second)
		time.AfterFunc(flushTime, b.giveUp)
		began := time.Now()
		b.finish()
		if took := time.Since(began); took != flushTime {
			t.Errorf("the stop took %s", took)
		}
		if b.stats.dropped.Load() != 1234 || b.log.count("results=1234") != 1 {
			t.Errorf("%d lost, log: %s", b.stats.dropped.Load(), b.log.text.String())
		}
	})
}

func TestWriterDiscards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		for n := range 10 {
			b.put(n, monitor.Status(n%2))
		}
		b.discard(func(_ string, date time.Time) bool { return date.Before(resultAt(4, 0).Date) })
		b.finish()
		if n := b.storedOnce(t); n != 6 || len(b.store.transitions) != 6 || len(b.store.states) != 1 {
			t.Errorf("%d results, %d transitions, %d states", n, len(b.store.transitions), len(b.store.states))
		}
	})
}
