// Package server is the HTTP interface below /api: one file per resource, its routes bound at the top.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/web"
)

// maxBody is how many bytes a request may hold, but for an import.
const maxBody = 1 << 20

// Config is what the server says of itself.
type Config struct {
	Version, BuildInfo string
	// StoreName is the kind of store, for people.
	StoreName string
}

// Store is what the server needs of a store; see store.Store for what each method promises.
type Store interface {
	statusStore
	monitorStore
	resultStore
	statsStore
	maintenanceStore
	checkStore
	alertStore
	eventStore
}

// Server is the API. Make one with [New].
type Server struct {
	config  Config
	store   Store
	types   probe.Registry
	log     *slog.Logger
	started time.Time
	events  *hub
}

// New makes a server. Its event stream works while [Server.Run] runs.
func New(config Config, s Store, types probe.Registry, log *slog.Logger) *Server {
	return &Server{
		config: config, store: s, types: types, log: log, started: time.Now(),
		events: newHub(s, log),
	}
}

// Run feeds the event stream until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	return s.events.run(ctx)
}

// Handler answers everything below /api.
func (s *Server) Handler() http.Handler {
	r := chi.NewRouter()
	r.Use(web.Observe(s.log, "/api", "/api/", "/api/health"), web.AllowAnyOrigin, middleware.GetHead)
	noRoute := s.handle(func(w http.ResponseWriter, req *http.Request) error { return explainNoRoute(r, w, req) })
	r.NotFound(noRoute)
	r.MethodNotAllowed(noRoute)
	s.bindStatus(r)
	s.bindMonitors(r)
	s.bindImport(r)
	s.bindRules(r)
	s.bindResults(r)
	s.bindStats(r)
	s.bindMaintenance(r)
	s.bindChecks(r)
	s.bindAlerts(r)
	s.bindTypes(r)
	s.bindEvents(r)
	return r
}

// explainNoRoute tells an unknown path from a known one that is used with the wrong method.
func explainNoRoute(routes chi.Routes, w http.ResponseWriter, r *http.Request) error {
	var possible []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if routes.Match(chi.NewRouteContext(), method, r.URL.Path) {
			possible = append(possible, method)
		}
	}
	if len(possible) == 0 {
		return web.Problemf(http.StatusNotFound, "there is nothing at %s", r.URL.Path)
	}
	allowed := strings.Join(possible, ", ")
	w.Header().Set("Allow", allowed)
	return web.Problemf(http.StatusMethodNotAllowed, "%s is not possible here, only %s", r.Method, allowed)
}

// handle makes an http.HandlerFunc of a handler that returns its error before it has written anything.
func (s *Server) handle(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		// What can't be parsed would be left out of r.URL.Query without a word.
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			web.Error(w, r, monitor.Invalidf("the query of the URL is malformed: %v", err))
			return
		}
		if err := h(w, r); err != nil {
			web.Error(w, r, err)
		}
	}
}

// pathID is the id in the path, in lower case.
func pathID(r *http.Request) (string, error) {
	id := chi.URLParam(r, "id")
	if !monitor.ValidID(id) {
		return "", monitor.Invalidf("invalid id %.50q: an id has 24 hexadecimal digits", id)
	}
	return strings.ToLower(id), nil
}

// unknownMonitor says which monitor was not found, if that is what err means.
func unknownMonitor(id string, err error) error {
	if errors.Is(err, monitor.ErrNotFound) {
		return web.Problemf(http.StatusNotFound, "there is no monitor with the id %s", id)
	}
	return err
}
