package server

import (
	"context"
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

func (s *Server) bindEvents(to routes) {
	to.reading.Get("/api/events", s.handle(s.streamEvents))
}

// streamEvents sends all events after its first comment. It ends when the client disconnects or is too slow, its token
// expires, its API key is revoked, or the service stops.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return nil
	}
	client := clientOf(r)
	if !s.streams.open(client) {
		return errTooManyStreams
	}
	defer s.streams.close(client)
	ctx, cancel := web.UntilStop(r)
	defer cancel()
	id := auth.FromContext(ctx)
	if !id.Expires.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, id.Expires)
		defer cancel()
	}
	c, err := s.events.join(ctx)
	if err != nil {
		return err
	}
	defer s.events.leave(c)
	s.sendEvents(ctx, w, c, id)
	return nil
}

// sendEvents sends the frames of a client until the stream ends.
func (s *Server) sendEvents(ctx context.Context, w http.ResponseWriter, c *eventClient, id auth.Identity) {
	keepAliveTicker := time.NewTicker(keepAlive)
	defer keepAliveTicker.Stop()
	recheckTicker := time.NewTicker(auth.RecheckInterval)
	defer recheckTicker.Stop()
	for eventFrame := s.firstFrame(); len(eventFrame) == 0 || sendFrame(w, eventFrame); {
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

// sendFrame reports whether the client received the frame.
func sendFrame(w http.ResponseWriter, eventFrame []byte) bool {
	web.ExtendDeadlines(w, writeTimeout)
	if _, err := w.Write(eventFrame); err != nil {
		return false
	}
	return http.NewResponseController(w).Flush() == nil
}
