package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// monitorStore is the part of the store for monitors and their states.
type monitorStore interface {
	monitorLister
	monitorGetter
	runnerLister
	windowLister
	stateGetter
	CreateMonitor(ctx context.Context, m monitor.Monitor) error
	ReplaceMonitor(ctx context.Context, m monitor.Monitor) error
	DeleteMonitor(ctx context.Context, id string) error
	DeleteMonitors(ctx context.Context) error
	States(ctx context.Context) ([]store.State, error)
}

// monitorLister is the part of the store that returns all monitors.
type monitorLister interface {
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
}

// monitorGetter is the part of the store that returns a monitor.
type monitorGetter interface {
	Monitor(ctx context.Context, id string) (monitor.Monitor, error)
}

// stateGetter is the part of the store that returns the state of a monitor.
type stateGetter interface {
	State(ctx context.Context, monitorID string) (store.State, error)
}

// monitorHandler serves the monitors, with their current states if requested.
type monitorHandler struct {
	store monitorStore
	types probe.Registry
	log   *slog.Logger
}

func newMonitorHandler(s monitorStore, types probe.Registry, log *slog.Logger) *monitorHandler {
	return &monitorHandler{store: s, types: types, log: log}
}

func (h *monitorHandler) mount(to routes) {
	to.reading.Get("/api/monitors", handle(h.list))
	to.protected.Post("/api/monitors", handle(h.create))
	to.protected.Delete("/api/monitors", handle(h.deleteAll))
	to.reading.Get("/api/monitors/{id}", handle(h.get))
	to.protected.Put("/api/monitors/{id}", handle(h.replace))
	to.protected.Delete("/api/monitors/{id}", handle(h.delete))
}

// listedMonitor is a monitor with the members that ?include= adds.
type listedMonitor struct {
	monitor.Monitor
	// Latest holds a *monitor.Result and Since a *time.Time. They are nil pointers if there is no result, and nil if
	// they were not requested.
	Latest  any           `json:"latest,omitempty"`
	Since   any           `json:"since,omitempty"`
	History []store.Point `json:"history,omitzero"`
	// NotChecked is nil unless a runner can't check the monitor. It is requested together with Latest.
	NotChecked *notChecked `json:"notChecked,omitempty"`
	// InMaintenance reports whether a maintenance window of the monitor is active, also before the next result. It is
	// requested together with Latest.
	InMaintenance bool `json:"inMaintenance,omitempty"`
}

func (h *monitorHandler) list(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	include, err := parseInclude(query)
	if err != nil {
		return err
	}
	monitors, err := h.store.Monitors(r.Context())
	if err != nil {
		return err
	}
	states := make(map[string]*store.State)
	if include != (includeOptions{}) {
		all, err := h.store.States(r.Context())
		if err != nil {
			return err
		}
		for i := range all {
			states[all[i].MonitorID] = &all[i]
		}
	}
	now, err := h.situation(r.Context(), include)
	if err != nil {
		return err
	}
	listed := make([]listedMonitor, 0, len(monitors))
	for _, m := range monitors {
		if !query.Has("group") || m.Group == query.Get("group") {
			listed = append(listed, include.apply(r.Context(), h.types.Secrets(), m, states[m.ID], now))
		}
	}
	return web.JSON(w, http.StatusOK, listed)
}

func (h *monitorHandler) get(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	include, err := parseInclude(r.URL.Query())
	if err != nil {
		return err
	}
	m, err := h.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	var state *store.State
	if include != (includeOptions{}) {
		if state, err = currentState(r.Context(), h.store, id); err != nil {
			return err
		}
	}
	now, err := h.situation(r.Context(), include)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, include.apply(r.Context(), h.types.Secrets(), m, state, now))
}

// currentState returns the current state of a monitor, nil if it has no result.
func currentState(ctx context.Context, s stateGetter, id string) (*store.State, error) {
	switch state, err := s.State(ctx, id); {
	case err == nil:
		return &state, nil
	case errors.Is(err, monitor.ErrNotFound):
		return nil, nil
	default:
		return nil, err
	}
}

// includeOptions selects the members of a monitor's state that a response contains.
type includeOptions struct{ latest, history bool }

// parseInclude parses ?include=, which may be repeated or contain a list.
func parseInclude(query url.Values) (includeOptions, error) {
	var include includeOptions
	for _, names := range query["include"] {
		for name := range strings.SplitSeq(names, ",") {
			switch name {
			case "latest":
				include.latest = true
			case "history":
				include.history = true
			default:
				return includeOptions{}, monitor.Invalidf("include must be latest or history, not %.50q", name)
			}
		}
	}
	return include, nil
}

// apply returns the monitor with the selected members of its state, which may be nil. Secrets are masked if the sender of
// the request of ctx must not see them.
func (o includeOptions) apply(
	ctx context.Context, secrets secret.Properties, m monitor.Monitor, state *store.State,
	now situation,
) listedMonitor {
	var (
		latest  *monitor.Result
		since   *time.Time
		history []store.Point
	)
	if state != nil {
		latest, since, history = &state.Latest, &state.Since, state.History
	}
	item := listedMonitor{Monitor: m}
	if o.latest {
		item.Latest, item.Since = latest, since
	}
	if o.history {
		item.History = notNil(history)
	}
	if n, exists := now.notChecked[m.ID]; exists && m.Enabled && !n.endedBy(state) {
		item.NotChecked = &n
	}
	item.InMaintenance = m.Enabled && now.inMaintenance.Includes(m.ID, m.Group)
	if mustMask(ctx) {
		return item.masked(secrets)
	}
	return item
}

func (h *monitorHandler) create(w http.ResponseWriter, r *http.Request) error {
	now := time.Now()
	m, err := readMonitor(w, r)
	if err != nil {
		return err
	}
	m.ID = monitor.NewID(now)
	m, ignored := h.types.Canonical(m)
	if m, err = restoreAndValidate(r.Context(), h.store, h.types, m, ""); err != nil {
		return err
	}
	m.Updated = monitor.Date(now)
	if err := h.store.CreateMonitor(r.Context(), m); err != nil {
		return err
	}
	logIgnored(h.log, m, ignored)
	return web.JSON(w, http.StatusOK, m)
}

func (h *monitorHandler) replace(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m, err := readMonitor(w, r)
	if err != nil {
		return err
	}
	m.ID = id
	m, ignored := h.types.Canonical(m)
	if m, err = restoreAndValidate(r.Context(), h.store, h.types, m, id); err != nil {
		return err
	}
	m.Updated = monitor.Date(time.Now())
	if err := h.store.ReplaceMonitor(r.Context(), m); err != nil {
		return unknownMonitor(id, err)
	}
	logIgnored(h.log, m, ignored)
	return web.JSON(w, http.StatusOK, m)
}

func (h *monitorHandler) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := h.store.DeleteMonitor(r.Context(), id); err != nil {
		return unknownMonitor(id, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *monitorHandler) deleteAll(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.DeleteMonitors(r.Context()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readMonitor reads the monitor in the body. It is not validated yet.
func readMonitor(w http.ResponseWriter, r *http.Request) (monitor.Monitor, error) {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return monitor.Monitor{}, err
	}
	return decodeMonitor(data)
}

// logIgnored logs the names of properties that were not stored because the type of m does not have them.
func logIgnored(log *slog.Logger, m monitor.Monitor, ignored []string) {
	if len(ignored) > 0 {
		log.Warn("ignored properties that the type of the monitor does not have",
			"monitor_id", m.ID, "type", m.Type, "properties", ignored)
	}
}

// unknownMonitor converts a not-found error to a problem that names the monitor.
func unknownMonitor(id string, err error) error {
	if errors.Is(err, monitor.ErrNotFound) {
		return web.Problemf(http.StatusNotFound, "there is no monitor with the id %s", id)
	}
	return err
}
