package server

import (
	"context"
	"errors"
	"net/http"

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

// versions handles conditional requests for the documents of one kind.
type versions[T any] struct {
	// kind names a document in problems, such as "maintenance window".
	kind string
	get  func(ctx context.Context, id string) (T, error)
	// replaceIf replaces the stored document if it equals old.
	replaceIf func(ctx context.Context, document, old T) error
	delete    func(ctx context.Context, id string) error
	// deleteIf deletes the stored document if it equals old.
	deleteIf func(ctx context.Context, old T) error
	// tag returns the entity tag of a document.
	tag func(T) (string, error)
	// show returns a document as responses contain it.
	show func(context.Context, T) (any, error)
}

// unknown converts a not-found error to a problem that names the document.
func (v versions[T]) unknown(id string, err error) error {
	if errors.Is(err, monitor.ErrNotFound) {
		return web.Problemf(http.StatusNotFound, "there is no %s with the id %s", v.kind, id)
	}
	return err
}

// send responds with a document.
func (v versions[T]) send(w http.ResponseWriter, r *http.Request, document T) error {
	tag, err := v.tag(document)
	if err != nil {
		return err
	}
	shown, err := v.show(r.Context(), document)
	if err != nil {
		return err
	}
	web.SetEntityTag(w, tag)
	return web.JSON(w, http.StatusOK, shown)
}

// expected returns the stored document if the header If-Match names this version, and nil if the header names no version.
// Otherwise the error is a problem.
func (v versions[T]) expected(w http.ResponseWriter, r *http.Request, id string) (*T, error) {
	condition, err := web.ParseIfMatch(r)
	if err != nil || !condition.OfVersion {
		return nil, err
	}
	stored, err := v.get(r.Context(), id)
	if err != nil {
		return nil, v.unknown(id, err)
	}
	tag, err := v.tag(stored)
	if err != nil {
		return nil, err
	}
	if !condition.Names(tag) {
		return nil, v.changed(w, r, stored)
	}
	return &stored, nil
}

// changed returns the problem for a document that is not the version that the client names.
func (v versions[T]) changed(w http.ResponseWriter, r *http.Request, stored T) error {
	tag, err := v.tag(stored)
	if err != nil {
		return err
	}
	shown, err := v.show(r.Context(), stored)
	if err != nil {
		return err
	}
	return preconditionFailed(w, v.kind, shown, tag)
}

// notWritten converts the error of a write to a problem.
func (v versions[T]) notWritten(w http.ResponseWriter, r *http.Request, id string, err error) error {
	if !errors.Is(err, monitor.ErrChanged) {
		return v.unknown(id, err)
	}
	stored, err := v.get(r.Context(), id)
	if err != nil {
		return v.unknown(id, err)
	}
	return v.changed(w, r, stored)
}

// change replaces a document by what changed returns for the stored one. The stored one must equal expected unless that is
// nil: then it tries again while others change the document.
func (v versions[T]) change(
	ctx context.Context, id string, expected *T, changed func(stored T) (T, error),
) (document T, err error) {
	for attempt := 1; ; attempt++ {
		stored := expected
		if stored == nil {
			current, err := v.get(ctx, id)
			if err != nil {
				return document, err
			}
			stored = &current
		}
		if document, err = changed(*stored); err != nil {
			return document, err
		}
		err = v.replaceIf(ctx, document, *stored)
		if expected != nil || attempt == maxReplacements || !errors.Is(err, monitor.ErrChanged) {
			return document, err
		}
	}
}

// remove deletes a document and responds. If the header If-Match names a version, it deletes only this version.
func (v versions[T]) remove(w http.ResponseWriter, r *http.Request, id string) error {
	expected, err := v.expected(w, r, id)
	if err != nil {
		return err
	}
	if expected == nil {
		err = v.delete(r.Context(), id)
	} else {
		err = v.deleteIf(r.Context(), *expected)
	}
	if err != nil {
		return v.notWritten(w, r, id, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
