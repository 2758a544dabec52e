package results

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var errNoEngine = errors.New("(InternalError) no connection to the engine")

// withAndWithoutSpool runs a test with a writer that has a spool, and with one that has none.
func withAndWithoutSpool(t *testing.T, test func(t *testing.T, b *testWriter)) {
	t.Run("no spool", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, startWriter(t)) })
	})
	t.Run("spool", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			test(t, startSpoolingWriter(t, newFakeStore(), openSpool(t, t.TempDir(), "a")))
		})
	})
}

// TestWriterKeepsResultsAfterUnknownErrors rejects all batches for a while, as a gateway does whose database engine is
// unavailable.
func TestWriterKeepsResultsAfterUnknownErrors(t *testing.T) {
	withAndWithoutSpool(t, func(t *testing.T, b *testWriter) {
		b.store.change(func() { b.store.reject = func(store.Batch) error { return errNoEngine } })
		for n := range 219 {
			b.put(n, monitor.StatusOK)
			elapse(80 * time.Millisecond)
		}
		if p := b.health.Problems.List(); len(p) != 1 || !strings.HasPrefix(p[0], "Results can't be stored") {
			t.Errorf("the problems are %q", p)
		}
		b.store.change(func() { b.store.reject = nil })
		elapse(3 * time.Second)
		b.finish()
		if p := b.health.Problems.List(); len(p) != 0 {
			t.Errorf("the problems afterwards are %q", p)
		}
		if n := b.countStored(t); n != 219 || b.Dropped() != 0 || b.log.count("ERROR") != 0 {
			t.Errorf("%d of 219 stored, %d dropped, log: %s", n, b.Dropped(), b.log.text.String())
		}
		if b.log.count("store unavailable, retrying") != 1 || b.log.count("store available again") != 1 {
			t.Errorf("log: %s", b.log.text.String())
		}
	})
}

// rejectResult rejects batches with the result number n.
func rejectResult(n int, rejection error) func(store.Batch) error {
	return func(b store.Batch) error {
		for _, r := range b.Results {
			if r.ID == resultAt(n, 0).ID {
				return rejection
			}
		}
		return nil
	}
}

// putRejected adds 300 results of which the store rejects one with an unknown error, and waits until the writer
// decides.
func (b *testWriter) putRejected(t *testing.T) {
	t.Helper()
	b.store.change(func() { b.store.reject = rejectResult(77, errNoEngine) })
	for n := range 300 {
		b.put(n, monitor.StatusOK)
	}
	elapse(rejectionTime - time.Second)
	if n := b.countStored(t); n != 0 || b.Queued() != 300 && b.backlog.spool != nil {
		t.Errorf("%d stored and %d queued before the time is over", n, b.Queued())
	}
	elapse(otherWritesInterval + 5*time.Second)
}

func TestRejectedResultIsSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		b := startSpoolingWriter(t, newFakeStore(), openSpool(t, root, "a"))
		b.putRejected(t)
		b.put(300, monitor.StatusOK)
		elapse(3 * time.Second)
		if n := b.countStored(t); n != 300 || b.backlog.spool.SetAsideResults() != 1 || b.Queued() != 0 {
			t.Errorf("%d of 300 stored, %d set aside, %d queued", n, b.backlog.spool.SetAsideResults(), b.Queued())
		}
		if b.Dropped() != 0 || b.log.count("results set aside in the spool") != 1 {
			t.Errorf("%d dropped, log: %s", b.Dropped(), b.log.text.String())
		}
		if p := b.health.Problems.List(); len(p) != 1 || !strings.HasPrefix(p[0], "The store rejects 1 result ") {
			t.Errorf("problems are %q", p)
		}
		if n := len(inspect(b.store, func() map[string]store.OnDemandCheck { return b.store.onDemandChecks })); n != 0 {
			t.Errorf("%d on-demand checks are left", n)
		}
		b.finish()
		must(t, b.backlog.spool.Close())

		// The next runner takes it over and stores it once the store accepts it.
		s := b.store
		next := startSpoolingWriter(t, s, openSpool(t, root, "b"))
		next.AllowTakeOver()
		elapse(time.Second)
		if n := next.backlog.spool.SetAsideResults(); n != 1 || len(next.health.Problems.List()) != 1 {
			t.Errorf("%d set aside after a restart, problems are %q", n, next.health.Problems.List())
		}
		s.change(func() { s.reject = nil })
		elapse(asideRetryInterval)
		if n := next.countStored(t); n != 301 || next.backlog.spool.SetAsideResults() != 0 || len(next.health.Problems.List()) != 0 {
			t.Errorf("%d of 301 stored, %d set aside, problems are %q", n, next.backlog.spool.SetAsideResults(), next.health.Problems.List())
		}
	})
}

func TestRejectedResultIsDroppedWithoutSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startWriter(t)
		b.putRejected(t)
		b.put(300, monitor.StatusOK)
		elapse(3 * time.Second)
		if n := b.countStored(t); n != 300 || b.Dropped() != 1 || b.log.count("results dropped") != 1 {
			t.Errorf("%d of 300 stored, %d dropped, log: %s", n, b.Dropped(), b.log.text.String())
		}
	})
}

// TestNothingIsSetAsideWhileStoreRejectsInserts uses a store that can be read but accepts no new documents, as one
// whose disk is full.
func TestNothingIsSetAsideWhileStoreRejectsInserts(t *testing.T) {
	withAndWithoutSpool(t, func(t *testing.T, b *testWriter) {
		set := func(err error) {
			b.store.change(func() {
				b.store.noInserts, b.store.reject = err != nil, func(store.Batch) error { return err }
			})
		}
		set(errNoEngine)
		for n := range 100 {
			b.put(n, monitor.StatusOK)
			elapse(time.Minute)
		}
		set(nil)
		elapse(time.Minute)
		if n := b.countStored(t); n != 100 || b.Dropped() != 0 || b.log.count("ERROR") != 0 {
			t.Errorf("%d of 100 stored, log: %s", n, b.log.text.String())
		}
	})
}

// TestSlowBatchIsNotSetAside uses batches that always time out.
func TestSlowBatchIsNotSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startSpoolingWriter(t, newFakeStore(), openSpool(t, t.TempDir(), "a"))
		b.store.change(func() { b.store.reject = func(store.Batch) error { return context.DeadlineExceeded } })
		b.put(0, monitor.StatusOK)
		elapse(3 * rejectionTime)
		if b.Queued() != 1 || b.backlog.spool.HasSetAside() {
			t.Errorf("%d queued, set aside: %t", b.Queued(), b.backlog.spool.HasSetAside())
		}
	})
}
