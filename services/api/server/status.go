package server

import (
	"context"
	"net/http"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// runnerAlive is how old the heartbeat of a live runner may be.
	runnerAlive = 10 * time.Second
	// pingTime is how long the store may take to show that it is there.
	pingTime = 3 * time.Second
)

type statusStore interface {
	Ping(ctx context.Context) error
	Runners(ctx context.Context, since time.Time) ([]store.Runner, error)
}

func (s *Server) bindStatus(to routes) {
	to.open.Get("/api", s.handle(s.live))
	to.open.Get("/api/", s.handle(s.live))
	to.open.Get("/api/health", s.handle(s.health))
	to.reading.Get("/api/status", s.handle(s.status))
}

func (s *Server) live(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, map[string]string{"service": "nanomon-api"})
}

func (s *Server) health(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), pingTime)
	defer cancel()
	if err := s.store.Ping(ctx); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"healthy": true})
}

type statusAnswer struct {
	Service   string         `json:"service"`
	Version   string         `json:"version"`
	BuildInfo string         `json:"buildInfo"`
	Uptime    string         `json:"uptime"`
	Healthy   bool           `json:"healthy"`
	Store     string         `json:"store"`
	Runners   []store.Runner `json:"runners"`
}

// status answers while the store is away too: then it is not healthy and knows no runners.
func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), pingTime)
	defer cancel()
	runners, err := s.store.Runners(ctx, time.Now().Add(-runnerAlive))
	if err != nil {
		s.log.Warn("runners are not known", "error", err)
	}
	return web.JSON(w, http.StatusOK, statusAnswer{
		Service: "nanomon-api", Version: s.config.Version, BuildInfo: s.config.BuildInfo,
		Uptime:  time.Since(s.started).Round(time.Second).String(),
		Healthy: err == nil, Store: s.config.StoreName, Runners: notNil(runners),
	})
}

// notNil makes an empty list of a nil one, so that it is [] in JSON.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
