package public

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"nanomon/services/api/statuspage"
	"nanomon/services/api/statuspage/render"
	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/web"
)

// defaultWindow is the window of uptime badges.
const defaultWindow = "30d"

var errWindow = web.Problemf(http.StatusBadRequest, "window must be 24h, 7d, 30d or 90d")

// badge renders a badge of an entry. It returns a problem if the page does not publish it.
type badge func(p *view.Page, e view.Entry, r *http.Request) ([]byte, *web.Problem)

// uptimeBadge returns the badge for the window in the query.
func uptimeBadge(draw func(p *view.Page, e view.Entry, window string) ([]byte, bool)) badge {
	return func(p *view.Page, e view.Entry, r *http.Request) ([]byte, *web.Problem) {
		if !p.Show.Uptime {
			return nil, errUnknown
		}
		window := defaultWindow
		if query := r.URL.Query(); query.Has("window") {
			window = query.Get("window")
		}
		if data, valid := draw(p, e, window); valid {
			return data, nil
		}
		return nil, errWindow
	}
}

func statusBadge(draw func(*view.Page, view.Entry) []byte) badge {
	return func(p *view.Page, e view.Entry, _ *http.Request) ([]byte, *web.Problem) { return draw(p, e), nil }
}

func responseBadge(draw func(*view.Page, view.Entry) []byte) badge {
	return func(p *view.Page, e view.Entry, _ *http.Request) ([]byte, *web.Problem) {
		if !p.Show.ResponseTime {
			return nil, errUnknown
		}
		return draw(p, e), nil
	}
}

// mountBadges adds the routes of badges: images, and JSON from which shields.io draws images.
func (h *Handler) mountBadges(to chi.Router) {
	const entry = "/badges/{slug}/{entry}/"
	to.Get(entry+"status.svg", h.showBadge(render.TypeSVG, statusBadge(render.StatusBadge)))
	to.Get(entry+"uptime.svg", h.showBadge(render.TypeSVG, uptimeBadge(render.UptimeBadge)))
	to.Get(entry+"response.svg", h.showBadge(render.TypeSVG, responseBadge(render.ResponseBadge)))
	to.Get(entry+"status.json", h.showBadge(render.TypeJSON, statusBadge(render.StatusShield)))
	to.Get(entry+"uptime.json", h.showBadge(render.TypeJSON, uptimeBadge(render.UptimeShield)))
	to.Get(entry+"response.json", h.showBadge(render.TypeJSON, responseBadge(render.ResponseShield)))
}

func (h *Handler) showBadge(contentType string, draw badge) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, e, problem := h.findEntry(r)
		var data []byte
		if problem == nil {
			data, problem = draw(p.View, e, r)
		}
		if problem != nil {
			sendDataProblem(w, r, problem)
			return
		}
		describe(w.Header(), p, cacheImage)
		allowAnyOrigin(w.Header())
		// A badge is too small for compression.
		image, err := web.NewDocument(contentType, data, web.Plain)
		if err != nil {
			web.Error(w, r, err)
			return
		}
		image.Serve(w, r)
	}
}

// findEntry returns the entry in the path and its page. Pages with a password have no badges, because badges are shown in
// other places.
func (h *Handler) findEntry(r *http.Request) (*statuspage.Published, view.Entry, *web.Problem) {
	p, problem := h.find(r)
	if problem != nil {
		return nil, view.Entry{}, problem
	}
	if !isLocked(p) {
		for _, section := range p.View.Sections {
			for _, e := range section.Entries {
				if e.ID == chi.URLParam(r, "entry") {
					return p, e, nil
				}
			}
		}
	}
	return nil, view.Entry{}, errUnknown
}
