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
type maintenanceHandler struct {
	store    maintenanceStore
	versions versions[maintenance.Window]
}

func newMaintenanceHandler(s maintenanceStore) *maintenanceHandler {
	return &maintenanceHandler{store: s, versions: versions[maintenance.Window]{
		kind: "maintenance window", get: s.MaintenanceWindow, replaceIf: s.ReplaceMaintenanceWindowIf,
		delete: s.DeleteMaintenanceWindow, deleteIf: s.DeleteMaintenanceWindowIf,
		// The entity tag does not depend on the current state, so that a client which has read a window can still change it
		// after the window has become active.
		tag: func(w maintenance.Window) (string, error) { return web.EntityTag(w) },
		show: func(_ context.Context, w maintenance.Window) (any, error) {
			return toWindowResponse(w, time.Now()), nil
		},
	}}
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
		return h.versions.unknown(id, err)
	}
	return h.versions.send(w, r, window)
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
	return h.versions.send(w, r, window)
}

func (h *maintenanceHandler) replace(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	expected, err := h.versions.expected(w, r, id)
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
		return h.versions.notWritten(w, r, id, err)
	}
	return h.versions.send(w, r, window)
}

func (h *maintenanceHandler) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return h.versions.remove(w, r, id)
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
		Name       string              `json:"name"`
		Monitors   []string            `json:"monitors"`
		Groups     []string            `json:"groups"`
		Start      *string             `json:"start"`
		End        *string             `json:"end"`
		Weekly     *maintenance.Weekly `json:"weekly"`
		Public     bool                `json:"public"`
		PublicName string              `json:"publicName"`
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
	window = maintenance.Window{
		Name: body.Name, Monitors: body.Monitors, Groups: body.Groups, Weekly: body.Weekly,
		Public: body.Public, PublicName: body.PublicName,
	}
	for _, date := range []struct {
		field string
		text  *string
		into  *time.Time
	}{{"start", body.Start, &window.Start}, {"end", body.End, &window.End}} {
		if *date.into, err = parseDate(date.field, date.text); err != nil {
			return window, err
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
	case "public":
		return "a bool"
	default:
		return "a string"
	}
}
