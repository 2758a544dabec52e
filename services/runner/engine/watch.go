package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nanomon/services/common/store"
)

const (
	// rereadInterval is the maximum time between two signals of a watched topic, even if the store reports no change.
	rereadInterval = time.Minute
	// rewatchDelay is the pause before a watch that ended is started again.
	rewatchDelay = time.Second
)

// watch signals changed after every change of a topic, and at least every minute, until ctx ends. If the store cannot
// report changes, it signals once per pollInterval.
func (e *Engine) watch(ctx context.Context, topic store.Topic, pollInterval time.Duration, changed chan<- struct{}) {
	failures := e.newFailureLog("watch " + string(topic))
	logWatching := sync.OnceFunc(func() { e.log.Info("watching for changes", "topic", topic) })
	for {
		events, err := e.store.Watch(ctx, topic)
		if ctx.Err() != nil {
			return
		}
		signal(changed) // for changes before the watch started
		if errors.Is(err, store.ErrWatchUnsupported) {
			e.log.Info("polling for changes", "topic", topic, "interval", pollInterval, "reason", err)
			forward(ctx, nil, pollInterval, changed)
			return
		}
		failures.record(err)
		if err == nil {
			logWatching()
			forward(ctx, events, rereadInterval, changed)
		}
		pause(ctx, rewatchDelay)
	}
}

// forward signals changed after every event and once per interval, until events is closed or ctx ends.
func forward(ctx context.Context, events <-chan struct{}, interval time.Duration, changed chan<- struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case _, open := <-events:
			if !open {
				return
			}
		}
		signal(changed)
	}
}

// signal sends to c, a channel with a buffer of one, unless a signal is already pending.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits for d. It returns false if ctx ends before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// newBackoff returns the pauses between retries, which grow from 200 ms to at most 2 s.
func newBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 200 * time.Millisecond
	b.RandomizationFactor = 0.25
	b.MaxInterval = 1600 * time.Millisecond
	return b
}
