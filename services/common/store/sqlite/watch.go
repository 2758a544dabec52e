package sqlite

import (
	"context"
	"sync"

	"nanomon/services/common/store"
)

// hub tells watchers of changes.
type hub struct {
	mu       sync.Mutex
	watchers map[chan struct{}]store.Topic // nil when the store is closed
}

func newHub() *hub { return &hub{watchers: make(map[chan struct{}]store.Topic)} }

// tell tells those who watch the topics. A watcher that has not yet taken the last value gets no other.
func (h *hub) tell(topics []store.Topic) {
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
			select {
			case watcher <- struct{}{}:
			default:
			}
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

// close closes all channels; there can be no further watchers.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for watcher := range h.watchers {
		close(watcher)
	}
	h.watchers = nil
}

// Watch tells of changes of a topic: at least one value comes after each, and several may share one. The channel
// closes when ctx ends or the store is closed.
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
