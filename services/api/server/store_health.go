package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// healthInterval is the time between two checks of the store's health.
const healthInterval = 2 * time.Second

// storeHealth checks the store regularly. It logs and reports each change.
type storeHealth struct {
	ping func(ctx context.Context) error
	log  *slog.Logger
	// changed receives each change.
	changed func(healthEvent)
	// current is the newest event. It never holds nil.
	current atomic.Pointer[healthEvent]

	mu sync.Mutex
	// since is the time since which the store does not work; zero while it works.
	since time.Time
}

// healthEvent is the data of a health event.
type healthEvent struct {
	Healthy bool `json:"healthy"`
	// Problem says what is wrong and what to do; empty while the store is healthy.
	Problem string `json:"problem,omitempty"`
}

func newStoreHealth(ping func(ctx context.Context) error, log *slog.Logger, changed func(healthEvent)) *storeHealth {
	h := &storeHealth{ping: ping, log: log, changed: changed}
	h.current.Store(&healthEvent{Healthy: true})
	return h
}

// run checks the store until ctx ends.
func (h *storeHealth) run(ctx context.Context) {
	ticker := time.NewTicker(healthInterval)
	defer ticker.Stop()
	for {
		_ = h.check(ctx) // record has logged the error.
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// check returns an error if the store does not work.
func (h *storeHealth) check(ctx context.Context) error {
	err := store.Do(ctx, store.ShortCall, h.ping)
	if ctx.Err() == nil {
		h.record(err)
	}
	return err
}

// record records the outcome of a check.
func (h *storeHealth) record(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := newHealthEvent(err)
	if next == *h.current.Load() {
		return
	}
	h.current.Store(&next)
	if err != nil {
		h.since = cmp.Or(h.since, time.Now())
		h.log.Warn("store unavailable", "error", err)
	} else {
		h.log.Info("store available again", "duration", time.Since(h.since).Round(time.Millisecond))
		h.since = time.Time{}
	}
	h.changed(next)
}

// newHealthEvent returns the event for an outcome of a check. It shows a client no address and no path.
func newHealthEvent(err error) healthEvent {
	var known *monitor.UnavailableError
	switch {
	case err == nil:
		return healthEvent{Healthy: true}
	case errors.As(err, &known):
		return healthEvent{Problem: known.Detail + "; " + known.Hint}
	case errors.Is(err, store.ErrUnknown):
		return healthEvent{Problem: "the database answers with an unknown error; see the log of the API"}
	}
	return healthEvent{Problem: "the database does not answer"}
}
