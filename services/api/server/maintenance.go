package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/web"
)

type maintenanceStore interface {
	MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error)
	MaintenanceWindow(ctx context.Context, id string) (maintenance.Window, error)
	CreateMaintenanceWindow(ctx context.Context, w maintenance.Window) error
	ReplaceMaintenanceWindow(ctx context.Context, w maintenance.Window) error
	DeleteMaintenanceWindow(ctx context.Context, id string) error
}

func (s *Server) bindMaintenance(to routes) {
	to.reading.Get("/api/maintenance", s.handle(s.listWindows))
	to.protected.Post("/api/maintenance", s.handle(s.createWindow))
	to.reading.Get("/api/maintenance/{id}", s.handle(s.getWindow))
	to.protected.Put("/api/maintenance/{id}", s.handle(s.replaceWindow))
	to.protected.Delete("/api/maintenance/{id}", s.handle(s.deleteWindow))
}

// windowAnswer is a window with what follows from the time.
type windowAnswer struct {
	maintenance.Window
	Active bool `json:"active"`
	// Next is the occurrence that is on, else the next one; nil when there is none any more.
	Next *occurrence `json:"next,omitempty"`
}

type occurrence struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

func toWindowAnswer(w maintenance.Window, now time.Time) windowAnswer {
	answer := windowAnswer{Window: w}
	if start, end, ok := w.Occurrence(now); ok {
		answer.Next, answer.Active = &occurrence{start, end}, !start.After(now)
	}
	return answer
}

func (s *Server) listWindows(w http.ResponseWriter, r *http.Request) error {
	windows, err := s.store.MaintenanceWindows(r.Context())
	if err != nil {
		return err
	}
	now, answer := time.Now(), make([]windowAnswer, len(windows))
	for i, window := range windows {
		answer[i] = toWindowAnswer(window, now)
	}
	return web.JSON(w, http.StatusOK, answer)
}

func (s *Server) getWindow(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	window, err := s.store.MaintenanceWindow(r.Context(), id)
	if err != nil {
		return unknownWindow(id, err)
	}
	return web.JSON(w, http.StatusOK, toWindowAnswer(window, time.Now()))
}

func (s *Server) createWindow(w http.ResponseWriter, r *http.Request) error {
	window, err := readWindow(w, r)
	if err != nil {
		return err
	}
	now := time.Now()
	window.ID, window.Updated = monitor.NewID(now), monitor.Date(now)
	if err := s.store.CreateMaintenanceWindow(r.Context(), window); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, toWindowAnswer(window, now))
}

func (s *Server) replaceWindow(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	window, err := readWindow(w, r)
	if err != nil {
		return err
	}
	now := time.Now()
	window.ID, window.Updated = id, monitor.Date(now)
	if err := s.store.ReplaceMaintenanceWindow(r.Context(), window); err != nil {
		return unknownWindow(id, err)
	}
	return web.JSON(w, http.StatusOK, toWindowAnswer(window, now))
}

func (s *Server) deleteWindow(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.store.DeleteMaintenanceWindow(r.Context(), id); err != nil {
		return unknownWindow(id, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readWindow is the window in the body, found valid, without id and date.
func readWindow(w http.ResponseWriter, r *http.Request) (maintenance.Window, error) {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return maintenance.Window{}, err
	}
	window, err := decodeWindow(data)
	if err != nil {
		return maintenance.Window{}, err
	}
	window.Normalize()
	return window, window.Validate()
}

// decodeWindow reads one JSON object. The error is a [monitor.InvalidError] that names the field at fault.
func decodeWindow(data []byte) (window maintenance.Window, err error) {
	if err := expectJSON(data, "object"); err != nil {
		return window, err
	}
	var body struct {
		Name     string              `json:"name"`
		Monitors []string            `json:"monitors"`
		Groups   []string            `json:"groups"`
		Start    *string             `json:"start"`
		End      *string             `json:"end"`
		Weekly   *maintenance.Weekly `json:"weekly"`
	}
	err = json.Unmarshal(data, &body)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped):
		return window, monitor.Invalidf("field %q must be %s, not %s", mistyped.Field, windowForm(mistyped.Field), withArticle(mistyped.Value))
	case err != nil:
		return window, err
	}
	window = maintenance.Window{Name: body.Name, Monitors: body.Monitors, Groups: body.Groups, Weekly: body.Weekly}
	for _, date := range []struct {
		field string
		text  *string
		into  *time.Time
	}{{"start", body.Start, &window.Start}, {"end", body.End, &window.End}} {
		if date.text == nil {
			continue
		}
		if *date.into, err = time.Parse(time.RFC3339, *date.text); err != nil {
			return window, monitor.Invalidf("field %q must be a date in RFC 3339, such as 2026-01-31T22:00:00Z", date.field)
		}
	}
	return window, nil
}

// windowForm is what a field of a window must be.
func windowForm(field string) string {
	switch field {
	case "monitors", "groups", "weekly.days":
		return "an array of strings"
	case "weekly":
		return "an object"
	default:
		return "a string"
	}
}

// unknownWindow says which window was not found, if that is what err means.
func unknownWindow(id string, err error) error {
	if errors.Is(err, monitor.ErrNotFound) {
		return web.Problemf(http.StatusNotFound, "there is no maintenance window with the id %s", id)
	}
	return err
}
