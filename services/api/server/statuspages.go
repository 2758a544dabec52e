package server

import (
	"context"
	"net/http"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/web"
)

// statusPageStore is the part of the store for status pages.
type statusPageStore interface {
	monitorLister
	StatusPages(ctx context.Context) ([]statuspage.Page, error)
	StatusPage(ctx context.Context, id string) (statuspage.Page, error)
	CreateStatusPage(ctx context.Context, p statuspage.Page) error
	ReplaceStatusPageIf(ctx context.Context, p, old statuspage.Page) error
	DeleteStatusPage(ctx context.Context, id string) error
	DeleteStatusPageIf(ctx context.Context, old statuspage.Page) error
}

// statusPageKind names a status page in problems.
const statusPageKind = "status page"

// statusPageHandler serves status pages to operators.
type statusPageHandler struct {
	store     statusPageStore
	passwords *passwordHasher
	// ownHosts are the host names of NanoMon itself, as far as the configuration names them.
	ownHosts []string
	versions versions[statuspage.Page]
}

func newStatusPageHandler(config Config, s statusPageStore) *statusPageHandler {
	h := &statusPageHandler{store: s, passwords: newPasswordHasher(), ownHosts: ownHosts(config)}
	h.versions = versions[statuspage.Page]{
		kind: statusPageKind, get: s.StatusPage, replaceIf: s.ReplaceStatusPageIf,
		delete: s.DeleteStatusPage, deleteIf: s.DeleteStatusPageIf,
		tag: statusPageTag,
		show: func(ctx context.Context, p statuspage.Page) (any, error) {
			shown, err := h.show(ctx, p)
			if err != nil {
				return nil, err
			}
			return shown[0], nil
		},
	}
	return h
}

func (h *statusPageHandler) mount(to routes) {
	to.private.Get("/api/status-pages", handle(h.list))
	to.protected.Post("/api/status-pages", handle(h.create))
	to.protected.Post("/api/status-pages/import", handle(h.importPages))
	to.private.Get("/api/status-pages/{id}", handle(h.get))
	to.protected.Put("/api/status-pages/{id}", handle(h.replace))
	to.protected.Delete("/api/status-pages/{id}", handle(h.delete))
}

// statusPageResponse is a page as operators see it.
type statusPageResponse struct {
	statuspage.Page
	HasPassword bool `json:"hasPassword"`
	// Missing lists the ids of the entries that no monitor matches. The page does not show them.
	Missing []string `json:"missing"`
}

// show returns pages as responses contain them.
func (h *statusPageHandler) show(ctx context.Context, pages ...statuspage.Page) ([]statusPageResponse, error) {
	monitors, err := h.store.Monitors(ctx)
	if err != nil {
		return nil, err
	}
	known := newEntryTargets(monitors)
	shown := make([]statusPageResponse, len(pages))
	for i, p := range pages {
		shown[i] = statusPageResponse{Page: p, HasPassword: p.PasswordHash != "", Missing: []string{}}
		for _, section := range p.Sections {
			for _, entry := range section.Entries {
				if !known[targetOf(entry)] {
					shown[i].Missing = append(shown[i].Missing, entry.ID)
				}
			}
		}
	}
	return shown, nil
}

// targetOf returns what an entry stands for, without its id and public name.
func targetOf(e statuspage.Entry) statuspage.Entry {
	e.ID, e.Name = "", ""
	return e
}

// newEntryTargets returns what entries can stand for: each monitor, group and label.
func newEntryTargets(monitors []monitor.Monitor) map[statuspage.Entry]bool {
	known := make(map[statuspage.Entry]bool, len(monitors))
	for _, m := range monitors {
		known[statuspage.Entry{Monitor: m.ID}] = true
		known[statuspage.Entry{Group: m.Group}] = true
		for key, value := range m.Labels {
			known[statuspage.Entry{Label: key}] = true
			known[statuspage.Entry{Label: key + "=" + value}] = true
		}
	}
	return known
}

// statusPageTag returns the entity tag of a page. It depends on the hash of the password too, so that a client never
// restores a password that has been changed.
func statusPageTag(p statuspage.Page) (string, error) {
	return web.EntityTag(struct {
		statuspage.Page
		PasswordHash string
	}{p, p.PasswordHash})
}

func (h *statusPageHandler) list(w http.ResponseWriter, r *http.Request) error {
	pages, err := h.store.StatusPages(r.Context())
	if err != nil {
		return err
	}
	response, err := h.show(r.Context(), pages...)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, response)
}

func (h *statusPageHandler) get(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	page, err := h.store.StatusPage(r.Context(), id)
	if err != nil {
		return h.versions.unknown(id, err)
	}
	return h.versions.send(w, r, page)
}

func (h *statusPageHandler) create(w http.ResponseWriter, r *http.Request) error {
	draft, err := h.read(w, r)
	if err != nil {
		return err
	}
	draft.page.ID = monitor.NewID(time.Now())
	page, err := h.createStored(r.Context(), draft)
	if err != nil {
		return err
	}
	return h.versions.send(w, r, page)
}

// createStored stores a new page, whose id is set.
func (h *statusPageHandler) createStored(ctx context.Context, draft statusPageDraft) (page statuspage.Page, err error) {
	page = draft.page
	if page.PasswordHash, err = h.passwords.hash(ctx, draft, ""); err != nil {
		return page, err
	}
	page.Updated = monitor.Date(time.Now())
	return page, h.store.CreateStatusPage(ctx, page)
}

func (h *statusPageHandler) replace(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	expected, err := h.versions.expected(w, r, id)
	if err != nil {
		return err
	}
	draft, err := h.read(w, r)
	if err != nil {
		return err
	}
	page, err := h.replaceStored(r.Context(), id, expected, draft)
	if err != nil {
		return h.versions.notWritten(w, r, id, err)
	}
	return h.versions.send(w, r, page)
}

// replaceStored replaces the stored page, which must equal expected unless that is nil. If the draft has no password, the
// stored one stays, also if someone else changes it at the same time.
func (h *statusPageHandler) replaceStored(
	ctx context.Context, id string, expected *statuspage.Page, draft statusPageDraft,
) (statuspage.Page, error) {
	var hash string
	return h.versions.change(ctx, id, expected, func(stored statuspage.Page) (_ statuspage.Page, err error) {
		if hash == "" || draft.password == nil {
			if hash, err = h.passwords.hash(ctx, draft, stored.PasswordHash); err != nil {
				return stored, err
			}
		}
		page := draft.page
		page.ID, page.PasswordHash, page.Updated = id, hash, monitor.Date(time.Now())
		return page, nil
	})
}

func (h *statusPageHandler) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return h.versions.remove(w, r, id)
}
