package engine

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/store"
)

// racingStore calls a function once after push states have been read.
type racingStore struct {
	*memoryStore
	afterRead atomic.Pointer[func()]
}

func (s *racingStore) PushStates(ctx context.Context, ids []string) ([]store.PushState, error) {
	list, err := s.memoryStore.PushStates(ctx, ids)
	if f := s.afterRead.Swap(nil); f != nil && len(ids) > 0 {
		(*f)()
	}
	return list, err
}

// TestTakeOverWhileAPingIsWritten: the runner before writes what follows from a ping, and deletes the ping, after its
// successor has read the push state and before it reads the pings.
func TestTakeOverWhileAPingIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pushTest{t: t, monitor: newPushMonitor("every 1h")}
		p.store = newMemoryStore(p.monitor)
		p.receive("api")
		p.start("r1")
		p.until("00:10:00")
		p.ping(store.PingSuccess)
		p.until("01:14:00")
		before := p.pushState()
		p.ping(store.PingSuccess)
		p.until("01:14:05")
		p.engine.stop()
		after := p.pushState()
		if after.Sequence <= before.Sequence || len(p.store.pings) > 0 {
			t.Fatalf("the first runner has not handled the ping: %+v", after)
		}
		p.store.with("", func() { p.store.pushStates[p.monitor.ID] = before })
		racing := &racingStore{memoryStore: p.store}
		write := func() { p.store.with("", func() { p.store.pushStates[p.monitor.ID] = after }) }
		racing.afterRead.Store(&write)
		p.startWith("r2", racing)
		p.until("01:17:00")
		p.want("00:10:00 ok", "01:14:00 ok")
		p.wantNotChecked("")
		p.until("02:20:00")
		p.want("00:10:00 ok", "01:14:00 ok", "02:19:00 failed")
		p.engine.stop()
	})
}

// leavingStore counts the results that are stored when a runner leaves.
type leavingStore struct {
	*memoryStore
	results int
}

func (s *leavingStore) RemoveRunner(ctx context.Context, id string) error {
	s.mu.Lock()
	s.results = len(s.memoryStore.results)
	s.mu.Unlock()
	return s.memoryStore.RemoveRunner(ctx, id)
}

// TestResultsAreWrittenBeforeTheRunnerLeaves: the next runner reads the states at once.
func TestResultsAreWrittenBeforeTheRunnerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pushTest{t: t, monitor: newPushMonitor("every 1h")}
		p.store = newMemoryStore(p.monitor)
		s := &leavingStore{memoryStore: p.store}
		p.startWith("r1", s)
		p.until("00:10:00")
		p.ping(store.PingSuccess)
		for queued := false; !queued; queued = p.engine.scheduler.results.Queued() > 0 {
			elapse(time.Millisecond)
			if time.Since(onFirstDay(t, "00:10:00")) > 10*time.Second {
				t.Fatal("no result was queued")
			}
		}
		p.engine.stop()
		if s.results != 1 {
			t.Errorf("%d results were stored when the runner left, want 1", s.results)
		}
	})
}
