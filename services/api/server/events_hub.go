package server

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/secret"
	"nanomon/services/common/wake"
	"nanomon/services/common/web"
)

// maxClientFrames is the number of frames that are buffered for a client. A client that falls behind further is
// dropped.
const maxClientFrames = 64

// recently is the time for which a summary event is sent to new clients too. The first request for the list starts the
// computation, which may end before the client has connected to the event stream.
const recently = time.Minute

// eventHub sends the frames of an [eventFeed] to every client of the event stream. Without clients, there is no feed
// and it does not read from the store.
type eventHub struct {
	store   eventStore
	secrets secret.Properties
	log     *slog.Logger
	// summarized is the content of the last summary event; nil if there was none.
	summarized atomic.Pointer[summaryEvent]
	// wake holds a value when a client waits for a feed to start.
	wake chan struct{}

	mu      sync.Mutex
	clients map[*eventClient]struct{}
	// endFeed stops the running feed; nil if there is none.
	endFeed context.CancelFunc
	stopped bool
}

// eventClient is a reader of the event stream.
type eventClient struct {
	// frames receives complete events, with masked secrets if masked is set. Clients share them.
	frames chan *web.Frame
	masked bool
	// ready is closed when the feed runs: the client receives all later changes.
	ready chan struct{}
	// dropped is closed when the client receives no more frames.
	dropped chan struct{}
}

func newEventHub(s eventStore, secrets secret.Properties, log *slog.Logger) *eventHub {
	return &eventHub{
		store: s, secrets: secrets, log: log,
		wake: wake.New(), clients: make(map[*eventClient]struct{}),
	}
}

// run feeds the clients until ctx ends; then it drops all of them.
func (h *eventHub) run(ctx context.Context) error {
	defer h.stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.wake:
		}
		if err := h.feedClients(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("could not start the event stream", "error", err)
			h.dropAll()
		}
	}
}

// feedClients runs a feed until the last client leaves or ctx ends.
func (h *eventHub) feedClients(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f, err := newEventFeed(ctx, h.store, h.secrets, h.log, h)
	if err != nil {
		return err
	}
	if h.begin(cancel) {
		f.run(ctx)
	}
	return nil
}

var errEventsUnavailable = web.Problemf(http.StatusServiceUnavailable,
	"the event stream is unavailable; try again in a few seconds")

// join adds a client and waits for its feed: the client receives all changes after the call.
func (h *eventHub) join(ctx context.Context) (*eventClient, error) {
	c := &eventClient{
		frames: make(chan *web.Frame, maxClientFrames), masked: mustMask(ctx),
		ready: make(chan struct{}), dropped: make(chan struct{}),
	}
	if !h.add(c) {
		return nil, errEventsUnavailable
	}
	select {
	case <-c.ready:
		return c, nil
	case <-c.dropped:
		return nil, errEventsUnavailable
	case <-ctx.Done():
		h.leave(c)
		return nil, errEventsUnavailable
	}
}

func (h *eventHub) add(c *eventClient) bool {
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
	wake.Signal(h.wake)
	return true
}

// begin marks all waiting clients as ready. It returns false if there is none left.
func (h *eventHub) begin(endFeed context.CancelFunc) bool {
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

// needsMasked reports whether one of the clients must not see secrets.
func (h *eventHub) needsMasked() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		if c.masked {
			return true
		}
	}
	return false
}

// count returns the number of clients.
func (h *eventHub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.clients)
}

// hasClients reports whether there is a client.
func (h *eventHub) hasClients() bool { return h.count() > 0 }

// sendHealth sends an event to all clients.
func (h *eventHub) sendHealth(e healthEvent) { h.send("health", e) }

// summaryEvent is the data of a summary event. Clients read the summaries from the list of monitors.
type summaryEvent struct {
	// Date is the time of the computation.
	Date time.Time `json:"date"`
}

// sendSummary tells all clients that the summaries of monitors have changed.
func (h *eventHub) sendSummary(at time.Time) {
	h.summarized.Store(&summaryEvent{at})
	h.send("summary", summaryEvent{at})
}

// recentSummary returns the last summary event if a new client may have read the list before it; nil otherwise.
func (h *eventHub) recentSummary() *summaryEvent {
	last := h.summarized.Load()
	if last == nil || time.Since(last.Date) > recently {
		return nil
	}
	return last
}

// send sends one event to all clients.
func (h *eventHub) send(name string, content any) {
	var frame bytes.Buffer
	writeEvent(&frame, h.log, name, content)
	h.broadcast(eventFrame{frame.Bytes(), frame.Bytes()})
}

// broadcast sends a frame to every client. It drops clients that are too slow, and clients that need the masked form of
// a frame but joined after it was encoded. Dropped clients reconnect and read the current state.
func (h *eventHub) broadcast(f eventFrame) {
	full, masked := web.NewFrame(f.full), web.NewFrame(f.masked)
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		frame := full
		if c.masked {
			frame = masked
		}
		if frame == nil {
			h.drop(c)
			continue
		}
		select {
		case c.frames <- frame:
		default:
			h.drop(c)
		}
	}
}

func (h *eventHub) leave(c *eventClient) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, joined := h.clients[c]; joined {
		h.drop(c)
	}
}

func (h *eventHub) dropAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		h.drop(c)
	}
}

// drop removes a client. The caller must hold h.mu.
func (h *eventHub) drop(c *eventClient) {
	delete(h.clients, c)
	close(c.dropped)
	if len(h.clients) == 0 && h.endFeed != nil {
		h.endFeed()
		h.endFeed = nil
	}
}

func (h *eventHub) stop() {
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
	h.dropAll()
}
