// Package server implements the HTTP API below /api. Each resource has a file with a handler type, whose method mount
// lists its routes. [Server] creates and mounts the handlers.
package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/sync/errgroup"

	"nanomon/services/api/auth"
	pages "nanomon/services/api/statuspage"
	"nanomon/services/api/statuspage/public"
	"nanomon/services/api/summary"
	"nanomon/services/common/clock"
	"nanomon/services/common/config"
	"nanomon/services/common/probe"
	"nanomon/services/common/ratelimit"
	"nanomon/services/common/web"
)

// maxBody is the maximum size of a request body in bytes, except for imports.
const maxBody = 1 << 20

// Config configures a server.
type Config struct {
	Version, BuildInfo string
	// StoreName is the kind of store, as /api/status shows it.
	StoreName string
	// Process is the name of this process among all that use the store. A process that starts in its place has the same.
	Process string
	Auth    config.Auth
	// Origins lists the origins of web pages that may use the API, besides its own. If it is empty and sign-in is off,
	// pages on other ports of the same host name may use it too.
	Origins []string
	// TrustedProxies are the proxies whose X-Forwarded-For is used to find the address of a client.
	TrustedProxies []netip.Prefix
	// Hosts restricts the host names of the API while sign-in is off; nil allows all.
	Hosts *web.Hosts
	// Metrics are the metrics of this server alone; nil creates new ones.
	Metrics *Metrics
	// Clock returns the time for the dates of pings. The server corrects it; nil means the system clock.
	Clock clock.Source
}

// Store is the part of the store that the resources use; store.Store documents the methods.
type Store interface {
	Ping(ctx context.Context) error
	statusStore
	monitorStore
	summary.Store
	importStore
	bulkStore
	resultStore
	statsStore
	outputStore
	reportStore
	maintenanceStore
	statusPageStore
	statusMessageStore
	pages.Store
	onDemandStore
	notificationStore
	eventStore
	apiKeyStore
	incidentStore
	silenceStore
	pingStore
	pingURLStore
	receiverStore
}

// Server serves the API: it creates the resources, protects their routes, and runs what they do in the background.
// Create it with [New].
type Server struct {
	config    Config
	log       *slog.Logger
	events    *eventHub
	streams   *streamLimit
	lists     *listCache
	summaries *summary.Keeper
	health    *storeHealth
	keys      *auth.APIKeys
	auth      *auth.Middleware
	rateLimit *ratelimit.Limiter
	pings     *pingReceiver
	pages     *pages.Keeper
	public    *public.Handler
	resources []resource
}

// New returns a server. Its event stream works while [Server.Run] runs.
func New(config Config, s Store, types probe.Registry, log *slog.Logger) *Server {
	if config.Metrics == nil {
		config.Metrics = NewMetrics()
	}
	keys, hub := auth.NewAPIKeys(s, log), newEventHub(s, types.Secrets(), log)
	server := &Server{
		config: config, log: log, events: hub, streams: new(streamLimit), lists: newListCache(),
		health:    newStoreHealth(s.Ping, log, hub.sendHealth),
		summaries: summary.NewKeeper(s, log, hub.sendSummary, hub.hasClients),
		keys:      keys, auth: auth.NewMiddleware(config.Auth, keys, log),
		rateLimit: ratelimit.New(time.Now, writeRate, writeBurst),
		pings:     newPingReceiver(s, config.Process, types, log),
		pages:     pages.NewKeeper(s, log, time.Now),
	}
	server.public = public.New(server.pages, clientOf, time.Now)
	server.pings.clock = cmp.Or[clock.Source](config.Clock, clock.System{})
	server.resources = []resource{
		newStatusHandler(config, s, server.health, log),
		newSpecificationHandler(),
		newMonitorHandler(s, server.lists, server.summaries, types, log),
		newImportHandler(s, types, log),
		newBulkHandler(s, types),
		newRuleHandler(s, types),
		newScheduleHandler(time.Now),
		newResultHandler(s, types.Secrets()),
		newStatsHandler(s),
		newOutputHandler(s, types),
		newDayHandler(s),
		newReportHandler(s),
		newMaintenanceHandler(s),
		newStatusPageHandler(config, s),
		newStatusMessageHandler(s),
		newPreviewHandler(server.pages),
		newOnDemandHandler(s, types, log),
		newNotificationHandler(s, types.Secrets(), log),
		newIncidentHandler(s, types.Secrets()),
		newSilenceHandler(s),
		newPingHandler(s, types, server.pings),
		newPingURLHandler(s, types),
		newTypeHandler(types),
		newEventHandler(hub, server.streams, server.health, log),
		newAPIKeyHandler(s, keys, server.auth.Enabled()),
		newMetricsHandler(config.Metrics, log),
		statusPages{server.public},
	}
	config.Metrics.registerServer(server)
	return server
}

// Run feeds the event stream, checks the health of the store, keeps the sign-in provider's keys up to date, stores the
// last use of API keys, drops encoded lists that are not requested any more, computes the summaries of the monitors,
// stores when pings could be received, and keeps the status pages current, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer s.streams.stop()
		return s.events.run(ctx)
	})
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
	group.Go(func() error {
		s.lists.run(ctx)
		return nil
	})
	group.Go(func() error {
		s.summaries.Run(ctx)
		return nil
	})
	group.Go(func() error {
		s.pings.run(ctx)
		return nil
	})
	group.Go(func() error {
		s.pages.Run(ctx)
		return nil
	})
	return group.Wait()
}

// Close stores that this process receives no pings any more. Call it after [Server.Run], when no request is handled.
func (s *Server) Close(ctx context.Context) { s.pings.stop(ctx) }

// ServesPage reports whether a request is for a status page, and not for the page of NanoMon: by its path, or by its host
// name.
func (s *Server) ServesPage(r *http.Request) bool { return s.public.Serves(r) }

// Handler serves all routes of the API, and the status pages.
func (s *Server) Handler() http.Handler {
	r := chi.NewRouter()
	hosts, pages := s.config.Hosts, web.Pages{Origins: s.config.Origins}
	if s.auth.Enabled() {
		hosts = nil
	} else {
		pages.SameHost = len(pages.Origins) == 0
	}
	r.Use(web.HidePingURLs, s.config.Metrics.measure, web.LogRequests(s.log, "/api", "/api/", "/api/health", "/api/metrics"),
		web.SecurityHeaders, s.public.Restrict, exceptOpen(hosts.Check), exceptOpen(pages.Allow), findAddress(s.config.TrustedProxies),
		redirectOldPaths, rejectUnknownRoutes(r), answerHead(r))
	compressed := r.With(web.Compress)
	to := routes{
		open: r, reading: compressed.With(s.auth.ProtectReads), uncompressed: r.With(s.auth.ProtectReads),
		private: compressed.With(s.auth.ProtectPrivate), protected: compressed.With(s.auth.ProtectWrites),
	}
	if s.auth.Enabled() {
		// Authentication comes first: the client is the signed-in identity, and rejected requests don't count.
		to.protected = to.protected.With(limitWrites(s.rateLimit))
	}
	for _, resource := range s.resources {
		resource.mount(to)
	}
	return r
}
