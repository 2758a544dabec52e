package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"nanomon/services/api/summary"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// monitorStore is the part of the store for monitors and their states.
type monitorStore interface {
	monitorLister
	monitorGetter
	runnerLister
	windowLister
	silenceLister
	stateGetter
	CreateMonitor(ctx context.Context, m monitor.Monitor) error
	ReplaceMonitor(ctx context.Context, m monitor.Monitor) error
	ReplaceMonitorIf(ctx context.Context, m, old monitor.Monitor) error
	DeleteMonitor(ctx context.Context, id string) error
	DeleteMonitorIf(ctx context.Context, old monitor.Monitor) error
	DeleteMonitors(ctx context.Context) error
	States(ctx context.Context) ([]store.State, error)
	ResultsCleared(ctx context.Context) (time.Time, error)
	Revision(ctx context.Context, states bool) (string, error)
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
	store     monitorStore
	lists     *listCache
	summaries *summary.Keeper
	types     probe.Registry
	log       *slog.Logger
}

func newMonitorHandler(
	s monitorStore, lists *listCache, summaries *summary.Keeper, types probe.Registry, log *slog.Logger,
) *monitorHandler {
	return &monitorHandler{store: s, lists: lists, summaries: summaries, types: types, log: log}
}

func (h *monitorHandler) mount(to routes) {
	to.uncompressed.Get("/api/monitors", handle(h.list))
	to.protected.Post("/api/monitors", handle(h.create))
	to.protected.Delete("/api/monitors", handle(h.deleteAll))
	to.reading.Get("/api/monitors/{id}", handle(h.get))
	to.protected.Put("/api/monitors/{id}", handle(h.replace))
	to.protected.Delete("/api/monitors/{id}", handle(h.delete))
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
	if !include.needsState() {
		return h.sendDefinition(w, r, m)
	}
	state, err := currentState(r.Context(), h.store, id)
	if err != nil {
		return err
	}
	now, err := h.situation(r.Context(), include)
	if err == nil {
		err = h.checkSummaries(r.Context(), &now, m)
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, include.apply(h.types.Secrets(), m, state, now, mustMask(r.Context())))
}

// sendStored responds with a monitor that was just stored.
func (h *monitorHandler) sendStored(w http.ResponseWriter, r *http.Request, m monitor.Monitor) error {
	m, tag, err := h.visible(r.Context(), m)
	if err != nil {
		return err
	}
	web.SetEntityTag(w, tag)
	return web.JSON(w, http.StatusOK, m)
}

// sendDefinition responds with a monitor without its state, or with 304 if the client has it.
func (h *monitorHandler) sendDefinition(w http.ResponseWriter, r *http.Request, m monitor.Monitor) error {
	m, tag, err := h.visible(r.Context(), m)
	if err != nil {
		return err
	}
	web.SetEntityTag(w, tag)
	if web.NotModified(w, r, tag) {
		return nil
	}
	return web.JSON(w, http.StatusOK, m)
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
	return h.sendStored(w, r, m)
}

func (h *monitorHandler) replace(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	expected, err := h.expected(w, r, id)
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
	if m, err = h.replaceStored(r.Context(), m, expected); err != nil {
		return h.notWritten(w, r, id, err)
	}
	logIgnored(h.log, m, ignored)
	return h.sendStored(w, r, m)
}

// maxReplacements is how often a replacement is tried while others change the monitor.
const maxReplacements = 20

// replaceStored replaces the stored monitor, which must equal expected unless that is nil. If the client has sent no labels, as
// clients of earlier versions do, the stored ones stay, also if someone else changes them at the same time.
func (h *monitorHandler) replaceStored(
	ctx context.Context, m monitor.Monitor, expected *monitor.Monitor,
) (monitor.Monitor, error) {
	if expected == nil && m.Labels != nil {
		return m, h.store.ReplaceMonitor(ctx, m)
	}
	for attempt := 1; ; attempt++ {
		stored := expected
		if stored == nil {
			current, err := h.store.Monitor(ctx, m.ID)
			if err != nil {
				return m, err
			}
			stored = &current
		}
		replaced := m
		if replaced.Labels == nil {
			replaced.Labels = stored.Labels
		}
		err := h.store.ReplaceMonitorIf(ctx, replaced, *stored)
		if expected != nil || attempt == maxReplacements || !errors.Is(err, monitor.ErrChanged) {
			return replaced, err
		}
	}
}

func (h *monitorHandler) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	expected, err := h.expected(w, r, id)
	if err != nil {
		return err
	}
	if expected == nil {
		err = h.store.DeleteMonitor(r.Context(), id)
	} else {
		err = h.store.DeleteMonitorIf(r.Context(), *expected)
	}
	if err != nil {
		return h.notWritten(w, r, id, err)
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
