package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/store"
)

// scriptedWatcher answers the first watches with errors and accepts the later ones.
type scriptedWatcher struct {
	errs    []error
	changes atomic.Pointer[chan struct{}]
	calls   atomic.Int64
}

func (w *scriptedWatcher) Watch(context.Context, store.Topic) (<-chan struct{}, error) {
	if n := int(w.calls.Add(1)); n <= len(w.errs) {
		return nil, w.errs[n-1]
	}
	changes := make(chan struct{})
	w.changes.Store(&changes)
	return changes, nil
}

// following is a running [store.Follow] in a synctest bubble.
type following struct {
	*scriptedWatcher
	reads atomic.Int64
	ended chan struct{}
	// seenReads and seenCalls are the counts at the end of the last call of want.
	seenReads, seenCalls int64
}

// follow runs store.Follow until the test ends or it has read often enough.
func follow(t *testing.T, f store.Followed, reads int64, errs ...error) *following {
	t.Helper()
	running := &following{scriptedWatcher: &scriptedWatcher{errs: errs}, ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(running.ended)
		store.Follow(ctx, running, f, func() bool { return running.reads.Add(1) == reads })
	}()
	t.Cleanup(func() { cancel(); <-running.ended })
	return running
}

// elapse waits for d and returns the numbers of reads and of attempts to watch since the last call.
func (f *following) elapse(d time.Duration) (reads, watches int64) {
	<-time.After(d)
	synctest.Wait()
	reads, watches = f.reads.Load()-f.seenReads, f.calls.Load()-f.seenCalls
	f.seenReads, f.seenCalls = f.reads.Load(), f.calls.Load()
	return reads, watches
}

// want checks the numbers that elapse returns.
func (f *following) want(t *testing.T, d time.Duration, reads, watches int64) {
	t.Helper()
	if r, w := f.elapse(d); r != reads || w != watches {
		t.Errorf("%d reads and %d attempts to watch in %s, want %d and %d", r, w, d, reads, watches)
	}
}

// change reports a change and waits until it is received.
func (f *following) change() { *f.changes.Load() <- struct{}{} }

const forever = -1

var errUnsupported = fmt.Errorf("%w: no replica set", store.ErrWatchUnsupported)

// TestFollowWatchesAgain checks that Follow polls while the store rejects watches, and watches once it accepts them.
func TestFollowWatchesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, store.Followed{Poll: 2 * time.Second, Rewatch: time.Second}, forever,
			errUnsupported, errUnsupported, errUnsupported)
		f.want(t, time.Second, 1, 1)
		if r, w := f.elapse(20 * time.Second); r != 10 || w > 2 {
			t.Errorf("%d reads and %d attempts to watch in 20 s of polling, want 10 and at most 2", r, w)
		}
		f.elapse(2 * time.Minute)
		if n := f.calls.Load(); n != 4 {
			t.Fatalf("%d attempts to watch, want 4", n)
		}
		f.want(t, time.Hour, 0, 0)
		f.change()
		f.want(t, time.Second, 1, 0)
	})
}

// TestFollowLeavesOutCalls checks that Follow polls the revision, and calls only if it changes, if it can't be read, or
// once a minute.
func TestFollowLeavesOutCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var revision atomic.Value
		revision.Store("1")
		followed := store.Followed{Poll: time.Second, Rewatch: time.Second, Revision: func(context.Context) (string, error) {
			if revision.Load() == "" {
				return "2", errors.New("no connection")
			}
			return revision.Load().(string), nil
		}}
		var errs []error
		for range 100 {
			errs = append(errs, errUnsupported)
		}
		f := follow(t, followed, forever, errs...)
		<-time.After(6 * time.Minute) // The next attempt to watch is more than a minute away.
		f.elapse(500 * time.Millisecond)
		revision.Store("2")
		f.want(t, 2*time.Second, 1, 0)
		f.want(t, 50*time.Second, 0, 0)
		f.want(t, 10*time.Second, 1, 0)
		revision.Store("")
		f.want(t, 3*time.Second, 3, 0)
		revision.Store("2")
		f.want(t, 3*time.Second, 1, 0)
	})
}

func TestFollowRereads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, store.Followed{Reread: time.Minute}, forever)
		f.want(t, time.Second, 1, 1)
		f.want(t, 10*time.Minute, 10, 0)
		f.change()
		f.change()
		f.want(t, 0, 2, 0)
		f.want(t, 59*time.Second, 0, 0)
		f.want(t, time.Second, 1, 0)
	})
}

func TestFollowJoinsChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, store.Followed{Delay: time.Second}, forever)
		f.want(t, time.Second, 1, 1)
		f.change()
		f.want(t, 900*time.Millisecond, 0, 0)
		f.want(t, 100*time.Millisecond, 1, 0)
	})
}

// TestFollowReportsAttempts checks what happens after a failed attempt and after a watch that ended.
func TestFollowReportsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var outcomes []error
		followed := store.Followed{
			Poll: time.Hour, Rewatch: time.Second, Watched: func(err error) { outcomes = append(outcomes, err) },
		}
		errBroken := errors.New("no connection")
		f := follow(t, followed, forever, errBroken, errBroken)
		f.want(t, 900*time.Millisecond, 1, 1)
		f.want(t, time.Second, 1, 1)
		f.want(t, time.Hour, 1, 1)
		close(*f.changes.Load())
		f.want(t, 900*time.Millisecond, 0, 0)
		f.want(t, 100*time.Millisecond, 1, 1)
		want := []error{errBroken, errBroken, nil, nil}
		if fmt.Sprint(outcomes) != fmt.Sprint(want) {
			t.Errorf("outcomes are %v, want %v", outcomes, want)
		}
	})
}

func TestFollowEnds(t *testing.T) {
	for name, errs := range map[string][]error{
		"watching": nil, "polling": {errUnsupported}, "failing": {errors.New("no connection")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := follow(t, store.Followed{Poll: time.Second, Rewatch: time.Second, Reread: time.Second}, 2, errs...)
				<-f.ended
				if n := f.reads.Load(); n != 2 {
					t.Errorf("%d reads, want 2", n)
				}
			})
		})
	}
}
