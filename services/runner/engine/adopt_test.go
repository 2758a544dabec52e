package engine

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestResultsOfADeadRunnerAreWrittenOnce(t *testing.T) {
	for name, early := range map[string]bool{"adopted while the store is away": true, "adopted later": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				root, s := t.TempDir(), newMemory()
				dying := openSpool(t, root, "dying")
				dead := startSpooling(t, hanging{}, dying)
				for n := range 1000 {
					dead.put(n, monitor.StatusOK)
					after(10 * time.Millisecond)
				}
				after(flushEvery)
				must(t, dying.Close()) // as the end of the process does
				s.down = early
				heir := startSpooling(t, s, openSpool(t, root, "heir"))
				heir.ready()
				after(time.Second)
				heir.setDown(false)
				after(3 * time.Second)
				if n := heir.storedOnce(t); n != 1000 || s.states["m"].Streak != 1000 || len(s.transitions) != 1 {
					t.Errorf("%d stored, state %+v", n, s.states["m"])
				}
				if heir.log.count("adopted") != 1 || heir.log.count("results=1000") != 1 || len(spoolFiles(t, root)) != 0 {
					t.Errorf("log: %s", heir.log.text.String())
				}
			})
		})
	}
}

func TestDeadRunnersAreLookedForEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		heir := startSpooling(t, newMemory(), openSpool(t, root, "heir"))
		heir.ready()
		after(time.Second)
		dying := openSpool(t, root, "dying")
		_, err := dying.Append(store.Batch{Results: []monitor.Result{resultAt(1, monitor.StatusOK)}})
		must(t, err)
		after(20 * time.Second)
		if n := heir.storedOnce(t); n != 0 {
			t.Errorf("%d results of a live runner are written", n)
		}
		must(t, dying.Close())
		after(adoptEvery + flushEvery)
		heir.finish()
		if n := heir.storedOnce(t); n != 1 {
			t.Errorf("%d results stored", n)
		}
	})
}

func TestStopWithoutTheStoreKeepsResultsInTheSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		kept := openSpool(t, root, "a")
		b := startSpooling(t, newMemory(), kept)
		b.setDown(true)
		for n := range 1234 {
			b.put(n, monitor.StatusOK)
		}
		after(5 * time.Second)
		b.put(1234, monitor.StatusOK)
		time.AfterFunc(flushTime, b.giveUp)
		b.finish()
		if b.stats.dropped.Load() != 0 || b.log.count("kept in the spool") != 1 || b.log.count("results=1235") != 1 {
			t.Errorf("%d lost, log: %s", b.stats.dropped.Load(), b.log.text.String())
		}
		must(t, kept.Close())
		next := startSpooling(t, newMemory(), openSpool(t, root, "b"))
		next.ready()
		after(time.Second)
		next.finish()
		if n := next.storedOnce(t); n != 1235 {
			t.Errorf("%d stored by the next runner", n)
		}
	})
}

func TestWhatIsDiscardedDoesNotComeOutOfTheSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startSpooling(t, newMemory(), openSpool(t, t.TempDir(), "a"))
		began := time.Now()
		b.setDown(true)
		put := func(n int) {
			r := resultNow(n)
			next, transitions := advance(b.states[r.MonitorID], r, time.Second)
			b.states[r.MonitorID] = next
			b.add(r, next, transitions)
			after(time.Second)
		}
		for n := range 20 {
			put(n)
		}
		b.discard(func(_ string, date time.Time) bool { return date.Before(began.Add(10 * time.Second)) })
		b.discard(func(id string, _ time.Time) bool { return id == "m1" })
		for n := range 10 {
			put(20 + n)
		}
		b.setDown(false)
		after(3 * time.Second)
		b.finish()
		// 0 is being tried and isn't taken back, 1 to 9 are too old, the odd ones of 10 to 19 are of a monitor that was deleted then.
		if n := b.storedOnce(t); n != 1+5+10 || b.store.states["m0"].Latest.ID != "r000028" || b.store.states["m1"].Latest.ID != "r000029" {
			t.Errorf("%d results: %v, states %+v", n, b.store.results, b.store.states)
		}
	})
}

// resultNow is the n-th result, of now, of one of two monitors.
func resultNow(n int) monitor.Result {
	r := resultAt(n, monitor.StatusOK)
	r.Date = monitor.Date(time.Now())
	r.MonitorID = []string{"m0", "m1"}[n%2]
	return r
}

// The engine adopts as soon as it knows from when on results count.
func TestEngineAdoptsWhatStillCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		dead := openSpool(t, root, "dead")
		began := time.Now()
		for n := range 10 {
			_, err := dead.Append(store.Batch{Results: []monitor.Result{resultNow(n)}})
			must(t, err)
			after(time.Second)
		}
		must(t, dead.Close())
		s := newMemory()
		s.cleared = began.Add(4 * time.Second)
		e := New(Config{ID: "r1", Spool: openSpool(t, root, "r1")}, s, newLab().registry(), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- e.Run(ctx) }()
		after(time.Second)
		if n := look(s, func() int { return len(s.results) }); n != 6 {
			t.Errorf("%d results stored, 6 are not cleared", n)
		}
		cancel()
		must(t, <-ended)
	})
}
