package server

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"nanomon/services/common/web"
)

// clientFrames is how many frames may wait for a client before it counts as too slow.
const clientFrames = 64

// hub hands the events of a [feed] to every client of the event stream. While nobody listens it reads nothing.
type hub struct {
	store eventStore
	log   *slog.Logger
	// wake holds a value when a client waits for the feed to start.
	wake chan struct{}

	mu      sync.Mutex
	clients map[*client]struct{}
	// endFeed ends the running feed; nil while there is none.
	endFeed context.CancelFunc
	stopped bool
}

// client is one reader of the event stream.
type client struct {
	// frames are whole events, with their secrets hidden where masks is set.
	frames chan []byte
	masks  bool
	// ready is closed when everything from then on is told to the client.
	ready chan struct{}
	// dropped is closed when the client is told nothing more.
	dropped chan struct{}
}

func newHub(s eventStore, log *slog.Logger) *hub {
	return &hub{store: s, log: log, wake: make(chan struct{}, 1), clients: make(map[*client]struct{})}
}

// run feeds the clients whenever there are any, until ctx ends; then it drops them all.
func (h *hub) run(ctx context.Context) error {
	defer h.stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.wake:
		}
		if err := h.feedClients(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("event stream could not start", "error", err)
			h.dropAll()
		}
	}
}

// feedClients returns when the last client has left or ctx ends.
func (h *hub) feedClients(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f, err := newFeed(ctx, h.store, h.log, h)
	if err != nil {
		return err
	}
	if h.begin(cancel) {
		f.run(ctx)
	}
	return nil
}

var errNoEvents = web.Problemf(http.StatusServiceUnavailable, "events are not available now; try again in a few seconds")

// join returns when the client will be told of everything that changes from then on.
func (h *hub) join(ctx context.Context) (*client, error) {
	c := &client{frames: make(chan []byte, clientFrames), masks: masks(ctx), ready: make(chan struct{}), dropped: make(chan struct{})}
	if !h.add(c) {
		return nil, errNoEvents
	}
	select {
	case <-c.ready:
		return c, nil
	case <-c.dropped:
		return nil, errNoEvents
	case <-ctx.Done():
		h.leave(c)
		return nil, errNoEvents
	}
}

func (h *hub) add(c *client) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return false
	}
	h.clients[c] = struct{}{}
	if h.endFeed != nil {
		close(c.ready)
		return true
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
	return true
}

// begin makes the waiting clients ready; false when they have all left.
func (h *hub) begin(endFeed context.CancelFunc) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) == 0 {
		return false
	}
	h.endFeed = endFeed
	for c := range h.clients {
		close(c.ready)
	}
	return true
}

// anyMasked reports whether secrets are hidden from one of the clients.
func (h *hub) anyMasked() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		if c.masks {
			return true
		}
	}
	return false
}

// count is how many clients there are.
func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.clients)
}

// broadcast drops the clients that are too slow, and those that came when it was too late to hide secrets from them: they come
// back and read afresh.
func (h *hub) broadcast(f frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		data := f.full
		if c.masks {
			data = f.masked
		}
		if data == nil {
			h.drop(c)
			continue
		}
		select {
		case c.frames <- data:
		default:
			h.drop(c)
		}
	}
}

func (h *hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, here := h.clients[c]; here {
		h.drop(c)
	}
}

func (h *hub) dropAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		h.drop(c)
	}
}

// drop needs h.mu to be held.
func (h *hub) drop(c *client) {
	delete(h.clients, c)
	close(c.dropped)
	if len(h.clients) == 0 && h.endFeed != nil {
		h.endFeed()
		h.endFeed = nil
	}
}

func (h *hub) stop() {
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
	h.dropAll()
}
