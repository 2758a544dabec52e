package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nanomon/services/common/web"
)

// pageRequest is a request that a web page may have sent.
type pageRequest struct {
	method, host string
	header       http.Header
	body         string
}

// header returns headers, given as pairs of name and value.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// send returns the response of a service that answers 418 to what gets through.
func (p pageRequest) send(pages web.Pages) *httptest.ResponseRecorder {
	r, w := httptest.NewRequest(p.method, "/", strings.NewReader(p.body)), httptest.NewRecorder()
	r.Host, r.Header = p.host, p.header
	pages.Allow(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })).ServeHTTP(w, r)
	return w
}

func TestPages(t *testing.T) {
	sameHost := web.Pages{SameHost: true}
	listed := web.Pages{Origins: []string{"https://page.example", "http://localhost:8001"}}
	closed := web.Pages{}
	for name, c := range map[string]struct {
		pages  web.Pages
		host   string
		header http.Header
		// changes reports whether POST gets through.
		changes bool
		// allowed is the expected header Access-Control-Allow-Origin.
		allowed string
	}{
		"no page":           {closed, "api.example", header(), true, ""},
		"a typed address":   {closed, "api.example", header("Sec-Fetch-Site", "none"), true, ""},
		"an extension":      {sameHost, "localhost:8000", header("Sec-Fetch-Site", "none", "Origin", "chrome-extension://abc"), false, ""},
		"an unknown site":   {sameHost, "localhost:8000", header("Sec-Fetch-Site", "galaxy"), false, ""},
		"the own page":      {closed, "localhost:8000", header("Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:8000"), true, ""},
		"the own page, GET": {closed, "localhost:8000", header("Sec-Fetch-Site", "same-origin"), true, ""},
		"the own page behind a TLS proxy that rewrites Host":     {closed, "backend", header("Sec-Fetch-Site", "same-origin", "Origin", "https://nanomon.example"), true, ""},
		"the own page in a network":                              {closed, "nas.lan:8001", header("Origin", "http://nas.lan:8001"), true, ""},
		"the own page in upper case":                             {closed, "NAS.lan:8001", header("Origin", "http://nas.LAN:8001"), true, ""},
		"the own page on the default port":                       {closed, "nas.lan:80", header("Origin", "http://nas.lan"), true, ""},
		"the own page on an IPv6 address":                        {closed, "[fd00::1]:8001", header("Origin", "http://[fd00::1]:8001"), true, ""},
		"the own page with a trailing dot":                       {closed, "nas.lan.:8001", header("Origin", "http://nas.lan.:8001"), true, ""},
		"the own page behind a TLS proxy, old browser":           {closed, "nanomon.example", header("Origin", "https://nanomon.example", "X-Forwarded-Proto", "https,http"), true, ""},
		"the own page behind a proxy that rewrites Host":         {sameHost, "127.0.0.1:8000", header("Origin", "http://nas.lan"), false, ""},
		"the own page behind a proxy that rewrites Host, listed": {web.Pages{Origins: []string{"http://nas.lan"}}, "127.0.0.1:8000", header("Origin", "http://nas.lan"), true, "http://nas.lan"},
		"another port":                                   {sameHost, "localhost:8000", header("Sec-Fetch-Site", "same-site", "Origin", "http://localhost:8001"), true, "http://localhost:8001"},
		"another port in a network":                      {sameHost, "192.0.2.7:8000", header("Origin", "http://192.0.2.7:8001"), true, "http://192.0.2.7:8001"},
		"another port on an IPv6 address":                {sameHost, "[::1]:8000", header("Origin", "http://[::1]:8001"), true, "http://[::1]:8001"},
		"another port behind a TLS proxy":                {sameHost, "nas.lan:8443", header("Sec-Fetch-Site", "same-site", "Origin", "https://nas.lan"), true, "https://nas.lan"},
		"another port, closed":                           {closed, "localhost:8000", header("Sec-Fetch-Site", "same-site", "Origin", "http://localhost:8001"), false, ""},
		"another port, not listed":                       {listed, "localhost:8000", header("Origin", "http://localhost:8002"), false, ""},
		"another scheme":                                 {sameHost, "nas.lan:8000", header("Origin", "https://nas.lan:8001"), false, ""},
		"another scheme, same host and port":             {sameHost, "nas.lan", header("Origin", "https://nas.lan"), false, ""},
		"another scheme behind a TLS proxy":              {sameHost, "nas.lan", header("Sec-Fetch-Site", "cross-site", "Origin", "http://nas.lan"), false, ""},
		"another scheme behind a TLS proxy, old browser": {sameHost, "nas.lan", header("X-Forwarded-Proto", "https", "Origin", "http://nas.lan"), false, ""},
		"another host":                                   {sameHost, "localhost:8000", header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"), false, ""},
		"another host in a network":                      {sameHost, "nas.lan:8000", header("Origin", "http://evil.example:8000"), false, ""},
		"a neighbour":                                    {sameHost, "nanomon.example.org", header("Sec-Fetch-Site", "same-site", "Origin", "https://shop.example.org"), false, ""},
		"a longer name":                                  {sameHost, "nas.lan:8000", header("Origin", "http://nas.lan.evil.example:8000"), false, ""},
		"a name with user information":                   {sameHost, "nas.lan:8000", header("Origin", "http://nas.lan:8000@evil.example"), false, ""},
		"no origin, cross-site":                          {sameHost, "localhost:8000", header("Sec-Fetch-Site", "cross-site"), false, ""},
		"no origin, same-site":                           {sameHost, "localhost:8000", header("Sec-Fetch-Site", "same-site"), false, ""},
		"the origin null":                                {sameHost, "localhost:8000", header("Origin", "null"), false, ""},
		"the origin null, cross-site":                    {listed, "localhost:8000", header("Sec-Fetch-Site", "cross-site", "Origin", "null"), false, ""},
		"the origin *":                                   {sameHost, "localhost:8000", header("Origin", "*"), false, ""},
		"an origin that is no URL":                       {sameHost, "localhost:8000", header("Origin", "http://[::1"), false, ""},
		"a listed origin":                                {listed, "api.example", header("Sec-Fetch-Site", "cross-site", "Origin", "https://page.example"), true, "https://page.example"},
		"a listed origin in upper case":                  {listed, "api.example", header("Origin", "HTTPS://Page.example"), true, "https://page.example"},
		"a listed origin on another port":                {listed, "api.example", header("Origin", "https://page.example:8443"), false, ""},
		"a listed origin with another scheme":            {listed, "api.example", header("Origin", "http://page.example"), false, ""},
		"a forwarded host":                               {sameHost, "localhost:8000", header("Origin", "https://evil.example", "X-Forwarded-Host", "evil.example"), false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for method, reads := range map[string]bool{
				"GET": true, "HEAD": true, "OPTIONS": true, "POST": false, "PUT": false, "PATCH": false, "DELETE": false,
			} {
				w := pageRequest{method, c.host, c.header, ""}.send(c.pages)
				if (w.Code == 418) != (reads || c.changes) {
					t.Errorf("%s: status %d %s", method, w.Code, w.Body)
				}
				checkCORS(t, method, w.Header(), c.allowed, false)
			}
			preflight := pageRequest{"OPTIONS", c.host, c.header.Clone(), ""}
			preflight.header.Set("Access-Control-Request-Method", "PUT")
			w := preflight.send(c.pages)
			if w.Code != 204 {
				t.Errorf("preflight: status %d", w.Code)
			}
			checkCORS(t, "preflight", w.Header(), c.allowed, c.allowed != "")
		})
	}
}

// checkCORS checks the CORS headers of a response.
func checkCORS(t *testing.T, what string, h http.Header, origin string, methods bool) {
	t.Helper()
	if h.Get("Access-Control-Allow-Origin") != origin || h.Get("Vary") != "Origin" || h.Get("Access-Control-Allow-Credentials") != "" ||
		(h.Get("Access-Control-Allow-Headers") == "Content-Type, Authorization, If-Match, If-None-Match") != methods ||
		strings.Contains(h.Get("Access-Control-Allow-Methods"), "DELETE") != methods ||
		strings.HasPrefix(h.Get("Access-Control-Expose-Headers"), "Date, ETag, Link,") != (origin != "" && !methods) {
		t.Errorf("%s: headers %v, want the origin %q", what, h, origin)
	}
}

func TestPagesMustSendJSON(t *testing.T) {
	own := []string{"Origin", "http://nas.lan", "Sec-Fetch-Site", "same-origin"}
	for _, c := range []struct {
		contentType, body string
		status            int
	}{
		{"application/json", "{}", 418},
		{"Application/JSON; charset=utf-8", "{}", 418},
		{"", "", 418},
		{"", "{}", 415},
		{"text/plain", "{}", 415},
		{"text/plain", "", 415},
		{"text/plain; a=application/json", "{}", 415},
		{"application/x-www-form-urlencoded", "a=b", 415},
		{"multipart/form-data; boundary=application/json", "{}", 415},
		{"application/json, text/plain", "{}", 415},
		{"text/json", "{}", 415},
	} {
		for _, sent := range [][]string{own, own[:2], own[2:], nil} {
			want, h := c.status, header(sent...)
			if sent == nil {
				want = 418
			}
			if c.contentType != "" {
				h.Set("Content-Type", c.contentType)
			}
			w := pageRequest{"POST", "nas.lan", h, c.body}.send(web.Pages{})
			if w.Code != want || want == 415 && !strings.Contains(w.Body.String(), "web pages must send JSON: set Content-Type to application/json") {
				t.Errorf("%v with %q: %d %s", h, c.body, w.Code, w.Body)
			}
		}
	}
}

func TestRefusalSaysWhatToSet(t *testing.T) {
	for origin, detail := range map[string]string{
		"http://nas.lan": `pages of "http://nas.lan" can't change anything here: add this origin to CORS_ORIGINS`,
		"null":           "pages of other sites can't change anything here; CORS_ORIGINS lists the origins that can",
	} {
		w := pageRequest{"POST", "127.0.0.1:8000", header("Origin", origin), "{}"}.send(web.Pages{})
		var problem web.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != 403 || problem.Detail != detail ||
			!strings.Contains(problem.Hint, "proxy_set_header Host $http_host;") {
			t.Errorf("%s: %d %s", origin, w.Code, w.Body)
		}
	}
}

// TestIsFromForeignPage also checks that only [web.IsFromForeignPage] ignores the port and the scheme, because a proxy may
// hide them.
func TestIsFromForeignPage(t *testing.T) {
	for name, c := range map[string]struct {
		host             string
		header           http.Header
		foreign, refused bool
	}{
		"no page":                               {"a.example", header(), false, false},
		"the own page":                          {"a.example", header("Origin", "http://a.example"), false, false},
		"a proxy drops the port":                {"a.example", header("Origin", "http://a.example:8080"), false, true},
		"a proxy ends TLS":                      {"a.example", header("Origin", "https://a.example"), false, true},
		"a proxy does both":                     {"A.example", header("Origin", "https://a.example:8443"), false, true},
		"a proxy adds its own port":             {"a.example:8000", header("Origin", "https://a.example"), false, true},
		"an IPv6 address":                       {"[::1]", header("Origin", "http://[::1]:8080"), false, true},
		"a proxy that rewrites Host":            {"backend", header("Origin", "https://a.example", "Sec-Fetch-Site", "same-origin"), false, false},
		"a proxy that rewrites Host, no header": {"backend", header("Origin", "https://a.example"), true, true},
		"another port":                          {"a.example", header("Origin", "http://a.example:8080", "Sec-Fetch-Site", "same-site"), true, true},
		"another scheme":                        {"a.example", header("Origin", "http://a.example", "Sec-Fetch-Site", "cross-site"), true, true},
		"another name":                          {"a.example", header("Origin", "http://b.example"), true, true},
		"a longer name":                         {"a.example", header("Origin", "http://a.example.evil.example"), true, true},
		"a name above":                          {"a.example", header("Origin", "http://example"), true, true},
		"a name with user information":          {"a.example", header("Origin", "http://a.example:80@evil.example"), true, true},
		"the origin null":                       {"null", header("Origin", "null"), true, true},
		"no host":                               {"", header("Origin", "null"), true, true},
		"only another site":                     {"a.example", header("Sec-Fetch-Site", "same-site"), true, true},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Host, r.Header = c.host, c.header
		if got := web.IsFromForeignPage(r); got != c.foreign {
			t.Errorf("%s: foreign is %v", name, got)
		}
		if w := (pageRequest{"POST", c.host, c.header, ""}).send(web.Pages{}); (w.Code == 403) != c.refused {
			t.Errorf("%s: the API answers %d", name, w.Code)
		}
	}
}
