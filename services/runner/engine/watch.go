package engine

import (
	"context"
	"errors"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

const (
	// rereadInterval is the maximum time between two signals of a watched topic, even if the store reports no change.
	rereadInterval = time.Minute
	// rewatchDelay is the pause before a watch that ended is started again.
	rewatchDelay = time.Second
	// pollingMode is the log message when polling begins.
	pollingMode = "polling for changes"
)

// watch signals changed after every change of a topic, and at least every minute, until ctx ends. While the store
// cannot report changes, it signals once per pollInterval and tries to watch again at growing intervals.
func (e *Engine) watch(ctx context.Context, topic store.Topic, pollInterval time.Duration, changed chan<- struct{}) {
	watching := e.health.Operation("watch " + string(topic))
	retry := store.NewRewatchBackoff()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	mode := ""
	enter := func(next string, args ...any) {
		if mode != next {
			e.log.Info(next, append([]any{"topic", topic}, args...)...)
		}
		mode = next
	}
	for {
		events, err := e.store.Watch(ctx, topic)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, store.ErrWatchUnsupported) {
			if mode != pollingMode {
				wake.Signal(changed)
			}
			enter(pollingMode, "interval", pollInterval, "reason", err)
			polling, stop := context.WithTimeout(ctx, retry.NextBackOff())
			forward(polling, nil, poll.C, changed)
			stop()
			continue
		}
		wake.Signal(changed) // for changes before the watch started
		watching.Record(err)
		if err == nil {
			enter("watching for changes")
			retry.Reset()
			reread := time.NewTicker(rereadInterval)
			forward(ctx, events, reread.C, changed)
			reread.Stop()
		}
		wake.Pause(ctx, rewatchDelay)
	}
}

// forward signals changed after every event and every tick, until events is closed or ctx ends.
func forward(ctx context.Context, events <-chan struct{}, ticks <-chan time.Time, changed chan<- struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		case _, open := <-events:
			if !open {
				return
			}
		}
		wake.Signal(changed)
	}
}
