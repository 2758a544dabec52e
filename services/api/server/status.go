package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// maxHeartbeatAge is the maximum age of a live runner's heartbeat.
const maxHeartbeatAge = 10 * time.Second

// runnerLister is the part of the store for heartbeats.
type runnerLister interface {
	Runners(ctx context.Context, since time.Time) ([]store.Runner, error)
}

// statusStore is the part of the store for the status.
type statusStore interface {
	runnerLister
	CountOpenIncidents(ctx context.Context) (int, error)
}

// liveRunners returns the runners with a recent heartbeat.
func liveRunners(ctx context.Context, s runnerLister) ([]store.Runner, error) {
	return s.Runners(ctx, time.Now().Add(-maxHeartbeatAge))
}

// statusHandler serves the state of the API, of its store and of the runners.
type statusHandler struct {
	config  Config
	store   statusStore
	health  *storeHealth
	log     *slog.Logger
	started time.Time
}

func newStatusHandler(config Config, s statusStore, health *storeHealth, log *slog.Logger) *statusHandler {
	return &statusHandler{config: config, store: s, health: health, log: log, started: time.Now()}
}

func (h *statusHandler) mount(to routes) {
	to.open.Get("/api", handle(h.live))
	to.open.Get("/api/", handle(h.live))
	to.open.Get("/api/health", handle(h.healthy))
	to.reading.Get("/api/status", handle(h.status))
}

func (h *statusHandler) live(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, map[string]string{"service": "nanomon-api"})
}

func (h *statusHandler) healthy(w http.ResponseWriter, r *http.Request) error {
	if err := h.health.check(r.Context()); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"healthy": true})
}

type statusResponse struct {
	Service   string         `json:"service"`
	Version   string         `json:"version"`
	BuildInfo string         `json:"buildInfo"`
	Uptime    string         `json:"uptime"`
	Healthy   bool           `json:"healthy"`
	Problem   string         `json:"problem,omitempty"`
	Store     string         `json:"store"`
	Runners   []statusRunner `json:"runners"`
	// OpenIncidents is nil if the store can't be read.
	OpenIncidents *int `json:"openIncidents,omitempty"`
}

type statusRunner struct {
	store.Runner
	// NotChecked is the number of monitors that the runner can't check now.
	NotChecked int `json:"notCheckedMonitors,omitempty"`
}

// status works while the store is unavailable too. It then reports healthy as false and what is wrong. It lists no
// runners, and no number of open incidents, if they can't be read.
func (h *statusHandler) status(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), store.ShortCall)
	defer cancel()
	healthError := h.health.check(r.Context())
	runners, err := liveRunners(ctx, h.store)
	if err != nil && healthError == nil {
		h.log.Warn("could not list the runners", "error", err)
	}
	listed := make([]statusRunner, 0, len(runners))
	for _, r := range runners {
		listed = append(listed, statusRunner{r, r.NotCheckedCount()})
	}
	var openIncidents *int
	if count, err := h.store.CountOpenIncidents(ctx); err == nil {
		openIncidents = &count
	}
	current := newHealthEvent(cmp.Or(healthError, err))
	return web.JSON(w, http.StatusOK, statusResponse{
		Service: "nanomon-api", Version: h.config.Version, BuildInfo: h.config.BuildInfo,
		Uptime:  time.Since(h.started).Round(time.Second).String(),
		Healthy: current.Healthy, Problem: current.Problem, Store: h.config.StoreName, Runners: listed,
		OpenIncidents: openIncidents,
	})
}
