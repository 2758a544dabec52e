package results

import (
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestTakenOverResultsAreWrittenOnce(t *testing.T) {
	for name, early := range map[string]bool{"taken over while the store is unavailable": true, "taken over later": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				root, s := t.TempDir(), newFakeStore()
				first := openSpool(t, root, "first")
				firstWriter := startSpoolingWriter(t, hangingStore{}, first)
				for n := range 1000 {
					firstWriter.put(n, monitor.StatusOK)
					elapse(10 * time.Millisecond)
				}
				elapse(flushInterval)
				must(t, first.Close()) // like the end of the process
				s.down = early
				second := startSpoolingWriter(t, s, openSpool(t, root, "second"))
				second.AllowTakeOver()
				elapse(time.Second)
				second.setDown(false)
				elapse(3 * time.Second)
				if n := second.countStored(t); n != 1000 || s.states["m"].Streak != 1000 || len(s.statusChanges) != 1 {
					t.Errorf("%d stored, state %+v", n, s.states["m"])
				}
				if second.log.count("took over the spool") != 1 || second.log.count("results=1000") != 1 || len(spoolFiles(t, root)) != 0 {
					t.Errorf("log: %s", second.log.text.String())
				}
			})
		})
	}
}

func TestTakeOverEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		second := startSpoolingWriter(t, newFakeStore(), openSpool(t, root, "second"))
		second.AllowTakeOver()
		elapse(time.Second)
		first := openSpool(t, root, "first")
		_, err := first.Append(store.Batch{Results: []monitor.Result{resultAt(1, monitor.StatusOK)}})
		must(t, err)
		elapse(20 * time.Second)
		if n := second.countStored(t); n != 0 {
			t.Errorf("%d results of a live runner were written", n)
		}
		must(t, first.Close())
		elapse(takeOverInterval + flushInterval)
		second.finish()
		if n := second.countStored(t); n != 1 {
			t.Errorf("%d results stored", n)
		}
	})
}

func TestStopWhileStoreUnavailableLeavesResultsInSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		sp := openSpool(t, root, "a")
		b := startSpoolingWriter(t, newFakeStore(), sp)
		b.setDown(true)
		for n := range 1234 {
			b.put(n, monitor.StatusOK)
		}
		elapse(5 * time.Second)
		b.put(1234, monitor.StatusOK)
		time.AfterFunc(5*time.Second, b.abort)
		b.finish()
		if b.Dropped() != 0 || b.log.count("stay in the spool") != 1 || b.log.count("results=1235") != 1 {
			t.Errorf("%d dropped, log: %s", b.Dropped(), b.log.text.String())
		}
		must(t, sp.Close())
		next := startSpoolingWriter(t, newFakeStore(), openSpool(t, root, "b"))
		next.AllowTakeOver()
		elapse(time.Second)
		next.finish()
		if n := next.countStored(t); n != 1235 {
			t.Errorf("%d stored by the next runner", n)
		}
	})
}

func TestDiscardAppliesToSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startSpoolingWriter(t, newFakeStore(), openSpool(t, t.TempDir(), "a"))
		began := time.Now()
		b.setDown(true)
		put := func(n int) {
			b.putResult(resultNow(n))
			elapse(time.Second)
		}
		for n := range 20 {
			put(n)
		}
		b.Discard(func(_ string, date time.Time) bool { return date.Before(began.Add(10 * time.Second)) })
		b.Discard(func(id string, _ time.Time) bool { return id == "m1" })
		for n := range 10 {
			put(20 + n)
		}
		b.setDown(false)
		elapse(3 * time.Second)
		b.finish()
		// Result 0 is being written and is not discarded. 1 to 9 are too old. The odd ones of 10 to 19 belong to the
		// deleted monitor.
		if n := b.countStored(t); n != 1+5+10 || b.store.states["m0"].Latest.ID != "r000028" || b.store.states["m1"].Latest.ID != "r000029" {
			t.Errorf("%d results: %v, states %+v", n, b.store.results, b.store.states)
		}
	})
}

// resultNow returns a result with the current date. Even and odd numbers belong to two monitors.
func resultNow(n int) monitor.Result {
	r := resultAt(n, monitor.StatusOK)
	r.Date = monitor.Date(time.Now())
	r.MonitorID = []string{"m0", "m1"}[n%2]
	return r
}
