package store

import (
	"context"
	"errors"
	"time"

	"nanomon/services/common/wake"
)

// Watcher is the part of the store that [Follow] uses.
type Watcher interface {
	Watch(ctx context.Context, t Topic) (<-chan struct{}, error)
}

// Followed is a topic with the pauses of [Follow].
type Followed struct {
	Topic Topic
	// Poll is the time between two calls while the store can't report changes.
	Poll time.Duration
	// Rewatch is the pause before a watch that failed or ended is started again.
	Rewatch time.Duration
	// Delay is the time from a change to the call, so that frequent changes share a call.
	Delay time.Duration
	// Reread is the maximum time between two calls while the store is watched; 0 if there is no maximum.
	Reread time.Duration
	// Revision returns a text that changes with the topic and is cheap to read. While the store can't report changes, the
	// calls are left out for up to a minute as long as the text is the same. It may be nil.
	Revision func(ctx context.Context) (string, error)
	// Watched receives the outcome of every attempt to watch: nil, an error that wraps [ErrWatchUnsupported], or another
	// error. It may be nil.
	Watched func(err error)
}

// Follow calls changed at once and after every change of a topic, until changed returns true or ctx ends. Several
// changes may share a call. While the store can't report changes, Follow calls changed at regular intervals instead,
// and tries to watch again at growing intervals. It also calls changed after every attempt to watch, because it may
// have missed changes before.
func Follow(ctx context.Context, w Watcher, f Followed, changed func() (done bool)) {
	retry := NewRewatchBackoff()
	for done := false; !done; {
		changes, err := w.Watch(ctx, f.Topic)
		if ctx.Err() != nil {
			return
		}
		if f.Watched != nil {
			f.Watched(err)
		}
		switch {
		case err == nil:
			retry.Reset()
			done = f.watch(ctx, changes, changed) || !wake.Pause(ctx, f.Rewatch)
		case errors.Is(err, ErrWatchUnsupported):
			done = f.poll(ctx, retry.NextBackOff(), changed)
		default:
			done = changed() || !wake.Pause(ctx, f.Rewatch)
		}
	}
}

// watch calls changed at once and after every change. It returns false when changes is closed, and true when Follow
// must end.
func (f Followed) watch(ctx context.Context, changes <-chan struct{}, changed func() bool) (done bool) {
	for !changed() {
		var reread <-chan time.Time
		if f.Reread > 0 {
			reread = time.After(f.Reread)
		}
		select {
		case <-ctx.Done():
			return true
		case <-reread:
		case _, open := <-changes:
			if !open {
				return false
			}
			if !wake.Pause(ctx, f.Delay) {
				return true
			}
		}
	}
	return true
}

// maxWithoutCall is the maximum time between two calls while the revision is the same: a program that ended between a change
// and the change of the revision has left the revision as it was.
const maxWithoutCall = time.Minute

// poll calls changed at once and at regular intervals, unless the revision is the same. It returns false after the
// duration, and true when Follow must end.
func (f Followed) poll(ctx context.Context, duration time.Duration, changed func() bool) (done bool) {
	var last string
	var called time.Time
	for end := time.Now().Add(duration); !done && time.Now().Before(end); {
		// This is read first: if something changes afterwards, the next revision differs.
		revision := f.revision(ctx)
		if revision == "" || revision != last || time.Since(called) >= maxWithoutCall {
			last, called = revision, time.Now()
			done = changed()
		}
		done = done || !wake.Pause(ctx, f.Poll)
	}
	return done
}

// revision returns the current revision; empty if it is not known.
func (f Followed) revision(ctx context.Context) string {
	if f.Revision == nil {
		return ""
	}
	revision, err := Call(ctx, ShortCall, f.Revision)
	if err != nil {
		return "" // The call that follows has the same error.
	}
	return revision
}
