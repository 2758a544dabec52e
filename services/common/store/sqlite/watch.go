package sqlite

import (
	"context"
	"sync"

	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

// hub notifies watchers of changes.
type hub struct {
	mu       sync.Mutex
	watchers map[chan struct{}]store.Topic // nil once the store is closed
}

func newHub() *hub { return &hub{watchers: make(map[chan struct{}]store.Topic)} }

// notify sends a value to all watchers of the topics. It skips a watcher that has not received its previous value yet.
func (h *hub) notify(topics []store.Topic) {
	if len(topics) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for watcher, watched := range h.watchers {
		for _, topic := range topics {
			if topic != watched {
				continue
			}
			wake.Signal(watcher)
		}
	}
}

// remove closes a watcher's channel, if it is open.
func (h *hub) remove(watcher chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, open := h.watchers[watcher]; open {
		delete(h.watchers, watcher)
		close(watcher)
	}
}

// close closes all channels and rejects new watchers.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for watcher := range h.watchers {
		close(watcher)
	}
	h.watchers = nil
}

// Watch reports changes of a topic. The channel closes when ctx ends or the store is closed.
func (s *Store) Watch(ctx context.Context, t store.Topic) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, describe("watch "+string(t), err)
	}
	watcher := make(chan struct{}, 1)
	s.changes.mu.Lock()
	defer s.changes.mu.Unlock()
	if s.changes.watchers == nil {
		return nil, describe("watch "+string(t), errClosed)
	}
	s.changes.watchers[watcher] = t
	context.AfterFunc(ctx, func() { s.changes.remove(watcher) })
	return watcher, nil
}
