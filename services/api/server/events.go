package server

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/web"
)

const (
	// keepAlive is the time between two comments on an idle stream.
	keepAlive = 15 * time.Second
	// writeTimeout limits one write to a client.
	writeTimeout = 30 * time.Second
)

// eventHandler serves the event stream.
type eventHandler struct {
	hub     *eventHub
	health  *storeHealth
	log     *slog.Logger
	streams streamLimit
}

func newEventHandler(hub *eventHub, health *storeHealth, log *slog.Logger) *eventHandler {
	return &eventHandler{hub: hub, health: health, log: log}
}

func (h *eventHandler) mount(to routes) {
	to.uncompressed.Get("/api/events", handle(h.stream))
}

// stream sends all events after its first comment. It ends when the client disconnects or is too slow, its token
// expires, its API key is revoked, or the service stops.
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
	defer h.streams.close(client)
	ctx, cancel := web.UntilStop(r)
	defer cancel()
	id := auth.FromContext(ctx)
	if !id.Expires.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, id.Expires)
		defer cancel()
	}
	c, err := h.hub.join(ctx)
	if err != nil {
		return err
	}
	defer h.hub.leave(c)
	h.send(ctx, w, c, id)
	return nil
}

// send sends the frames of a client until the stream ends.
func (h *eventHandler) send(ctx context.Context, w http.ResponseWriter, c *eventClient, id auth.Identity) {
	keepAliveTicker := time.NewTicker(keepAlive)
	defer keepAliveTicker.Stop()
	recheckTicker := time.NewTicker(auth.RecheckInterval)
	defer recheckTicker.Stop()
	for eventFrame := h.firstFrame(); len(eventFrame) == 0 || sendFrame(w, eventFrame); {
		select {
		case <-ctx.Done():
			return
		case <-c.dropped:
			return
		case <-recheckTicker.C:
			if id.Revoked != nil && id.Revoked(ctx) {
				return
			}
			eventFrame = nil
		case eventFrame = <-c.frames:
		case <-keepAliveTicker.C:
			eventFrame = []byte(": keep-alive\n\n")
		}
	}
}

// firstFrame returns the first frame of an event stream.
func (h *eventHandler) firstFrame() []byte {
	frame := bytes.NewBufferString(": connected\n\n")
	if current := h.health.current.Load(); !current.Healthy {
		writeEvent(frame, h.log, "health", current)
	}
	return frame.Bytes()
}

// sendFrame reports whether the client received the frame.
func sendFrame(w http.ResponseWriter, eventFrame []byte) bool {
	web.ExtendDeadlines(w, writeTimeout)
	if _, err := w.Write(eventFrame); err != nil {
		return false
	}
	return http.NewResponseController(w).Flush() == nil
}
