// Package server is the HTTP interface below /api: one file per resource, its routes bound at the top.
package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"golang.org/x/sync/errgroup"

	"nanomon/services/api/auth"
	"nanomon/services/common/config"
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
	// Auth says who may do what.
	Auth config.Auth
	// Origins are those of the web pages that may use the API; none: any while sign-in is off, and none while it is on.
	Origins []string
	// Metrics may be nil, which makes new ones. No two servers can share them.
	Metrics *Metrics
}

// Store is what the server needs of a store; see store.Store for what each method promises.
type Store interface {
	statusStore
	monitorStore
	resultStore
	statsStore
	maintenanceStore
	checkStore
	notificationStore
	eventStore
	keyStore
}

// Server is the API. Make one with [New].
type Server struct {
	config  Config
	store   Store
	types   probe.Registry
	log     *slog.Logger
	started time.Time
	events  *hub
	keys    *auth.StoredKeys
	gate    *auth.Gate
	limit   *limit
	// making is held by whoever makes an API key, so that there are never too many.
	making sync.Mutex
}

// New makes a server. Its event stream works while [Server.Run] runs.
func New(config Config, s Store, types probe.Registry, log *slog.Logger) *Server {
	if config.Metrics == nil {
		config.Metrics = NewMetrics()
	}
	keys := auth.NewStoredKeys(s, log)
	server := &Server{
		config: config, store: s, types: types, log: log, started: time.Now(),
		events: newHub(s, log), keys: keys, gate: auth.NewGate(config.Auth, keys, log), limit: newLimit(time.Now),
	}
	config.Metrics.describe(server)
	return server
}

// Run feeds the event stream, keeps the sign-in provider's keys fresh, and writes when API keys were used, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.events.run(ctx) })
	group.Go(func() error {
		s.gate.Run(ctx)
		return nil
	})
	group.Go(func() error {
		s.keys.Run(ctx)
		return nil
	})
	return group.Wait()
}

// routes are the three groups to which a route can be bound.
type routes struct {
	// open is for what everyone may know, and is needed before a sign-in.
	open chi.Router
	// reading is for what changes nothing and runs nothing.
	reading chi.Router
	// protected is for all the rest.
	protected chi.Router
}

// Handler answers everything below /api.
func (s *Server) Handler() http.Handler {
	r := chi.NewRouter()
	r.Use(s.config.Metrics.measure, web.LogRequests(s.log, "/api", "/api/", "/api/health", "/api/metrics"), web.SecurityHeaders, web.AllowOrigins(s.origins()...),
		redirectOldPaths, onlyRoutes(r), middleware.GetHead)
	to := routes{open: r, reading: r.With(s.gate.Reading), protected: r.With(s.gate.Protected)}
	if s.gate.On() {
		// The gate comes first: who isn't let in takes nothing from the room of those behind the same proxy.
		to.protected = to.protected.With(s.limit.allow)
	}
	s.bindStatus(to)
	s.bindSpecification(to)
	s.bindMonitors(to)
	s.bindImport(to)
	s.bindRules(to)
	s.bindResults(to)
	s.bindStats(to)
	s.bindMaintenance(to)
	s.bindChecks(to)
	s.bindNotifications(to)
	s.bindTypes(to)
	s.bindEvents(to)
	s.bindKeys(to)
	s.bindMetrics(to)
	return r
}

// origins are those of the pages that may use the API.
func (s *Server) origins() []string {
	if len(s.config.Origins) == 0 && !s.gate.On() {
		return []string{web.AnyOrigin}
	}
	return s.config.Origins
}

// onlyRoutes tells an unknown path from a known one that is used with the wrong method.
func onlyRoutes(routes chi.Routes) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			possible := methodsOf(routes, cmp.Or(r.URL.RawPath, r.URL.Path))
			switch {
			case len(possible) == 0:
				web.Error(w, r, web.Problemf(http.StatusNotFound, "there is nothing at %s", r.URL.Path))
			case slices.Contains(possible, r.Method), r.Method == http.MethodHead && slices.Contains(possible, http.MethodGet):
				next.ServeHTTP(w, r)
			default:
				allowed := strings.Join(possible, ", ")
				w.Header().Set("Allow", allowed)
				web.Error(w, r, web.Problemf(http.StatusMethodNotAllowed, "%s is not possible here, only %s", r.Method, allowed))
			}
		})
	}
}

// methodsOf are those that a path can be used with. One that is a route itself, such as /api/monitors/check, has no others,
// though it looks like a monitor's.
func methodsOf(routes chi.Routes, path string) []string {
	var itself, all []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		pattern := routes.Find(chi.NewRouteContext(), method, path)
		if pattern == path {
			itself = append(itself, method)
		}
		if pattern != "" {
			all = append(all, method)
		}
	}
	if len(itself) > 0 {
		return itself
	}
	return all
}

// handle makes an http.HandlerFunc of a handler that returns its error before it has written anything.
func (s *Server) handle(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
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
