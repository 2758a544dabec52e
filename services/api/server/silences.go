package server

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// silenceLister is the part of the store that returns silences.
type silenceLister interface {
	Silences(ctx context.Context, now time.Time) ([]store.Silence, error)
}

// silenceStore is the part of the store for silences.
type silenceStore interface {
	monitorGetter
	PutSilence(ctx context.Context, s store.Silence) error
}

// silenceHandler silences monitors.
type silenceHandler struct{ store silenceStore }

func newSilenceHandler(s silenceStore) *silenceHandler { return &silenceHandler{store: s} }

func (h *silenceHandler) mount(to routes) {
	to.protected.Post("/api/monitors/{id}/silence", handle(h.silence))
}

// silence silences a monitor for the duration in the body, in place of its previous silence. The duration 0s ends it.
func (h *silenceHandler) silence(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	body, err := readObject[struct {
		Duration string `json:"duration"`
	}](w, r)
	if err != nil {
		return err
	}
	duration, err := silenceDuration("duration", body.Duration)
	if err != nil {
		return err
	}
	if _, err := h.store.Monitor(r.Context(), id); err != nil {
		return unknownMonitor(id, err)
	}
	silence := store.Silence{
		MonitorID: id, Until: monitor.Date(time.Now().Add(duration)), By: auth.FromContext(r.Context()).Name,
	}
	if err := h.store.PutSilence(r.Context(), silence); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, silence)
}

// silenceDuration parses the duration of a silence. field names it in the error.
func silenceDuration(field, text string) (time.Duration, error) {
	duration, err := time.ParseDuration(text)
	if err != nil || duration < 0 || duration > store.MaxSilence {
		return 0, monitor.Invalidf("%s must be a Go duration from 0s to %gh, for example 30m or 8h", field, store.MaxSilence.Hours())
	}
	return duration, nil
}

// silencedMonitors returns the ends of the current silences, by monitor.
func silencedMonitors(ctx context.Context, s silenceLister) (map[string]time.Time, error) {
	list, err := s.Silences(ctx, time.Now())
	until := make(map[string]time.Time, len(list))
	for _, silence := range list {
		until[silence.MonitorID] = silence.Until
	}
	return until, err
}

// sendSilenced sends an event for each monitor whose silence has begun, changed or ended.
func (f *eventFeed) sendSilenced(ctx context.Context) error {
	current, err := silencedMonitors(ctx, f.store)
	if err != nil {
		return err
	}
	var changes bytes.Buffer
	for id, until := range current {
		if !f.silenced[id].Equal(until) {
			writeEvent(&changes, f.log, "monitor", monitorEvent{id, "changed"})
		}
	}
	for id := range f.silenced {
		if _, exists := current[id]; !exists {
			writeEvent(&changes, f.log, "monitor", monitorEvent{id, "changed"})
		}
	}
	f.silenced = current
	f.flush(eventFrame{changes.Bytes(), changes.Bytes()})
	return nil
}
