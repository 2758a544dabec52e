package server

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"nanomon/services/common/monitor"
	"nanomon/services/common/web"
)

// routes contains a router for each level of protection.
type routes struct {
	// open is for routes without secrets that a client needs before it signs in.
	open chi.Router
	// reading is for routes that change nothing and run nothing.
	reading chi.Router
	// private is like reading, but its routes need the scope read even if reads are not protected.
	private chi.Router
	// uncompressed is like reading, for responses that are not compressed or that are stored compressed.
	uncompressed chi.Router
	// protected is for all other routes.
	protected chi.Router
}

// resource handles the requests for one resource of the API.
type resource interface {
	// mount adds the routes of the resource.
	mount(to routes)
}

// oldPaths maps paths of earlier versions to the paths that replace them.
var oldPaths = map[string]string{
	"/api/alerts":      "/api/notifications",
	"/api/alerts/test": "/api/notifications/test",
}

// redirectOldPaths redirects requests for old paths. The status 308 makes the client repeat the request with the same
// method and body.
func redirectOldPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, old := oldPaths[r.URL.Path]
		if !old {
			next.ServeHTTP(w, r)
			return
		}
		target := url.URL{Path: path, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, target.String(), http.StatusPermanentRedirect)
	})
}

// rejectUnknownRoutes responds with 404 to an unknown path, and with 405 to a method that the path does not have.
func rejectUnknownRoutes(routes chi.Routes) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			allowed := allowedMethods(routes, cmp.Or(r.URL.RawPath, r.URL.Path))
			switch {
			case len(allowed) == 0:
				web.Error(w, r, web.Problemf(http.StatusNotFound, "no resource at %s", r.URL.Path))
			case slices.Contains(allowed, r.Method),
				r.Method == http.MethodHead && slices.Contains(allowed, http.MethodGet):
				next.ServeHTTP(w, r)
			default:
				list := strings.Join(allowed, ", ")
				w.Header().Set("Allow", list)
				web.Error(w, r, web.Problemf(http.StatusMethodNotAllowed,
					"method %s is not allowed here; use %s", r.Method, list))
			}
		})
	}
}

// parameter matches a parameter in the pattern of a route.
var parameter = regexp.MustCompile(`\{\w+\}`)

// answerHead lets the routes for GET handle HEAD too. The server does not send the body.
func answerHead(routes chi.Routes) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path := cmp.Or(r.URL.RawPath, r.URL.Path)
			if r.Method == http.MethodHead && !routes.Match(chi.NewRouteContext(), http.MethodHead, path) {
				chi.RouteContext(r.Context()).RouteMethod = http.MethodGet
			}
			next.ServeHTTP(w, r)
		})
	}
}

// allowedMethods returns the methods of a path. If several patterns match it, the one with the most literal text decides:
// /api/monitors/check hides /api/monitors/{id}, and /status/{slug}.json hides /status/{slug}.
func allowedMethods(routes chi.Routes, path string) (allowed []string) {
	most := 0
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		pattern := routes.Find(chi.NewRouteContext(), method, path)
		if pattern == "" {
			continue
		}
		literal := len(parameter.ReplaceAllString(pattern, ""))
		if literal > most {
			most, allowed = literal, nil
		}
		if literal == most {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// handle converts a handler that returns an error before it has written anything to an http.HandlerFunc.
func handle(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// r.URL.Query would silently drop malformed parameters.
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			web.Error(w, r, monitor.Invalidf("the query of the URL is malformed: %v", err))
			return
		}
		if err := h(w, r); err != nil {
			web.Error(w, r, err)
		}
	}
}

// pathID returns the id in the path, in lower case.
func pathID(r *http.Request) (string, error) {
	id := chi.URLParam(r, "id")
	if !monitor.ValidID(id) {
		return "", monitor.Invalidf("invalid id %.50q: an id has 24 hexadecimal digits", id)
	}
	return strings.ToLower(id), nil
}
