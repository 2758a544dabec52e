package server

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/store"
)

// rejectingWatcher rejects the first watches and then accepts them.
type rejectingWatcher struct {
	rejections int64
	changes    chan struct{}
	calls      atomic.Int64
}

func (w *rejectingWatcher) Watch(context.Context, store.Topic) (<-chan struct{}, error) {
	if w.calls.Add(1) <= w.rejections {
		return nil, store.ErrWatchUnsupported
	}
	return w.changes, nil
}

// TestFollowWatchesAgain checks that follow polls while the store rejects watches, and watches once it accepts them.
func TestFollowWatchesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &rejectingWatcher{rejections: 3, changes: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var reads atomic.Int64
		go follow(ctx, w, store.TopicMonitors, 2*time.Second, func() bool { reads.Add(1); return false })
		elapse := func(d time.Duration) int64 {
			before := reads.Load()
			<-time.After(d)
			synctest.Wait()
			return reads.Load() - before
		}
		if n := elapse(time.Second); n != 1 || w.calls.Load() != 1 {
			t.Errorf("%d reads and %d watches in the first second, want 1 and 1", n, w.calls.Load())
		}
		if n := elapse(20 * time.Second); n != 10 || w.calls.Load() > 3 {
			t.Errorf("%d reads and %d watches in 20 s of polling, want 10 and at most 3", n, w.calls.Load())
		}
		elapse(2 * time.Minute)
		if w.calls.Load() != 4 {
			t.Fatalf("%d watches, want 4", w.calls.Load())
		}
		if n := elapse(time.Hour); n != 0 {
			t.Errorf("%d reads without a change", n)
		}
		w.changes <- struct{}{}
		if n := elapse(time.Second); n != 1 {
			t.Errorf("%d reads after a change", n)
		}
	})
}
