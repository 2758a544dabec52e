package engine

import (
	"sync"
	"time"
)

// storeHealth remembers which of the essential store operations fail: writing results, and heartbeats with a check of
// the store. A failure of one does not end when another succeeds: on a full disk, a small write may succeed. It is safe
// for concurrent use.
type storeHealth struct {
	changed func(since time.Time, err error)

	mu      sync.Mutex
	failing map[string]storeFailure
}

type storeFailure struct {
	since time.Time
	err   error
}

func newStoreHealth(changed func(since time.Time, err error)) *storeHealth {
	return &storeHealth{changed: changed, failing: make(map[string]storeFailure)}
}

// record records the outcome of an operation. An invalid document is no failure of the store.
func (h *storeHealth) record(operation string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, failed := h.failing[operation]
	switch {
	case err == nil && !failed, err != nil && isInvalid(err):
		return
	case err == nil:
		delete(h.failing, operation)
	case !failed:
		f.since = time.Now()
		fallthrough
	default:
		f.err = err
		h.failing[operation] = f
	}
	h.changed(h.longest())
}

// longest returns the failure that lasts longest; zero if there is none. The caller holds mu.
func (h *storeHealth) longest() (since time.Time, err error) {
	for _, f := range h.failing {
		if err == nil || f.since.Before(since) {
			since, err = f.since, f.err
		}
	}
	return since, err
}

// healthy reports whether no essential operation fails.
func (h *storeHealth) healthy() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.failing) == 0
}
