package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

type monitorStore interface {
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	Monitor(ctx context.Context, id string) (monitor.Monitor, error)
	CreateMonitor(ctx context.Context, m monitor.Monitor) error
	ReplaceMonitor(ctx context.Context, m monitor.Monitor) error
	DeleteMonitor(ctx context.Context, id string) error
	DeleteMonitors(ctx context.Context) error
	ImportMonitors(ctx context.Context, ms []monitor.Monitor) error
	States(ctx context.Context) ([]store.State, error)
}

func (s *Server) bindMonitors(r chi.Router) {
	r.Get("/api/monitors", s.handle(s.listMonitors))
	r.Post("/api/monitors", s.handle(s.createMonitor))
	r.Delete("/api/monitors", s.handle(s.deleteMonitors))
	r.Get("/api/monitors/{id}", s.handle(s.getMonitor))
	r.Put("/api/monitors/{id}", s.handle(s.replaceMonitor))
	r.Delete("/api/monitors/{id}", s.handle(s.deleteMonitor))
}

// listedMonitor is a monitor with what ?include= adds.
type listedMonitor struct {
	monitor.Monitor
	// Latest holds a *monitor.Result, which may be nil; it is left out when not asked for.
	Latest  any           `json:"latest,omitempty"`
	History []store.Point `json:"history,omitzero"`
}

func (s *Server) listMonitors(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	latest, history, err := includes(query)
	if err != nil {
		return err
	}
	monitors, err := s.store.Monitors(r.Context())
	if err != nil {
		return err
	}
	states := make(map[string]store.State)
	if latest || history {
		all, err := s.store.States(r.Context())
		if err != nil {
			return err
		}
		for _, state := range all {
			states[state.MonitorID] = state
		}
	}
	listed := make([]listedMonitor, 0, len(monitors))
	for _, m := range monitors {
		if query.Has("group") && m.Group != query.Get("group") {
			continue
		}
		item, state := listedMonitor{Monitor: m}, states[m.ID]
		if latest {
			item.Latest = latestOf(state)
		}
		if history {
			item.History = notNil(state.History)
		}
		listed = append(listed, item)
	}
	return web.JSON(w, http.StatusOK, listed)
}

// includes reads ?include=, which may be repeated or hold several names.
func includes(query url.Values) (latest, history bool, err error) {
	for _, name := range strings.Split(strings.Join(query["include"], ","), ",") {
		switch name {
		case "latest":
			latest = true
		case "history":
			history = true
		case "":
		default:
			return false, false, monitor.Invalidf("include must be latest or history, not %.50q", name)
		}
	}
	return latest, history, nil
}

// latestOf is the result of a state, nil for the state of a monitor that has none.
func latestOf(state store.State) *monitor.Result {
	if state.MonitorID == "" {
		return nil
	}
	return &state.Latest
}

func (s *Server) createMonitor(w http.ResponseWriter, r *http.Request) error {
	m, err := s.readMonitor(w, r)
	if err != nil {
		return err
	}
	now := time.Now()
	m.ID, m.Updated = monitor.NewID(now), monitor.Date(now)
	if err := s.store.CreateMonitor(r.Context(), m); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, m)
}

func (s *Server) getMonitor(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m, err := s.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	return web.JSON(w, http.StatusOK, m)
}

func (s *Server) replaceMonitor(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m, err := s.readMonitor(w, r)
	if err != nil {
		return err
	}
	m.ID, m.Updated = id, monitor.Date(time.Now())
	if err := s.store.ReplaceMonitor(r.Context(), m); err != nil {
		return unknownMonitor(id, err)
	}
	return web.JSON(w, http.StatusOK, m)
}

func (s *Server) deleteMonitor(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.store.DeleteMonitor(r.Context(), id); err != nil {
		return unknownMonitor(id, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) deleteMonitors(w http.ResponseWriter, r *http.Request) error {
	if err := s.store.DeleteMonitors(r.Context()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readMonitor is the monitor in the body, found valid.
func (s *Server) readMonitor(w http.ResponseWriter, r *http.Request) (monitor.Monitor, error) {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return monitor.Monitor{}, err
	}
	m, err := decodeMonitor(data)
	if err != nil {
		return monitor.Monitor{}, err
	}
	return m, check.Validate(s.types, m)
}
