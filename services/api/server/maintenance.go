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

// maintenanceStore is the part of the store for maintenance windows.
type maintenanceStore interface {
	windowLister
	MaintenanceWindow(ctx context.Context, id string) (maintenance.Window, error)
	CreateMaintenanceWindow(ctx context.Context, w maintenance.Window) error
	ReplaceMaintenanceWindow(ctx context.Context, w maintenance.Window) error
	ReplaceMaintenanceWindowIf(ctx context.Context, w, old maintenance.Window) error
	DeleteMaintenanceWindow(ctx context.Context, id string) error
	DeleteMaintenanceWindowIf(ctx context.Context, old maintenance.Window) error
}

// maintenanceHandler serves maintenance windows.
type maintenanceHandler struct{ store maintenanceStore }

func newMaintenanceHandler(s maintenanceStore) *maintenanceHandler {
	return &maintenanceHandler{store: s}
}

func (h *maintenanceHandler) mount(to routes) {
	to.reading.Get("/api/maintenance", handle(h.list))
	to.protected.Post("/api/maintenance", handle(h.create))
	to.reading.Get("/api/maintenance/{id}", handle(h.get))
	to.protected.Put("/api/maintenance/{id}", handle(h.replace))
	to.protected.Delete("/api/maintenance/{id}", handle(h.delete))
}

// windowResponse is a window with its current state.
type windowResponse struct {
	maintenance.Window
	Active bool `json:"active"`
	// Next is the active occurrence, or else the next one; nil if the window is over.
	Next *occurrence `json:"next,omitempty"`
}

type occurrence struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

func toWindowResponse(w maintenance.Window, now time.Time) windowResponse {
	response := windowResponse{Window: w}
	if start, end, ok := w.Occurrence(now); ok {
		response.Next, response.Active = &occurrence{start, end}, !start.After(now)
	}
	return response
}

// sendWindow responds with a window. The entity tag does not depend on its current state, so that a client which has read
// a window can still change it after the window has become active.
func sendWindow(w http.ResponseWriter, window maintenance.Window, now time.Time) error {
	tag, err := web.EntityTag(window)
	if err != nil {
		return err
	}
	web.SetEntityTag(w, tag)
	return web.JSON(w, http.StatusOK, toWindowResponse(window, now))
}

func (h *maintenanceHandler) list(w http.ResponseWriter, r *http.Request) error {
	windows, err := h.store.MaintenanceWindows(r.Context())
	if err != nil {
		return err
	}
	now, response := time.Now(), make([]windowResponse, len(windows))
	for i, window := range windows {
		response[i] = toWindowResponse(window, now)
	}
	return web.JSON(w, http.StatusOK, response)
}

func (h *maintenanceHandler) get(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	window, err := h.store.MaintenanceWindow(r.Context(), id)
	if err != nil {
		return unknownWindow(id, err)
	}
	return sendWindow(w, window, time.Now())
}

func (h *maintenanceHandler) create(w http.ResponseWriter, r *http.Request) error {
	window, err := readWindow(w, r)
	if err != nil {
		return err
	}
	now := time.Now()
	window.ID, window.Updated = monitor.NewID(now), monitor.Date(now)
	if err := h.store.CreateMaintenanceWindow(r.Context(), window); err != nil {
		return err
	}
	return sendWindow(w, window, now)
}

func (h *maintenanceHandler) replace(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	expected, err := h.expected(w, r, id)
	if err != nil {
		return err
	}
	window, err := readWindow(w, r)
	if err != nil {
		return err
	}
	now := time.Now()
	window.ID, window.Updated = id, monitor.Date(now)
	if expected == nil {
		err = h.store.ReplaceMaintenanceWindow(r.Context(), window)
	} else {
		err = h.store.ReplaceMaintenanceWindowIf(r.Context(), window, *expected)
	}
	if err != nil {
		return h.notWritten(w, r, id, err)
	}
	return sendWindow(w, window, now)
}

func (h *maintenanceHandler) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	expected, err := h.expected(w, r, id)
	if err != nil {
		return err
	}
	if expected == nil {
		err = h.store.DeleteMaintenanceWindow(r.Context(), id)
	} else {
		err = h.store.DeleteMaintenanceWindowIf(r.Context(), *expected)
	}
	if err != nil {
		return h.notWritten(w, r, id, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readWindow reads and validates the window in the body. Its id and date are not set.
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

// decodeWindow decodes a JSON object. The error is a [monitor.InvalidError] that names the invalid field.
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
		return window, monitor.Invalidf("field %q must be %s, not %s",
			mistyped.Field, windowFieldType(mistyped.Field), withArticle(mistyped.Value))
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
			return window, monitor.Invalidf("field %q must be a date in RFC 3339, such as 2026-01-31T22:00:00Z",
				date.field)
		}
	}
	return window, nil
}

// windowFieldType returns the JSON type of a window's field, with an article.
func windowFieldType(field string) string {
	switch field {
	case "monitors", "groups", "weekly.days":
		return "an array of strings"
	case "weekly":
		return "an object"
	default:
		return "a string"
	}
}

// unknownWindow converts a not-found error to a problem that names the window.
func unknownWindow(id string, err error) error {
	if errors.Is(err, monitor.ErrNotFound) {
		return web.Problemf(http.StatusNotFound, "there is no maintenance window with the id %s", id)
	}
	return err
}
