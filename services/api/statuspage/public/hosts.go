package public

import (
	"net/http"
	"slices"
	"strings"

	"nanomon/services/api/statuspage"
	"nanomon/services/api/statuspage/render"
	"nanomon/services/common/web"
)

// ofHost returns the page whose custom host name the request is for; nil if there is none. Local host names belong to no
// page, so that health checks reach the API.
func (h *Handler) ofHost(r *http.Request) *statuspage.Published {
	name := web.HostName(r.Host)
	if web.IsLocalHost(name) {
		return nil
	}
	return h.pages.OfHost(name)
}

// Serves reports whether a request is for this package: by its path, or because a custom host name has only a page.
func (h *Handler) Serves(r *http.Request) bool { return HasPath(r.URL.Path) || h.ofHost(r) != nil }

// Restrict is a middleware. It lets requests for the custom host name of a page reach that page only, and redirects them
// there from the root. It redirects from the address of a page with a slash at the end, and answers requests for unknown
// paths below /status/ and the preflight requests for public content.
func (h *Handler) Restrict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := h.ofHost(r)
		switch {
		case p != nil && !p.IsLoaded(): // The API must not answer for it.
			web.LogQuietly(r)
			sendProblem(w, r, errStarting)
		case p != nil && (r.URL.Path == "/" || r.URL.Path == "/status") && isRead(r):
			http.Redirect(w, r, "/status/"+p.Page.Slug, http.StatusFound)
		case isRead(r) && hasExtraSlash(r):
			http.Redirect(w, r, strings.TrimSuffix(r.URL.Path, "/"), http.StatusPermanentRedirect)
		case isRead(r) && isUnknown(r.URL.Path):
			sendDocument(w, http.StatusNotFound, render.NotFound())
		case p != nil && !belongsTo(r, p.Page.Slug):
			sendDocument(w, http.StatusNotFound, render.NotFound())
		case isPreflight(r) && HasPath(r.URL.Path):
			allowReading(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// hasExtraSlash reports whether the path of a request is one of a page, except for a slash at the end.
func hasExtraSlash(r *http.Request) bool {
	slug, found := strings.CutPrefix(r.URL.Path, "/status/")
	slug, ends := strings.CutSuffix(slug, "/")
	return found && ends && slug != "" && !strings.ContainsFunc(slug, isNoSlugCharacter)
}

func isNoSlugCharacter(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' }

// isUnknown reports whether a path below /status/ is no path of any page. People may open it.
func isUnknown(path string) bool {
	rest, found := strings.CutPrefix(path, "/status/")
	slug, file, hasFile := strings.Cut(rest, "/")
	return found && !isForPrograms(path) && (slug == "" || hasFile && file != "logo")
}

// belongsTo reports whether the path of a request is one of the page with this slug. Paths with unusual encodings belong
// to no page.
func belongsTo(r *http.Request, slug string) bool {
	page := "/status/" + slug
	return r.URL.RawPath == "" && (slices.Contains([]string{page, page + ".json", page + ".atom", page + "/logo"}, r.URL.Path) ||
		strings.HasPrefix(r.URL.Path, "/badges/"+slug+"/"))
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// allowReading answers a preflight request: scripts of all sites may read everything except documents for people. The
// answer does not depend on which pages exist.
func allowReading(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if isForPrograms(r.URL.Path) {
		allowAnyOrigin(h)
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", "If-None-Match")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}
