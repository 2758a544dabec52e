package web

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Pages decides which web pages may use a service. Browsers tell which page sent a request in the headers Origin and
// Sec-Fetch-Site, which the page can't change. A request that has neither of them does not come from a web page, or
// changes nothing.
type Pages struct {
	// Origins lists the origins of other web pages that may use the service, in the form that browsers send.
	Origins []string
	// SameHost lets pages of other ports on the service's own host name, with the same scheme, use it too.
	SameHost bool
}

// sender describes who sent a request, and the address of the service in it.
type sender struct {
	method string
	// origin and site are the headers Origin and Sec-Fetch-Site. Browsers omit Sec-Fetch-Site if the service's address is
	// plain http and not on this machine.
	origin, site string
	scheme, host string
}

func senderOf(r *http.Request) sender {
	s := sender{r.Method, strings.ToLower(r.Header.Get("Origin")), r.Header.Get("Sec-Fetch-Site"), "http", strings.ToLower(r.Host)}
	if IsHTTPS(r) {
		s.scheme = "https"
	}
	return s
}

// IsHTTPS reports whether the client uses https, as far as the service or the proxy in front of it knows. Pages of other
// sites can't set X-Forwarded-Proto: the responses to preflight requests don't permit it.
func IsHTTPS(r *http.Request) bool {
	forwarded, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return r.TLS != nil || strings.EqualFold(strings.TrimSpace(forwarded), "https")
}

// IsFromForeignPage reports whether a page of another origin sent the request. If the browser sent only Origin, a page with
// the same host name is not foreign: a proxy may hide the port and the scheme from the service. That is
// enough for a form with a password, but the API is stricter; see [Pages].
func IsFromForeignPage(r *http.Request) bool {
	s := senderOf(r)
	return s.isPage() && !s.isOwn() && !(s.site == "" && s.hasSameName())
}

// isPage reports whether the request has one of the headers that show that a web page sent it.
func (s sender) isPage() bool { return s.origin != "" || s.site != "" }

// changes reports whether the request can change something.
func (s sender) changes() bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, s.method)
}

// isOwn reports whether the page has the service's own origin, or whether the user typed the address.
func (s sender) isOwn() bool {
	if s.site != "" {
		return s.site == "same-origin" || s.site == "none" && s.origin == ""
	}
	port := ":80"
	if s.scheme == "https" {
		port = ":443"
	}
	return s.origin == s.scheme+"://"+strings.TrimSuffix(s.host, port)
}

// onSameHost reports whether the page has the host name and the scheme of the service. If the browser sent
// Sec-Fetch-Site, that header decides about the scheme, because pages with http and https are different sites, and a
// proxy may hide from the service that the browser uses https.
func (s sender) onSameHost() bool {
	if !s.hasSameName() {
		return false
	}
	if s.site != "" {
		return s.site == "same-site" || s.site == "same-origin"
	}
	return strings.HasPrefix(s.origin, s.scheme+"://")
}

// hasSameName reports whether the page has the host name of the service.
func (s sender) hasSameName() bool {
	origin, err := url.Parse(s.origin)
	return err == nil && origin.Host != "" && origin.Hostname() == hostname(s.host)
}

// hostname returns the name or address of a host in lower case, without port and brackets.
func hostname(host string) string {
	return strings.ToLower((&url.URL{Host: host}).Hostname())
}

// decide reports whether a request is permitted, and whether the page that sent it may read the response: then the
// response has CORS headers.
func (p Pages) decide(s sender) (permitted, readable bool) {
	readable = slices.Contains(p.Origins, s.origin) || p.SameHost && s.onSameHost()
	return readable || !s.isPage() || !s.changes() || s.isOwn(), readable
}

// Allow is a middleware that lets permitted web pages use the service, and answers preflight requests. Other web pages
// can't read the responses, and their requests are refused with 403 if they can change something. A request from any
// web page with a body must have the type JSON, so that forms can't send it; otherwise it is refused with 415.
func (p Pages) Allow(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, s := w.Header(), senderOf(r)
		h.Add("Vary", "Origin")
		permitted, readable := p.decide(s)
		preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
		if readable {
			allow(h, s.origin, preflight)
		}
		switch {
		case preflight:
			w.WriteHeader(http.StatusNoContent)
		case !permitted:
			Error(w, r, refusal(s.origin))
		case s.isPage() && s.changes() && !sendsJSON(r):
			Error(w, r, Problemf(http.StatusUnsupportedMediaType, "web pages must send JSON: set Content-Type to application/json"))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// allow adds the CORS headers of a response, or of the response to a preflight request.
func allow(h http.Header, origin string, preflight bool) {
	h.Set("Access-Control-Allow-Origin", origin)
	if !preflight {
		h.Set("Access-Control-Expose-Headers", "Date, ETag, Link, Retry-After, WWW-Authenticate, X-Request-Id")
		return
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, If-Match, If-None-Match")
	h.Set("Access-Control-Max-Age", "600")
}

// refusal returns the problem for pages of an origin that is not permitted. It says how to permit them.
func refusal(origin string) *Problem {
	p := Problemf(http.StatusForbidden, "pages of other sites can't change anything here; CORS_ORIGINS lists the origins that can")
	if strings.Contains(origin, "://") {
		p = Problemf(http.StatusForbidden, "pages of %.200q can't change anything here: add this origin to CORS_ORIGINS", origin)
	}
	p.Hint = "If this is NanoMon's own page behind a reverse proxy, let the proxy keep the header Host, " +
		"in nginx with: proxy_set_header Host $http_host;"
	return p
}

// sendsJSON reports whether a request has no body, or JSON.
func sendsJSON(r *http.Request) bool {
	declared := r.Header.Get("Content-Type")
	if declared == "" {
		return r.ContentLength == 0
	}
	mediaType, _, err := mime.ParseMediaType(declared)
	return err == nil && mediaType == "application/json"
}
