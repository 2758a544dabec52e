package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// pingURLStore is the part of the store for ping URLs and received pings.
type pingURLStore interface {
	monitorGetter
	PingURL(ctx context.Context, monitorID string) (uuid string, err error)
	AddPingURL(ctx context.Context, monitorID, uuid string) (stored string, err error)
	PutPingURL(ctx context.Context, monitorID, uuid string) error
	PushStates(ctx context.Context, monitorIDs []string) ([]store.PushState, error)
}

// pingURLHandler serves the ping URLs of push monitors to clients that may change monitors, and to all others what is
// known of their pings. A ping URL is not a part of its monitor, so no list, export and event contains it.
type pingURLHandler struct {
	store pingURLStore
	types probe.Registry
}

func newPingURLHandler(s pingURLStore, types probe.Registry) *pingURLHandler {
	return &pingURLHandler{store: s, types: types}
}

func (h *pingURLHandler) mount(to routes) {
	to.protected.Get("/api/monitors/{id}/ping-url", handle(h.get))
	to.protected.Post("/api/monitors/{id}/ping-url", handle(h.renew))
	to.reading.Get("/api/monitors/{id}/pings", handle(h.pings))
}

// pingURL is a ping URL without the address of the API.
type pingURL struct {
	UUID string `json:"uuid"`
	Path string `json:"path"`
}

// get responds with the ping URL, which it creates at the first request.
func (h *pingURLHandler) get(w http.ResponseWriter, r *http.Request) error {
	m, err := h.pushMonitor(r)
	if err != nil {
		return err
	}
	uuid, err := h.store.PingURL(r.Context(), m.ID)
	if errors.Is(err, monitor.ErrNotFound) {
		uuid, err = h.store.AddPingURL(r.Context(), m.ID, newUUID())
	}
	return sendPingURL(w, uuid, err)
}

// renew replaces the ping URL. The previous one stops working.
func (h *pingURLHandler) renew(w http.ResponseWriter, r *http.Request) error {
	m, err := h.pushMonitor(r)
	if err != nil {
		return err
	}
	uuid := newUUID()
	return sendPingURL(w, uuid, h.store.PutPingURL(r.Context(), m.ID, uuid))
}

func sendPingURL(w http.ResponseWriter, uuid string, err error) error {
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, pingURL{UUID: uuid, Path: web.PingPath + uuid})
}

// errPushOnDemand and errPushInterval refuse what a push monitor does not have.
var (
	errPushOnDemand = monitor.Invalid("a push monitor can't be checked on demand", "Its job sends a ping when it runs.")
	errPushInterval = monitor.Invalid("a push monitor has no interval of its own", "Its target is its schedule.")
)

// pushMonitor returns the push monitor in the path.
func (h *pingURLHandler) pushMonitor(r *http.Request) (monitor.Monitor, error) {
	id, err := pathID(r)
	if err != nil {
		return monitor.Monitor{}, err
	}
	m, err := h.store.Monitor(r.Context(), id)
	switch {
	case err != nil:
		return m, unknownMonitor(id, err)
	case !h.types[m.Type].Spec.Push:
		return m, monitor.Invalidf("monitor %q has the type %s: only push monitors have pings", m.Name, m.Type)
	}
	return m, nil
}

// receivedPings describes the newest pings of a monitor and what follows from them. Its lists are never nil.
type receivedPings struct {
	// Deadline is the time by which the next ping is due; zero if no runner has computed it yet.
	Deadline time.Time `json:"deadline,omitzero"`
	// NotCheckedSince is the first deadline that could not be judged since the latest result; zero if there is none.
	NotCheckedSince time.Time        `json:"notCheckedSince,omitzero"`
	Runs            []store.PushRun  `json:"runs"`
	Pings           []store.PushPing `json:"pings"`
}

func (h *pingURLHandler) pings(w http.ResponseWriter, r *http.Request) error {
	m, err := h.pushMonitor(r)
	if err != nil {
		return err
	}
	states, err := h.store.PushStates(r.Context(), []string{m.ID})
	if err != nil {
		return err
	}
	var s store.PushState
	if len(states) > 0 {
		s = states[0]
	}
	return web.JSON(w, http.StatusOK, receivedPings{
		Deadline: s.Deadline, NotCheckedSince: s.NotCheckedSince, Runs: notNil(s.Runs), Pings: notNil(s.Pings),
	})
}

// newUUID returns a random UUID of version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
