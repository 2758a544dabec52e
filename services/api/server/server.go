// Package server implements the HTTP API below /api. Each resource has one file, with its routes at the top.
package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
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

// maxBody is the maximum size of a request body in bytes, except for imports.
const maxBody = 1 << 20

// Config configures a server.
type Config struct {
	Version, BuildInfo string
	// StoreName is the kind of store, as /api/status shows it.
	StoreName string
	Auth      config.Auth
	// Origins lists the origins of web pages that may use the API, besides its own. If it is empty and sign-in is off,
	// pages on other ports of the same host name may use it too.
	Origins []string
	// TrustedProxies are the proxies whose X-Forwarded-For is used to find the address of a client.
	TrustedProxies []netip.Prefix
	// Hosts restricts the host names of the API while sign-in is off; nil allows all.
	Hosts *web.Hosts
	// Metrics are the metrics of this server alone; nil creates new ones.
	Metrics *Metrics
}

// Store is the part of the store that the server uses; store.Store documents the methods.
type Store interface {
	statusStore
	monitorStore
	resultStore
	statsStore
	maintenanceStore
	onDemandStore
	notificationStore
	eventStore
	apiKeyStore
}

// Server serves the API. Create it with [New].
type Server struct {
	config    Config
	store     Store
	types     probe.Registry
	log       *slog.Logger
	started   time.Time
	events    *eventHub
	health    *storeHealth
	keys      *auth.APIKeys
	auth      *auth.Middleware
	rateLimit *rateLimiter
	streams   streamLimit
	// createKeyMu serializes the creation of API keys, so that this server does not exceed their maximum number.
	createKeyMu sync.Mutex
}

// New returns a server. Its event stream works while [Server.Run] runs.
func New(config Config, s Store, types probe.Registry, log *slog.Logger) *Server {
	if config.Metrics == nil {
		config.Metrics = NewMetrics()
	}
	keys := auth.NewAPIKeys(s, log)
	server := &Server{
		config: config, store: s, types: types, log: log, started: time.Now(),
		events: newEventHub(s, log), keys: keys,
		auth: auth.NewMiddleware(config.Auth, keys, log), rateLimit: newRateLimiter(time.Now),
	}
	server.health = newStoreHealth(s.Ping, log, server.sendHealth)
	config.Metrics.registerServer(server)
	return server
}

// Run feeds the event stream, checks the health of the store, keeps the sign-in provider's keys up to date, and stores
// the last use of API keys, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.events.run(ctx) })
	group.Go(func() error {
		s.health.run(ctx)
		return nil
	})
	group.Go(func() error {
		s.auth.Run(ctx)
		return nil
	})
	group.Go(func() error {
		s.keys.Run(ctx)
		return nil
	})
	return group.Wait()
}

// routes contains a router for each level of protection.
type routes struct {
	// open is for routes without secrets that a client needs before it signs in.
	open chi.Router
	// reading is for routes that change nothing and run nothing.
	reading chi.Router
	// protected is for all other routes.
	protected chi.Router
}

// Handler serves all routes of the API.
func (s *Server) Handler() http.Handler {
	r := chi.NewRouter()
	hosts, pages := s.config.Hosts, web.Pages{Origins: s.config.Origins}
	if s.auth.Enabled() {
		hosts = nil
	} else {
		pages.SameHost = len(pages.Origins) == 0
	}
	r.Use(s.config.Metrics.measure, web.LogRequests(s.log, "/api", "/api/", "/api/health", "/api/metrics"), web.SecurityHeaders,
		hosts.Check, pages.Allow, findAddress(s.config.TrustedProxies), redirectOldPaths, rejectUnknownRoutes(r), middleware.GetHead)
	to := routes{open: r, reading: r.With(s.auth.ProtectReads), protected: r.With(s.auth.ProtectWrites)}
	if s.auth.Enabled() {
		// Authentication comes first: the client is the signed-in identity, and rejected requests don't count.
		to.protected = to.protected.With(s.rateLimit.middleware)
	}
	s.bindStatus(to)
	s.bindSpecification(to)
	s.bindMonitors(to)
	s.bindImport(to)
	s.bindRules(to)
	s.bindResults(to)
	s.bindStats(to)
	s.bindMaintenance(to)
	s.bindOnDemandChecks(to)
	s.bindNotifications(to)
	s.bindTypes(to)
	s.bindEvents(to)
	s.bindAPIKeys(to)
	s.bindMetrics(to)
	return r
}

// rejectUnknownRoutes responds with 404 to an unknown path, and with 405 to a method that the path does not have.
func rejectUnknownRoutes(routes chi.Routes) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			allowed := allowedMethods(routes, cmp.Or(r.URL.RawPath, r.URL.Path))
			switch {
			case len(allowed) == 0:
				web.Error(w, r, web.Problemf(http.StatusNotFound, "no resource at %s", r.URL.Path))
			case slices.Contains(allowed, r.Method),
				r.Method == http.MethodHead && slices.Contains(allowed, http.MethodGet):
				next.ServeHTTP(w, r)
			default:
				list := strings.Join(allowed, ", ")
				w.Header().Set("Allow", list)
				web.Error(w, r, web.Problemf(http.StatusMethodNotAllowed,
					"method %s is not allowed here; use %s", r.Method, list))
			}
		})
	}
}

// allowedMethods returns the methods of a path. A literal route such as /api/monitors/check hides the pattern
// /api/monitors/{id}, which also matches the path.
func allowedMethods(routes chi.Routes, path string) []string {
	var exact, all []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		pattern := routes.Find(chi.NewRouteContext(), method, path)
		if pattern == path {
			exact = append(exact, method)
		}
		if pattern != "" {
			all = append(all, method)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return all
}

// handle converts a handler that returns an error before it has written anything to an http.HandlerFunc.
func (s *Server) handle(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// r.URL.Query would silently drop malformed parameters.
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			web.Error(w, r, monitor.Invalidf("the query of the URL is malformed: %v", err))
			return
		}
		if err := h(w, r); err != nil {
			web.Error(w, r, err)
		}
	}
}

// pathID returns the id in the path, in lower case.
func pathID(r *http.Request) (string, error) {
	id := chi.URLParam(r, "id")
	if !monitor.ValidID(id) {
		return "", monitor.Invalidf("invalid id %.50q: an id has 24 hexadecimal digits", id)
	}
	return strings.ToLower(id), nil
}

// unknownMonitor converts a not-found error to a problem that names the monitor.
func unknownMonitor(id string, err error) error {
	if errors.Is(err, monitor.ErrNotFound) {
		return web.Problemf(http.StatusNotFound, "there is no monitor with the id %s", id)
	}
	return err
}
