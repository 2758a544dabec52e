package server

import (
	"context"
	"net/http"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/web"
)

const (
	// keepAlive is how often a quiet stream shows that it is alive.
	keepAlive = 15 * time.Second
	// stalled is how long a client may take to accept what is written to it.
	stalled = 30 * time.Second
)

func (s *Server) bindEvents(to routes) {
	to.reading.Get("/api/events", s.handle(s.streamEvents))
}

// streamEvents sends what happens from the first comment on until the client leaves, is too slow, its token ends, its key is
// revoked or the service stops.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return nil
	}
	ctx, cancel := web.UntilStop(r)
	defer cancel()
	id := auth.From(ctx)
	if !id.Until.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, id.Until)
		defer cancel()
	}
	c, err := s.events.join(ctx)
	if err != nil {
		return err
	}
	defer s.events.leave(c)

	quiet := time.NewTicker(keepAlive)
	defer quiet.Stop()
	doubt := time.NewTicker(auth.KeyPause)
	defer doubt.Stop()
	for frame := []byte(": connected\n\n"); len(frame) == 0 || sendFrame(w, frame); {
		select {
		case <-ctx.Done():
			return nil
		case <-c.dropped:
			return nil
		case <-doubt.C:
			if id.Revoked != nil && id.Revoked(ctx) {
				return nil
			}
			frame = nil
		case frame = <-c.frames:
		case <-quiet.C:
			frame = []byte(": keep-alive\n\n")
		}
	}
	return nil
}

// sendFrame reports whether the client took it.
func sendFrame(w http.ResponseWriter, frame []byte) bool {
	web.ExtendDeadlines(w, stalled)
	if _, err := w.Write(frame); err != nil {
		return false
	}
	return http.NewResponseController(w).Flush() == nil
}
