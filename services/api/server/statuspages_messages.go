package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/web"
)

// statusMessageStore is the part of the store for messages.
type statusMessageStore interface {
	StatusPage(ctx context.Context, id string) (statuspage.Page, error)
	StatusMessages(ctx context.Context, pageIDs []string, since time.Time) ([]statuspage.Message, error)
	StatusMessage(ctx context.Context, id string) (statuspage.Message, error)
	CreateStatusMessage(ctx context.Context, m statuspage.Message) error
	ReplaceStatusMessageIf(ctx context.Context, m, old statuspage.Message) error
	DeleteStatusMessage(ctx context.Context, id string) error
	DeleteStatusMessageIf(ctx context.Context, old statuspage.Message) error
}

// statusMessageHandler serves the messages of status pages to operators.
type statusMessageHandler struct{ store statusMessageStore }

func newStatusMessageHandler(s statusMessageStore) *statusMessageHandler {
	return &statusMessageHandler{store: s}
}

func (h *statusMessageHandler) mount(to routes) {
	const messages, one = "/api/status-pages/{id}/messages", "/api/status-pages/{id}/messages/{message}"
	to.private.Get(messages, h.handle(h.list))
	to.protected.Post(messages, h.handle(h.create))
	to.private.Get(one, h.handle(h.get))
	to.protected.Put(one, h.handle(h.replace))
	to.protected.Delete(one, h.handle(h.delete))
	to.protected.Post(one+"/updates", h.handle(h.addUpdate))
}

// messagePath is the path of a request: a page and, for most routes, one of its messages.
type messagePath struct{ page, message string }

// handle is like the function handle, with the ids in the path.
func (h *statusMessageHandler) handle(serve func(http.ResponseWriter, *http.Request, messagePath) error) http.HandlerFunc {
	return handle(func(w http.ResponseWriter, r *http.Request) error {
		page, err := pathID(r)
		if err != nil {
			return err
		}
		message := chi.URLParam(r, "message")
		if message != "" && !monitor.ValidID(message) {
			return monitor.Invalidf("invalid message id %.50q: an id has 24 hexadecimal digits", message)
		}
		return serve(w, r, messagePath{page, strings.ToLower(message)})
	})
}

// of handles conditional requests for the messages of a page.
func (h *statusMessageHandler) of(pageID string) versions[statuspage.Message] {
	get := func(ctx context.Context, id string) (statuspage.Message, error) {
		m, err := h.store.StatusMessage(ctx, id)
		if err == nil && m.PageID != pageID {
			err = monitor.ErrNotFound
		}
		return m, err
	}
	return versions[statuspage.Message]{
		kind: "message", get: get, replaceIf: h.store.ReplaceStatusMessageIf,
		delete: func(ctx context.Context, id string) error {
			if _, err := get(ctx, id); err != nil {
				return err
			}
			return h.store.DeleteStatusMessage(ctx, id)
		},
		deleteIf: h.store.DeleteStatusMessageIf,
		tag:      func(m statuspage.Message) (string, error) { return web.EntityTag(m) },
		show:     func(_ context.Context, m statuspage.Message) (any, error) { return m, nil },
	}
}

// unknownPage converts a not-found error to a problem that names the page.
func unknownPage(id string, err error) error {
	return versions[statuspage.Page]{kind: statusPageKind}.unknown(id, err)
}

// list returns all messages of a page.
func (h *statusMessageHandler) list(w http.ResponseWriter, r *http.Request, path messagePath) error {
	if _, err := h.store.StatusPage(r.Context(), path.page); err != nil {
		return unknownPage(path.page, err)
	}
	messages, err := h.store.StatusMessages(r.Context(), []string{path.page}, time.Time{})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, notNil(messages))
}

func (h *statusMessageHandler) get(w http.ResponseWriter, r *http.Request, path messagePath) error {
	versions := h.of(path.page)
	message, err := versions.get(r.Context(), path.message)
	if err != nil {
		return versions.unknown(path.message, err)
	}
	return versions.send(w, r, message)
}

func (h *statusMessageHandler) create(w http.ResponseWriter, r *http.Request, path messagePath) error {
	now := time.Now()
	message, err := readMessage(w, r, now)
	if err != nil {
		return err
	}
	message.ID, message.PageID = monitor.NewID(now), path.page
	if err := complete(&message, now); err != nil {
		return err
	}
	if err := h.store.CreateStatusMessage(r.Context(), message); err != nil {
		return unknownPage(path.page, err)
	}
	return h.of(path.page).send(w, r, message)
}

func (h *statusMessageHandler) replace(w http.ResponseWriter, r *http.Request, path messagePath) error {
	expected, err := h.of(path.page).expected(w, r, path.message)
	if err != nil {
		return err
	}
	now := time.Now()
	draft, err := readMessage(w, r, now)
	if err != nil {
		return err
	}
	return h.change(w, r, path, expected, func(m statuspage.Message) (statuspage.Message, error) {
		m.Title, m.Entries, m.Updates = draft.Title, draft.Entries, draft.Updates
		return m, complete(&m, now)
	})
}

func (h *statusMessageHandler) delete(w http.ResponseWriter, r *http.Request, path messagePath) error {
	return h.of(path.page).remove(w, r, path.message)
}

// addUpdate adds an update to a message. Other changes that someone else makes at the same time stay.
func (h *statusMessageHandler) addUpdate(w http.ResponseWriter, r *http.Request, path messagePath) error {
	expected, err := h.of(path.page).expected(w, r, path.message)
	if err != nil {
		return err
	}
	now := time.Now()
	body, err := readObject[updateDraft](w, r)
	if err != nil {
		return err
	}
	update, err := body.update("", now)
	if err != nil {
		return err
	}
	return h.change(w, r, path, expected, func(m statuspage.Message) (statuspage.Message, error) {
		m.Updates = append(slices.Clone(m.Updates), update)
		return m, complete(&m, now)
	})
}

// change changes a stored message, which must equal expected unless that is nil, and responds with it.
func (h *statusMessageHandler) change(
	w http.ResponseWriter, r *http.Request, path messagePath, expected *statuspage.Message,
	changed func(statuspage.Message) (statuspage.Message, error),
) error {
	versions := h.of(path.page)
	message, err := versions.change(r.Context(), path.message, expected, changed)
	if err != nil {
		return versions.notWritten(w, r, path.message, err)
	}
	return versions.send(w, r, message)
}
