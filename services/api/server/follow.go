package server

import (
	"context"
	"errors"
	"time"

	"nanomon/services/common/store"
)

// watcher is the part of the store that reports changes.
type watcher interface {
	Watch(ctx context.Context, t store.Topic) (<-chan struct{}, error)
}

// follow calls onChange at once and then after every change of the topic, at most ten times per poll interval. While
// the store can't be watched, follow calls it once per poll interval and tries to watch again at growing intervals. It
// returns when onChange returns true or ctx ends.
func follow(ctx context.Context, w watcher, topic store.Topic, poll time.Duration, onChange func() (done bool)) {
	var changed <-chan struct{}
	var retryAt time.Time
	retry := store.NewRewatchBackoff()
	for ctx.Err() == nil {
		if changed == nil && !time.Now().Before(retryAt) {
			var err error
			changed, err = w.Watch(ctx, topic)
			if errors.Is(err, store.ErrWatchUnsupported) {
				retryAt = time.Now().Add(retry.NextBackOff())
			}
		}
		if onChange() {
			return
		}
		var due <-chan time.Time
		if changed == nil {
			due = time.After(poll)
		}
		select {
		case <-ctx.Done():
		case _, open := <-changed:
			if !open {
				changed = nil
			}
			sleep(ctx, poll/10)
		case <-due:
		}
	}
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
