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
	mode := ""
	enter := func(next string, args ...any) {
		if mode != next {
			e.log.Info(next, append([]any{"topic", topic}, args...)...)
		}
		mode = next
	}
	store.Follow(ctx, e.store, store.Followed{
		Topic: topic, Poll: pollInterval, Rewatch: rewatchDelay, Reread: rereadInterval,
		Watched: func(err error) {
			if errors.Is(err, store.ErrWatchUnsupported) {
				enter(pollingMode, "interval", pollInterval, "reason", err)
				return
			}
			watching.Record(err)
			if err == nil {
				enter("watching for changes")
			}
		},
	}, func() bool {
		wake.Signal(changed)
		return false
	})
}
