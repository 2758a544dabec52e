package server

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"nanomon/services/api/statuspage/render"
	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/web"
)

// maxPreviews is the maximum number of previews that are computed at the same time.
const maxPreviews = 2

// statusPageViewer returns what a page that need not be stored would show now.
type statusPageViewer interface {
	Preview(ctx context.Context, p statuspage.Page) (*view.Page, error)
}

// previewHandler serves previews of status pages.
type previewHandler struct {
	viewer statusPageViewer
	// running contains a value for each preview that is computed.
	running chan struct{}
}

func newPreviewHandler(viewer statusPageViewer) *previewHandler {
	return &previewHandler{viewer, make(chan struct{}, maxPreviews)}
}

func (h *previewHandler) mount(to routes) {
	to.protected.Post("/api/status-pages/preview", handle(h.preview))
}

// preview renders the page in the body with current data, and stores nothing. The page may be unfinished.
func (h *previewHandler) preview(w http.ResponseWriter, r *http.Request) error {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return err
	}
	draft, err := decodeStatusPage(data)
	if err != nil {
		return err
	}
	draft.page.ID = memberOf(data, "id")
	finish(&draft.page)
	if err := draft.complete(); err != nil {
		return err
	}
	select {
	case h.running <- struct{}{}:
		defer func() { <-h.running }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	shown, err := h.viewer.Preview(r.Context(), draft.page)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, struct {
		HTML string `json:"html"`
		CSS  string `json:"css"`
	}{string(render.Content(shown)), render.Style()})
}

// finish replaces what an unfinished page does not have yet, and removes what a preview does not show.
func finish(p *statuspage.Page) {
	if !monitor.ValidID(p.ID) {
		p.ID = ""
	}
	p.Slug, p.Title, p.Hosts = "preview", cmp.Or(strings.TrimSpace(p.Title), "Untitled"), nil
	for i := range p.Sections {
		p.Sections[i].Entries = slices.DeleteFunc(p.Sections[i].Entries, func(e statuspage.Entry) bool {
			return strings.TrimSpace(e.Name) == "" || e.Monitor == "" && e.Group == "" && e.Label == ""
		})
	}
}
