package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/web"
)

// preconditionFailed returns the problem for a document that is not the version that the client names. It contains the
// current document, and the response has its entity tag.
func preconditionFailed(w http.ResponseWriter, kind string, current any, tag string) error {
	web.SetEntityTag(w, tag)
	p := web.Problemf(http.StatusPreconditionFailed, "the %s has changed since it was read", kind)
	p.Hint = "The member current contains the current document. Apply your changes to it, and send its ETag in If-Match."
	p.Current = current
	return p
}

// visible returns the monitor as the sender of the request of ctx sees it, and its entity tag. The tag depends on this
// content only. So a client that must not see secrets can't guess them with the help of the tag.
func (h *monitorHandler) visible(ctx context.Context, m monitor.Monitor) (monitor.Monitor, string, error) {
	if mustMask(ctx) {
		m = h.types.Secrets().Mask(m)
	}
	tag, err := web.EntityTag(m)
	return m, tag, err
}

// expected returns the stored monitor if the header If-Match names this version, and nil if the header names no version.
// Otherwise the error is a problem. A version with masked secrets counts too: a client may sign in before it saves.
func (h *monitorHandler) expected(w http.ResponseWriter, r *http.Request, id string) (*monitor.Monitor, error) {
	condition, err := web.ParseIfMatch(r)
	if err != nil || !condition.OfVersion {
		return nil, err
	}
	stored, err := h.store.Monitor(r.Context(), id)
	if err != nil {
		return nil, unknownMonitor(id, err)
	}
	tag, err := web.EntityTag(stored)
	if err != nil {
		return nil, err
	}
	masked, err := web.EntityTag(h.types.Secrets().Mask(stored))
	if err != nil {
		return nil, err
	}
	if !condition.Names(tag, masked) {
		return nil, h.changed(w, r, stored)
	}
	return &stored, nil
}

// changed returns the problem for a monitor that is not the version that the client names.
func (h *monitorHandler) changed(w http.ResponseWriter, r *http.Request, stored monitor.Monitor) error {
	current, tag, err := h.visible(r.Context(), stored)
	if err != nil {
		return err
	}
	return preconditionFailed(w, "monitor", current, tag)
}

// notWritten converts the error of a write to a problem.
func (h *monitorHandler) notWritten(w http.ResponseWriter, r *http.Request, id string, err error) error {
	if !errors.Is(err, monitor.ErrChanged) {
		return unknownMonitor(id, err)
	}
	stored, err := h.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	return h.changed(w, r, stored)
}

// expected returns the stored window if the header If-Match names this version, and nil if the header names no version.
// Otherwise the error is a problem.
func (h *maintenanceHandler) expected(w http.ResponseWriter, r *http.Request, id string) (*maintenance.Window, error) {
	condition, err := web.ParseIfMatch(r)
	if err != nil || !condition.OfVersion {
		return nil, err
	}
	stored, err := h.store.MaintenanceWindow(r.Context(), id)
	if err != nil {
		return nil, unknownWindow(id, err)
	}
	tag, err := web.EntityTag(stored)
	if err != nil {
		return nil, err
	}
	if !condition.Names(tag) {
		return nil, preconditionFailed(w, "maintenance window", toWindowResponse(stored, time.Now()), tag)
	}
	return &stored, nil
}

// notWritten converts the error of a write to a problem.
func (h *maintenanceHandler) notWritten(w http.ResponseWriter, r *http.Request, id string, err error) error {
	if !errors.Is(err, monitor.ErrChanged) {
		return unknownWindow(id, err)
	}
	stored, err := h.store.MaintenanceWindow(r.Context(), id)
	if err != nil {
		return unknownWindow(id, err)
	}
	tag, err := web.EntityTag(stored)
	if err != nil {
		return err
	}
	return preconditionFailed(w, "maintenance window", toWindowResponse(stored, time.Now()), tag)
}
