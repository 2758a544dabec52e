package engine

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
	"nanomon/services/runner/spool"
)

func openSpool(t *testing.T, root, id string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(root, id)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// spoolFiles are the files with batches below root.
func spoolFiles(t *testing.T, root string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "*.spool", "*.v1"))
	must(t, err)
	return found
}

// inMemory is how many results wait in memory.
func (b *writerBench) inMemory() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.results)
}

func (b *writerBench) setDown(down bool) { b.store.with("", func() { b.store.down = down }) }

func TestSpoolIsUsedInOutagesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		b := startSpooling(t, newMemory(), openSpool(t, root, "a"))
		n := 0
		put := func(count int) {
			for range count {
				b.put(n, monitor.StatusOK)
				n++
				after(20 * time.Millisecond)
				if waiting := b.inMemory(); waiting > 2*int(flushEvery/(20*time.Millisecond)) {
					t.Fatalf("%d results in memory", waiting)
				}
			}
		}
		put(200)
		if files := spoolFiles(t, root); len(files) != 0 {
			t.Errorf("files without an outage: %v", files)
		}
		b.setDown(true)
		put(2000)
		if files := len(spoolFiles(t, root)); files < 100 || b.waiting() < 1980 {
			t.Errorf("%d files, %d results wait", files, b.waiting())
		}
		b.setDown(false)
		after(2*time.Second + flushEvery)
		if files := spoolFiles(t, root); len(files) != 0 || b.storedOnce(t) != n {
			t.Errorf("%d of %d stored 2 s after the outage, files: %v", b.storedOnce(t), n, files)
		}
		put(200)
		b.finish()
		if st := b.store.states["m"]; b.storedOnce(t) != n || st.Streak != n || len(spoolFiles(t, root)) != 0 {
			t.Errorf("%d of %d stored, state %+v", b.storedOnce(t), n, st)
		}
		if b.log.count("store lost") != 1 || b.log.count("store back") != 1 || b.log.count("ERROR") != 0 || b.stats.dropped.Load() != 0 {
			t.Errorf("log: %s", b.log.text.String())
		}
	})
}

// hanging is a store that doesn't answer.
type hanging struct{}

func (hanging) AppendBatch(ctx context.Context, _ store.Batch) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestWhatWaitsForAHangingWriteIsSpooled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startSpooling(t, hanging{}, openSpool(t, t.TempDir(), "a"))
		b.put(0, monitor.StatusOK)
		after(flushEvery)
		for n := range 10 {
			b.put(1+n, monitor.StatusOK)
		}
		after(flushEvery)
		if n := b.spooled(); n != 10 {
			t.Errorf("%d of the 10 results behind the one being written are in the spool", n)
		}
		after(smallCall)
		if n := b.spooled(); n != 11 {
			t.Errorf("%d results are in the spool after the write has failed", n)
		}
	})
}

func TestSlowStoreKeepsUpWithTheSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		b := startSpooling(t, slow{s, time.Second}, openSpool(t, t.TempDir(), "a"))
		b.store = s
		for n := range 3000 {
			b.put(n, monitor.StatusOK)
			after(10 * time.Millisecond)
			if b.waiting() > 500 {
				t.Fatalf("%d of %d wait", b.waiting(), n)
			}
		}
		after(10 * time.Second)
		b.finish()
		if n := b.storedOnce(t); n != 3000 {
			t.Errorf("%d of 3000 stored", n)
		}
	})
}

// slow is a store that takes its time.
type slow struct {
	*memory
	takes time.Duration
}

func (s slow) AppendBatch(ctx context.Context, b store.Batch) error {
	pause(ctx, s.takes)
	return s.memory.AppendBatch(ctx, b)
}

func TestLongOutageTakesNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startSpooling(t, newMemory(), openSpool(t, t.TempDir(), "a"))
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
			after(flushEvery)
			if round == times/4 {
				before = heap()
			}
		}
		if grown := heap() - before; grown > 1<<20 {
			t.Errorf("the memory has grown by %d KiB", grown>>10)
		}
		b.setDown(false)
		after(3 * time.Second)
		b.finish()
		if n := b.storedOnce(t); n != each*times {
			t.Errorf("%d stored", n)
		}
	})
}

func TestFullSpoolLosesTheOldest(t *testing.T) {
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
		b := startSpooling(t, newMemory(), full)
		b.setDown(true)
		after(flushEvery)
		b.put(spool.MaxResults, monitor.StatusOK)
		after(flushEvery)
		if n, lost := b.waiting(), b.stats.dropped.Load(); n != spool.MaxResults-999 || lost != 1000 || b.log.count("queue is full") != 1 {
			t.Errorf("%d wait, %d are lost, log: %s", n, lost, b.log.text.String())
		}
	})
}

func TestSpoolThatFailsLeavesResultsInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		b := startSpooling(t, newMemory(), openSpool(t, root, "a"))
		b.setDown(true)
		n := 0
		put := func(seconds int) {
			for range 10 * seconds {
				b.put(n, monitor.StatusOK)
				n++
				after(100 * time.Millisecond)
			}
		}
		folder, away := filepath.Join(root, "a.spool"), filepath.Join(root, "away")
		put(10)
		must(t, os.Rename(folder, away))
		put(30)
		if waiting := b.inMemory(); waiting < 290 || b.log.count("spool can't be written") != 1 {
			t.Errorf("%d results in memory, log: %s", waiting, b.log.text.String())
		}
		must(t, os.Rename(away, folder))
		put(11)
		if waiting := b.inMemory(); waiting > 10 || b.waiting() < n-10 {
			t.Errorf("%d results in memory, %d wait in all", waiting, b.waiting())
		}
		b.setDown(false)
		after(3 * time.Second)
		b.finish()
		if b.storedOnce(t) != n || b.store.states["m"].Streak != n || len(b.store.transitions) != 1 || b.stats.dropped.Load() != 0 {
			t.Errorf("%d of %d stored, state %+v", b.storedOnce(t), n, b.store.states["m"])
		}
	})
}

func TestDamagedSpoolLosesOnlyWhatIsDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		b := startSpooling(t, newMemory(), openSpool(t, root, "a"))
		b.setDown(true)
		for n := range 100 {
			b.put(n, monitor.StatusOK)
			after(flushEvery)
		}
		must(t, os.Truncate(spoolFiles(t, root)[50], 40))
		b.setDown(false)
		after(3 * time.Second)
		b.finish()
		if n := b.storedOnce(t); n != 99 || b.stats.dropped.Load() != 1 || b.log.count("damaged") != 1 {
			t.Errorf("%d stored, %d lost, log: %s", n, b.stats.dropped.Load(), b.log.text.String())
		}
	})
}
