package results

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
	"nanomon/services/runner/results/spool"
)

func openSpool(t *testing.T, root, id string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(root, id)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// spoolFiles returns the spool files below root.
func spoolFiles(t *testing.T, root string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "*.spool", "*.v1"))
	must(t, err)
	return found
}

// inMemory returns the number of queued results in memory.
func (b *testWriter) inMemory() int {
	return b.queue.length()
}

func (b *testWriter) setDown(down bool) { b.store.change(func() { b.store.down = down }) }

func TestSpoolIsUsedOnlyWhileStoreUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		b := startSpoolingWriter(t, newFakeStore(), openSpool(t, root, "a"))
		n := 0
		put := func(count int) {
			for range count {
				b.put(n, monitor.StatusOK)
				n++
				elapse(20 * time.Millisecond)
				if queued := b.inMemory(); queued > 2*int(flushInterval/(20*time.Millisecond)) {
					t.Fatalf("%d results in memory", queued)
				}
			}
		}
		put(200)
		if files := spoolFiles(t, root); len(files) != 0 {
			t.Errorf("spool files while the store is available: %v", files)
		}
		b.setDown(true)
		put(2000)
		if files := len(spoolFiles(t, root)); files < 100 || b.Queued() < 1980 {
			t.Errorf("%d files, %d results queued", files, b.Queued())
		}
		b.setDown(false)
		elapse(2*time.Second + flushInterval)
		if files := spoolFiles(t, root); len(files) != 0 || b.countStored(t) != n {
			t.Errorf("%d of %d stored 2 s after the store was available again, files: %v", b.countStored(t), n, files)
		}
		put(200)
		b.finish()
		if st := b.store.states["m"]; b.countStored(t) != n || st.Streak != n || len(spoolFiles(t, root)) != 0 {
			t.Errorf("%d of %d stored, state %+v", b.countStored(t), n, st)
		}
		if b.log.count("store unavailable, retrying") != 1 || b.log.count("store available again") != 1 || b.log.count("ERROR") != 0 || b.Dropped() != 0 {
			t.Errorf("log: %s", b.log.text.String())
		}
	})
}

// hangingStore is a store that does not respond.
type hangingStore struct{ Store }

func (hangingStore) AppendBatch(ctx context.Context, _ store.Batch) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestQueueIsSpooledDuringHangingWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startSpoolingWriter(t, hangingStore{}, openSpool(t, t.TempDir(), "a"))
		b.put(0, monitor.StatusOK)
		elapse(flushInterval)
		for n := range 10 {
			b.put(1+n, monitor.StatusOK)
		}
		elapse(flushInterval)
		if n := b.backlog.length(); n != 10 {
			t.Errorf("%d of the 10 results after the one being written are in the spool", n)
		}
		elapse(store.ShortCall)
		if n := b.backlog.length(); n != 11 {
			t.Errorf("%d results are in the spool after the write failed", n)
		}
	})
}

func TestSlowStoreKeepsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStore()
		b := startSpoolingWriter(t, slowStore{s, time.Second}, openSpool(t, t.TempDir(), "a"))
		b.store = s
		for n := range 3000 {
			b.put(n, monitor.StatusOK)
			elapse(10 * time.Millisecond)
			if b.Queued() > 500 {
				t.Fatalf("%d of %d queued", b.Queued(), n)
			}
		}
		elapse(10 * time.Second)
		b.finish()
		if n := b.countStored(t); n != 3000 {
			t.Errorf("%d of 3000 stored", n)
		}
	})
}

// slowStore is a store whose writes take a while.
type slowStore struct {
	*fakeStore
	delay time.Duration
}

func (s slowStore) AppendBatch(ctx context.Context, b store.Batch) error {
	wake.Pause(ctx, s.delay)
	return s.fakeStore.AppendBatch(ctx, b)
}

func TestSpoolingUsesConstantMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startSpoolingWriter(t, newFakeStore(), openSpool(t, t.TempDir(), "a"))
		b.setDown(true)
		heap := func() int {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}
		const each, times = 250, 80
		var before int
		for round := range times {
			for n := range each {
				b.put(each*round+n, monitor.StatusOK)
			}
			elapse(flushInterval)
			if round == times/4 {
				before = heap()
			}
		}
		if grown := heap() - before; grown > 1<<20 {
			t.Errorf("memory use grew by %d KiB", grown>>10)
		}
		b.setDown(false)
		elapse(3 * time.Second)
		b.finish()
		if n := b.countStored(t); n != each*times {
			t.Errorf("%d stored", n)
		}
	})
}

func TestFullSpoolDropsOldestResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := openSpool(t, t.TempDir(), "a")
		const files = 100
		for f := range files {
			var filled store.Batch
			for n := range spool.MaxResults / files {
				filled.Results = append(filled.Results, resultAt(f*spool.MaxResults/files+n, monitor.StatusOK))
			}
			_, err := full.Append(filled)
			must(t, err)
		}
		b := startSpoolingWriter(t, newFakeStore(), full)
		b.setDown(true)
		elapse(flushInterval)
		b.put(spool.MaxResults, monitor.StatusOK)
		elapse(flushInterval)
		if n, dropped := b.Queued(), b.Dropped(); n != spool.MaxResults-999 || dropped != 1000 || b.log.count("queue full") != 1 {
			t.Errorf("%d queued, %d dropped, log: %s", n, dropped, b.log.text.String())
		}
	})
}

func TestResultsStayInMemoryIfSpoolFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		b := startSpoolingWriter(t, newFakeStore(), openSpool(t, root, "a"))
		b.setDown(true)
		n := 0
		put := func(seconds int) {
			for range 10 * seconds {
				b.put(n, monitor.StatusOK)
				n++
				elapse(100 * time.Millisecond)
			}
		}
		folder, moved := filepath.Join(root, "a.spool"), filepath.Join(root, "moved")
		put(10)
		must(t, os.Rename(folder, moved))
		put(30)
		if queued := b.inMemory(); queued < 290 || b.log.count("could not write to the spool") != 1 {
			t.Errorf("%d results in memory, log: %s", queued, b.log.text.String())
		}
		must(t, os.Rename(moved, folder))
		put(11)
		if queued := b.inMemory(); queued > 10 || b.Queued() < n-10 {
			t.Errorf("%d results in memory, %d queued in total", queued, b.Queued())
		}
		b.setDown(false)
		elapse(3 * time.Second)
		b.finish()
		if b.countStored(t) != n || b.store.states["m"].Streak != n || len(b.store.statusChanges) != 1 || b.Dropped() != 0 {
			t.Errorf("%d of %d stored, state %+v", b.countStored(t), n, b.store.states["m"])
		}
	})
}

func TestDamagedSpoolFileIsSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		b := startSpoolingWriter(t, newFakeStore(), openSpool(t, root, "a"))
		b.setDown(true)
		for n := range 100 {
			b.put(n, monitor.StatusOK)
			elapse(flushInterval)
		}
		must(t, os.Truncate(spoolFiles(t, root)[50], 40))
		b.setDown(false)
		elapse(3 * time.Second)
		b.finish()
		if n := b.countStored(t); n != 99 || b.Dropped() != 1 || b.log.count("damaged") != 1 {
			t.Errorf("%d stored, %d dropped, log: %s", n, b.Dropped(), b.log.text.String())
		}
	})
}
