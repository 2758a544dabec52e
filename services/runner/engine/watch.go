package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nanomon/services/common/store"
)

const (
	// lookAnyway is the time after which a watched topic is read although nothing was told.
	lookAnyway = time.Minute
	// rewatchAfter is the pause before a watch that ended is begun again.
	rewatchAfter = time.Second
)

// watch pokes changed after every change of a topic until ctx ends: when the store tells of one, and in any case
// every minute; where the store can't tell, at every poll.
func (e *Engine) watch(ctx context.Context, topic store.Topic, poll time.Duration, changed chan<- struct{}) {
	watching := e.outage("watch the " + string(topic))
	sayTold := sync.OnceFunc(func() { e.log.Info("told of changes by the store", "topic", topic) })
	for {
		told, err := e.store.Watch(ctx, topic)
		if ctx.Err() != nil {
			return
		}
		poke(changed) // what changed before there was a watch
		if errors.Is(err, store.ErrWatchUnsupported) {
			e.log.Info("polling", "topic", topic, "interval", poll, "reason", err)
			follow(ctx, nil, poll, changed)
			return
		}
		watching.note(err)
		if err == nil {
			sayTold()
			follow(ctx, told, lookAnyway, changed)
		}
		pause(ctx, rewatchAfter)
	}
}

// follow pokes changed for every value of told and every look, until told is closed or ctx ends.
func follow(ctx context.Context, told <-chan struct{}, look time.Duration, changed chan<- struct{}) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case _, open := <-told:
			if !open {
				return
			}
		}
		poke(changed)
	}
}

// poke makes c, which has room for one, not empty.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits for d and reports whether ctx still goes on then.
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

// newBackoff gives the pauses between attempts: they grow to at most 2 s.
func newBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 200 * time.Millisecond
	b.RandomizationFactor = 0.25
	b.MaxInterval = 1600 * time.Millisecond
	return b
}

// outage logs when an operation on the store begins to fail and when it works again: once each. It
// belongs to one goroutine.
type outage struct {
	operation string
	since     time.Time
	stats     *stats
	log       *slog.Logger
}

func (e *Engine) outage(operation string) *outage {
	return &outage{operation: operation, stats: &e.stats, log: e.log}
}

// note takes in how the operation went.
func (o *outage) note(err error) {
	switch {
	case err != nil:
		o.stats.storeErrors.Add(1)
		if o.since.IsZero() {
			o.since = time.Now()
			o.log.Warn("store lost: trying again until it is back", "operation", o.operation, "error", err)
		}
	case !o.since.IsZero():
		o.log.Info("store back", "operation", o.operation, "after", time.Since(o.since).Round(time.Millisecond))
		o.since = time.Time{}
	}
}
