package server

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// keepAlive is the time between two comments on a stream.
	keepAlive = 15 * time.Second
	// streamTick is the time between two checks whether the client of a stream has left, and whether its key was revoked.
	streamTick     = auth.RecheckInterval / 2
	keepAliveTicks = int(keepAlive / streamTick)
)

// eventHandler serves the event stream.
type eventHandler struct {
	hub     *eventHub
	health  *storeHealth
	log     *slog.Logger
	streams *streamLimit
	// keepAlive is the comment on an idle stream.
	keepAlive *web.Frame
}

func newEventHandler(hub *eventHub, streams *streamLimit, health *storeHealth, log *slog.Logger) *eventHandler {
	return &eventHandler{hub, health, log, streams, web.NewFrame([]byte(": keep-alive\n\n"))}
}

func (h *eventHandler) mount(to routes) {
	to.uncompressed.Get("/api/events", handle(h.stream))
}

// stream sends all events after its first comment. It ends when the client disconnects or is too slow, its token
// expires, its API key is revoked, or the service stops. The handler returns when the stream has begun.
func (h *eventHandler) stream(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return nil
	}
	client := clientOf(r)
	if !h.streams.open(client) {
		return errTooManyStreams
	}
	id := auth.FromContext(r.Context())
	c, stream, err := h.begin(w, r)
	if err != nil {
		h.streams.close(client)
		return err
	}
	go func() {
		defer h.streams.close(client)
		defer h.hub.leave(c)
		defer stream.Close()
		h.send(stream, c, id)
	}()
	return nil
}

// begin adds a client to the hub and takes its connection over.
func (h *eventHandler) begin(w http.ResponseWriter, r *http.Request) (*eventClient, *web.Stream, error) {
	ctx, cancel := web.UntilStop(r)
	defer cancel()
	c, err := h.hub.join(ctx)
	if err != nil {
		return nil, nil, err
	}
	stream, err := web.TakeOver(w, r)
	if err != nil {
		h.hub.leave(c)
	}
	return c, stream, err
}

// send sends the frames of a client until the stream ends. It must not refer to the request, whose memory is freed.
func (h *eventHandler) send(to *web.Stream, c *eventClient, id auth.Identity) {
	ticker := time.NewTicker(streamTick)
	defer ticker.Stop()
	expired, stop := expiry(id)
	defer stop()
	frame, ticks := h.firstFrame(), 0
	for {
		if frame != nil && to.Send(frame) != nil {
			return
		}
		select {
		case <-c.dropped:
			return
		case <-expired:
			return
		case frame = <-c.frames:
		case <-ticker.C:
			if isRevoked(id) {
				return
			}
			frame = nil
			if ticks++; ticks%keepAliveTicks == 0 {
				frame = h.keepAlive
			} else if to.HasLeft() {
				return
			}
		}
	}
}

// expiry returns a channel that receives a value when the identity expires, and a function that stops it. The channel is
// nil if the identity does not expire.
func expiry(id auth.Identity) (expired <-chan time.Time, stop func()) {
	if id.Expires.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(id.Expires))
	return timer.C, func() { timer.Stop() }
}

// isRevoked reports whether the identity was revoked.
func isRevoked(id auth.Identity) bool {
	if id.Revoked == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), store.ShortCall)
	defer cancel()
	return id.Revoked(ctx)
}

// firstFrame returns the first frame of an event stream.
func (h *eventHandler) firstFrame() *web.Frame {
	frame := bytes.NewBufferString(": connected\n\n")
	if current := h.health.current.Load(); !current.Healthy {
		writeEvent(frame, h.log, "health", current)
	}
	if recent := h.hub.recentSummary(); recent != nil {
		writeEvent(frame, h.log, "summary", recent)
	}
	return web.NewFrame(frame.Bytes())
}
