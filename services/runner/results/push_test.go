package results

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// putPing adds what follows from ping n of a push monitor: a result, the push state and the done ping.
func (b *testWriter) putPing(monitorID string, n int) {
	b.putPingResult(monitorID, n, resultAt(n, monitor.StatusOK))
}

func (b *testWriter) putPingResult(monitorID string, n int, r monitor.Result) {
	r.MonitorID = monitorID
	next := &store.State{MonitorID: monitorID, Latest: r, Streak: 1, Since: r.Date}
	b.AddPush(&r, next, nil, pushState(monitorID, n), []string{r.ID})
}

// pushState returns the push state after ping n. Its sequence is n+1.
func pushState(monitorID string, n int) store.PushState {
	return store.PushState{MonitorID: monitorID, Sequence: int64(n + 1), Since: time.Now(), Ended: time.Now()}
}

// checkPush expects that all pings of which the store knows have a result, and that the push state of each monitor is
// not newer than its results. It returns the number of done pings.
func (b *testWriter) checkPush(t *testing.T) int {
	t.Helper()
	return inspect(b.store, func() int {
		newest := map[string]int64{}
		for _, r := range b.store.results {
			newest[r.MonitorID] = max(newest[r.MonitorID], 1+int64(r.Date.Sub(noon)/time.Second))
		}
		for id := range b.store.donePings {
			if _, stored := b.store.results[id]; !stored {
				t.Errorf("ping %s is done before its result is stored", id)
			}
		}
		for id, s := range b.store.pushStates {
			if s.Sequence > newest[id] {
				t.Errorf("push state %d of %s is stored before its result; the newest is that of %d", s.Sequence, id, newest[id])
			}
		}
		return len(b.store.donePings)
	})
}

// TestPushStatesFollowTheirResults writes more results than one batch has, of monitors with many and with few results.
// The store becomes unavailable after each batch, which is the time of a crash.
func TestPushStatesFollowTheirResults(t *testing.T) {
	withAndWithoutSpool(t, func(t *testing.T, b *testWriter) {
		const pings = 3*batchSize + 77
		b.setDown(true)
		for n := range pings {
			b.putPing(fmt.Sprint("m", n%(1+n/100)), n)
		}
		accept := 0
		b.store.change(func() {
			b.store.reject = func(store.Batch) error {
				if accept == 0 {
					return monitor.ErrUnavailable
				}
				accept--
				return nil
			}
		})
		b.setDown(false)
		for range 10 {
			b.store.change(func() { accept = 1 })
			elapse(2 * time.Minute)
			b.checkPush(t)
		}
		b.finish()
		if n := b.checkPush(t); n != pings || b.countStored(t) != pings {
			t.Errorf("%d of %d pings are done, %d results stored", n, pings, b.countStored(t))
		}
		if s := b.store.pushStates["m0"]; s.Sequence != 1569 {
			t.Errorf("the newest push state is %+v", s)
		}
	})
}

func TestPingsWithoutResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		b.AddPush(nil, nil, nil, pushState("m", 1), []string{"p1"})
		b.AddPush(nil, nil, nil, pushState("m", 2), []string{"p2", "p3"})
		elapse(flushInterval)
		if s := b.store.pushStates["m"]; s.Sequence != 3 || len(b.store.donePings) != 3 || b.store.calls["AppendBatch"] != 1 {
			t.Errorf("after %v: state %+v, done pings %v", b.store.calls, s, b.store.donePings)
		}
		for n := range 2*batchSize + 1 {
			b.AddPush(nil, nil, nil, pushState(fmt.Sprint(n), n), []string{fmt.Sprint(n)})
		}
		synctest.Wait() // a full batch is written at once
		if n := len(b.store.pushStates); n < 1+batchSize {
			t.Errorf("%d states are written before the flush interval", n)
		}
		b.finish()
		if n := len(b.store.pushStates); n != 2*batchSize+2 || len(b.store.donePings) != 2*batchSize+4 {
			t.Errorf("%d states, %d done pings", n, len(b.store.donePings))
		}
	})
}

// TestInvalidDocumentsOfPushMonitors expects that an invalid result or push state loses nothing else.
func TestInvalidDocumentsOfPushMonitors(t *testing.T) {
	invalid := monitor.Invalidf("not valid")
	for name, c := range map[string]struct {
		reject          func(store.Batch) error
		results, states int
		lines           int
	}{
		"result": {rejectResult(77, invalid), 299, 300, 1},
		"all push states": {func(b store.Batch) error {
			if len(b.PushStates) > 0 {
				return invalid
			}
			return nil
		}, 300, 0, 300},
		"push state": {func(b store.Batch) error {
			for _, s := range b.PushStates {
				if s.MonitorID == "m77" {
					return invalid
				}
			}
			return nil
		}, 300, 299, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := startWriter(t)
				b.store.reject = c.reject
				for n := range 300 {
					b.putPing(fmt.Sprint("m", n), n)
				}
				b.finish()
				if n := b.countStored(t); n != c.results || len(b.store.pushStates) != c.states || len(b.store.donePings) != 300 {
					t.Errorf("%d results, %d states, %d done pings", n, len(b.store.pushStates), len(b.store.donePings))
				}
				if n := b.log.count("store rejected a batch"); n != c.lines {
					t.Errorf("%d lines, log: %s", n, b.log.text.String())
				}
			})
		})
	}
}

// TestRejectedPushStateIsSetAside expects that the pings of the rejected push state stay in the inbox.
func TestRejectedPushStateIsSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startSpoolingWriter(t, newFakeStore(), openSpool(t, t.TempDir(), "a"))
		b.store.change(func() {
			b.store.reject = func(batch store.Batch) error {
				if len(batch.PushStates) > 0 {
					return errors.New("no push states today")
				}
				return nil
			}
		})
		b.putPing("m", 1)
		elapse(rejectionTime + otherWritesInterval + 5*time.Second)
		if n := b.countStored(t); n != 1 || len(b.store.pushStates)+len(b.store.donePings) != 0 || !b.backlog.spool.HasSetAside() {
			t.Errorf("%d results, states %v, done pings %v", n, b.store.pushStates, b.store.donePings)
		}
		b.store.change(func() { b.store.reject = nil })
		elapse(asideRetryInterval + time.Second)
		b.finish()
		if b.checkPush(t) != 1 || b.store.pushStates["m"].Sequence != 2 || b.backlog.spool.HasSetAside() {
			t.Errorf("states %v, done pings %v", b.store.pushStates, b.store.donePings)
		}
	})
}

// TestDiscardedPushStates expects that a deleted monitor leaves no push state, and that a deletion of all results keeps
// the deadlines.
func TestDiscardedPushStates(t *testing.T) {
	withAndWithoutSpool(t, func(t *testing.T, b *testWriter) {
		b.setDown(true)
		put := func(id string, n int) {
			b.putPingResult(id, n, resultNow(n))
			elapse(time.Second)
		}
		put("other", 0) // is being written
		put("m0", 1)
		put("m1", 2)
		b.DiscardMonitors(func(id string) bool { return id == "m1" })
		began := time.Now()
		b.Discard(func(_ string, date time.Time) bool { return date.Before(began) })
		put("m2", 5000)
		b.setDown(false)
		elapse(3 * time.Second)
		b.finish()
		s := b.store
		if len(s.pushStates) != 3 || s.pushStates["m0"].Sequence != 2 || s.pushStates["m2"].Sequence != 5001 || !s.donePings[resultAt(1, 0).ID] {
			t.Errorf("push states %+v, done pings %v", s.pushStates, s.donePings)
		}
		if _, stored := s.results[resultAt(1, 0).ID]; stored {
			t.Error("a result of before the deletion was stored")
		}
	})
}

// TestPushStatesInSpool stops a runner while the store is unavailable. The next one writes its spool.
func TestPushStatesInSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root, s := t.TempDir(), newFakeStore()
		first := openSpool(t, root, "first")
		stopped := startSpoolingWriter(t, hangingStore{}, first)
		for n := range 300 {
			stopped.putPing(fmt.Sprint("m", n%2), n)
			elapse(10 * time.Millisecond)
		}
		elapse(flushInterval)
		must(t, first.Close())
		next := startSpoolingWriter(t, s, openSpool(t, root, "second"))
		next.AllowTakeOver()
		elapse(3 * time.Second)
		next.finish()
		if n := next.checkPush(t); n != 300 || s.pushStates["m0"].Sequence != 299 || s.pushStates["m1"].Sequence != 300 {
			t.Errorf("%d done pings, push states %+v", n, s.pushStates)
		}
	})
}
