// Package public serves status pages, with their data, feeds, logos and badges, to people who do not sign in. It reads
// only finished content from memory, and shows nothing else.
package public

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/api/statuspage"
	"nanomon/services/api/statuspage/password"
	"nanomon/services/api/statuspage/render"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/web"
)

// How long browsers and proxies may use a response without asking again.
const (
	cachePage  = "public, max-age=10"
	cacheImage = "public, max-age=60"
	// cacheNone is for everything about pages with a password.
	cacheNone = "private, no-store"
)

// Pages contains the content of all status pages. [statuspage.Keeper] documents the methods.
type Pages interface {
	Page(slug string) *statuspage.Published
	OfHost(host string) *statuspage.Published
	IsReady() bool
}

// Handler serves status pages. Create it with [New].
type Handler struct {
	pages    Pages
	guard    *password.Guard
	clientOf func(*http.Request) string
}

// New returns a handler. clientOf returns who sent a request, for the limits of passwords.
func New(pages Pages, clientOf func(*http.Request) string, now func() time.Time) *Handler {
	return &Handler{pages: pages, guard: password.NewGuard(now), clientOf: clientOf}
}

// HasPath reports whether a path is one that this package serves. Such a path has no other protection than this package.
func HasPath(path string) bool {
	return strings.HasPrefix(path, "/status/") || strings.HasPrefix(path, "/badges/")
}

// isForPrograms reports whether a path is not one of a document for people.
func isForPrograms(path string) bool {
	return strings.HasPrefix(path, "/badges/") || strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".atom")
}

// Mount adds all routes.
func (h *Handler) Mount(to chi.Router) {
	const page = "/status/{slug}"
	to.Get(page, h.showPage)
	to.Post(page, h.enterPassword)
	to.Get(page+".json", h.showData(cachePage, func(p *statuspage.Published) statuspage.Body { return p.JSON }))
	to.Get(page+".atom", h.showData(cachePage, func(p *statuspage.Published) statuspage.Body { return p.Atom }))
	to.Get(page+"/logo", h.showData(cacheImage, func(p *statuspage.Published) statuspage.Body { return p.Logo }))
	h.mountBadges(to)
}

// The errors of requests that see no page. They say nothing about a page.
var (
	errStarting = web.Problemf(http.StatusServiceUnavailable, "the status pages are not loaded yet; try again in a few seconds")
	errUnknown  = web.Problemf(http.StatusNotFound, "there is nothing at this address")
	errLocked   = web.Problemf(http.StatusUnauthorized, "this status page needs a password; open it in a browser to enter the password")
)

// find returns the page with the slug in the path.
func (h *Handler) find(r *http.Request) (*statuspage.Published, *web.Problem) {
	if !h.pages.IsReady() {
		web.LogQuietly(r) // The API logs why.
		return nil, errStarting
	}
	p := h.pages.Page(chi.URLParam(r, "slug"))
	switch {
	case p == nil:
		return nil, errUnknown
	case !p.IsLoaded():
		web.LogQuietly(r)
		return nil, errStarting
	default:
		return p, nil
	}
}

// findVisible is like find. If the visitor must enter a password first, it returns an error.
func (h *Handler) findVisible(r *http.Request) (*statuspage.Published, *web.Problem) {
	p, problem := h.find(r)
	if problem == nil && isLocked(p) && !h.guard.Knows(r, p.Page) {
		return nil, errLocked
	}
	return p, problem
}

// isLocked reports whether a page has a password. Pages of unknown visibility have one that nobody knows.
func isLocked(p *statuspage.Published) bool { return p.Page.Visibility != document.Public }

// describe sets the headers that all responses with content of a page have.
func describe(h http.Header, p *statuspage.Published, cache string) {
	h.Set("Cache-Control", cache)
	if isLocked(p) {
		h.Set("Cache-Control", cacheNone)
	}
	if isLocked(p) || p.Page.NoIndex {
		h.Set("X-Robots-Tag", "noindex")
	}
}

func (h *Handler) showPage(w http.ResponseWriter, r *http.Request) {
	p, problem := h.findVisible(r)
	if problem != nil {
		sendProblem(w, r, problem)
		return
	}
	describe(w.Header(), p, cachePage)
	secureDocument(w.Header(), isLocked(p))
	p.HTML.Serve(w, r)
}

// showData returns a handler of content that is not a document for people. Pages of all sites may read it if it is
// public.
func (h *Handler) showData(cache string, body func(*statuspage.Published) statuspage.Body) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, problem := h.findVisible(r)
		if problem == nil && body(p).IsEmpty() {
			problem = errUnknown
		}
		if problem != nil {
			sendDataProblem(w, r, problem)
			return
		}
		describe(w.Header(), p, cache)
		if !isLocked(p) {
			allowAnyOrigin(w.Header())
		}
		body(p).Serve(w, r)
	}
}

// allowAnyOrigin lets the scripts of all sites read a response. They can't send cookies.
func allowAnyOrigin(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Date, ETag, Retry-After")
}

func sendDataProblem(w http.ResponseWriter, r *http.Request, problem *web.Problem) {
	if problem == errLocked {
		askForPassword(w.Header())
	} else {
		allowAnyOrigin(w.Header())
	}
	web.Error(w, r, problem)
}

// sendProblem sends an error, as a document if the path is one for people. If a password is missing, this is the form for
// it.
func sendProblem(w http.ResponseWriter, r *http.Request, problem *web.Problem) {
	switch {
	case isForPrograms(r.URL.Path): // also /status/1.2.json
		sendDataProblem(w, r, problem)
	case problem == errLocked:
		askForPassword(w.Header())
		sendForm(w, r, http.StatusUnauthorized, "")
	case problem == errStarting:
		w.Header().Set("Retry-After", "2")
		sendDocument(w, problem.Status, render.Unavailable())
	default:
		sendDocument(w, problem.Status, render.NotFound())
	}
}

// askForPassword sets the headers of a response without content because a password is missing.
func askForPassword(h http.Header) {
	h.Set("Cache-Control", cacheNone)
	h.Set("X-Robots-Tag", "noindex")
	// A response with the status 401 must have this header. Browsers know no such scheme and just show the response.
	h.Set("WWW-Authenticate", `Form realm="status page"`)
}

// sendDocument sends a document that contains nothing of a page.
func sendDocument(w http.ResponseWriter, status int, html []byte) {
	h := w.Header()
	secureDocument(h, true)
	h.Set("Content-Type", render.TypeHTML)
	h.Set("Content-Length", strconv.Itoa(len(html)))
	w.WriteHeader(status)
	// An error means that the client is gone.
	_, _ = w.Write(html)
}

// secureDocument sets the security headers of HTML. Only public content may be shown inside pages of other sites.
func secureDocument(h http.Header, private bool) {
	policy := render.ContentSecurityPolicy
	if private {
		policy = strings.Replace(policy, "frame-ancestors *", "frame-ancestors 'none'", 1)
	}
	h.Set("Content-Security-Policy", policy)
	// With no-referrer, browsers would not name the origin of the password form.
	h.Set("Referrer-Policy", "same-origin")
}
