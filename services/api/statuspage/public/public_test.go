package public_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"golang.org/x/crypto/bcrypt"

	"nanomon/services/api/statuspage"
	"nanomon/services/api/statuspage/public"
	"nanomon/services/api/statuspage/render"
	"nanomon/services/api/statuspage/view"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/web"
)

const secret = "open sesame"

// pages contains status pages by slug; nil if they are not loaded yet.
type pages map[string]*statuspage.Published

func (p pages) IsReady() bool { return p != nil }

func (p pages) Page(slug string) *statuspage.Published { return p[slug] }

func (p pages) OfHost(host string) *statuspage.Published {
	for page := range maps.Values(p) {
		for _, name := range page.Page.Hosts {
			if name == host {
				return page
			}
		}
	}
	return nil
}

// published returns a page with one entry.
func published(p document.Page) *statuspage.Published {
	ms := 12.5
	v := &view.Page{
		Slug: p.Slug, Title: p.Title, Show: p.Show, Zone: time.UTC, NoIndex: p.NoIndex, HasLogo: p.Logo != "",
		Sections: []view.Section{{Entries: []view.Entry{{ID: "1f2e3d4c", Name: "Payments", Level: view.Operational,
			Uptimes: map[string]float64{"24h": 100, "30d": 99.5}, Response: &ms}}}},
	}
	result := &statuspage.Published{
		Page: p, View: v, HTML: statuspage.NewBody(render.TypeHTML, render.Page(v)), JSON: statuspage.NewBody(render.TypeJSON, render.JSON(v)),
		Atom: statuspage.NewBody(render.TypeAtom, render.Atom(v)),
	}
	if p.Logo != "" {
		result.Logo = statuspage.NewBody("image/png", []byte("\x89PNG\r\n\x1a\n"))
	}
	return result
}

func examples(t *testing.T) pages {
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	list := pages{}
	for _, p := range []document.Page{
		{ID: "65a50000000000000000000a", Slug: "shop", Title: "Shop", Visibility: document.Public, Logo: "data:", NoIndex: true,
			Show: document.Show{Uptime: true, ResponseTime: true}, Hosts: []string{"status.shop.example"}},
		{ID: "65a50000000000000000000b", Slug: "plain", Title: "Plain", Visibility: document.Public},
		{ID: "65a50000000000000000000c", Slug: "inner", Title: "Inner", Visibility: document.Password, PasswordHash: string(hash), Logo: "data:",
			Show: document.Show{Uptime: true, ResponseTime: true}, Hosts: []string{"inner.example"}},
		{ID: "65a50000000000000000000d", Slug: "odd", Title: "Odd", Visibility: "odd"},
	} {
		list[p.Slug] = published(p)
	}
	return list
}

// handlerOf returns the handler of pages, with the middleware of the API that matters here. Paths of the API respond with
// 418.
func handlerOf(list public.Pages) http.Handler { return handlerAt(time.Now, list) }

func handlerAt(now func() time.Time, list public.Pages) http.Handler {
	h := public.New(list, func(r *http.Request) string { return r.RemoteAddr }, now)
	router := chi.NewRouter()
	router.Use(web.SecurityHeaders, h.Restrict, middleware.GetHead)
	h.Mount(router)
	router.Get("/api/*", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	return router
}

// send sends a request. The header is given as pairs of name and value; From is the address of the client.
func send(h http.Handler, method, target, body string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		if header[i] == "From" {
			r.RemoteAddr = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func textOf(t *testing.T, r *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const form = "application/x-www-form-urlencoded"

// enter sends the password form and returns the response.
func enter(h http.Handler, slug, password string, header ...string) *http.Response {
	body := url.Values{"password": {password}}.Encode()
	return send(h, "POST", "/status/"+slug, body, append([]string{"Content-Type", form}, header...)...)
}

func TestResponses(t *testing.T) {
	h := handlerOf(examples(t))
	const badge = "/badges/shop/1f2e3d4c/"
	for _, c := range []struct {
		path        string
		status      int
		kind, cache string
		cors        string
	}{
		{"/status/shop", 200, render.TypeHTML, "public, max-age=10", ""},
		{"/status/shop.json", 200, render.TypeJSON, "public, max-age=10", "*"},
		{"/status/shop.atom", 200, render.TypeAtom, "public, max-age=10", "*"},
		{"/status/shop/logo", 200, "image/png", "public, max-age=60", "*"},
		{"/status/plain/logo", 404, "application/problem+json", "no-store", "*"},
		{badge + "status.svg", 200, render.TypeSVG, "public, max-age=60", "*"},
		{badge + "uptime.svg", 200, render.TypeSVG, "public, max-age=60", "*"},
		{badge + "uptime.svg?window=24h", 200, render.TypeSVG, "public, max-age=60", "*"},
		{badge + "uptime.svg?window=", 400, "application/problem+json", "no-store", "*"},
		{badge + "uptime.json?window=1y", 400, "application/problem+json", "no-store", "*"},
		{badge + "response.svg", 200, render.TypeSVG, "public, max-age=60", "*"},
		{badge + "status.json", 200, render.TypeJSON, "public, max-age=60", "*"},
		{badge + "uptime.json", 200, render.TypeJSON, "public, max-age=60", "*"},
		{badge + "response.json", 200, render.TypeJSON, "public, max-age=60", "*"},
		{"/badges/shop/00000000/status.svg", 404, "application/problem+json", "no-store", "*"},
		// What a page does not show has no badge either.
		{"/badges/plain/1f2e3d4c/status.svg", 200, render.TypeSVG, "public, max-age=60", "*"},
		{"/badges/plain/1f2e3d4c/uptime.svg", 404, "application/problem+json", "no-store", "*"},
		{"/badges/plain/1f2e3d4c/uptime.json?window=x", 404, "application/problem+json", "no-store", "*"},
		{"/badges/plain/1f2e3d4c/response.json", 404, "application/problem+json", "no-store", "*"},
		{"/status/nothing", 404, render.TypeHTML, "no-store", ""},
		{"/status/nothing.json", 404, "application/problem+json", "no-store", "*"},
		{"/status/0.5.json", 404, "application/problem+json", "no-store", "*"},
		{"/status/Shop", 404, render.TypeHTML, "no-store", ""},
		// A page with a password, or of unknown visibility.
		{"/status/inner", 401, render.TypeHTML, "private, no-store", ""},
		{"/status/inner.json", 401, "application/problem+json", "private, no-store", ""},
		{"/status/inner.atom", 401, "application/problem+json", "private, no-store", ""},
		{"/status/inner/logo", 401, "application/problem+json", "private, no-store", ""},
		{"/badges/inner/1f2e3d4c/status.svg", 404, "application/problem+json", "no-store", "*"},
		{"/status/odd", 401, render.TypeHTML, "private, no-store", ""},
		{"/badges/odd/1f2e3d4c/status.svg", 404, "application/problem+json", "no-store", "*"},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			got := send(h, method, c.path, "", "Origin", "https://other.example")
			head := got.Header
			if got.StatusCode != c.status || head.Get("Content-Type") != c.kind || head.Get("Cache-Control") != c.cache ||
				head.Get("Access-Control-Allow-Origin") != c.cors || head.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s %s: %d %v", method, c.path, got.StatusCode, head)
			}
			if head.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(head.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s %s: %v", method, c.path, head)
			}
			if (head.Get("WWW-Authenticate") != "") != (c.status == 401) || head.Get("Set-Cookie") != "" {
				t.Errorf("%s %s: %v", method, c.path, head)
			}
		}
	}
}

// TestBadgesOfOldPages checks that badges know that their page is old.
func TestBadgesOfOldPages(t *testing.T) {
	list := examples(t)
	list["shop"].View.Since = time.Unix(0, 0)
	for path, want := range map[string]string{"status.json": "not updated", "uptime.json": "99.5 %", "response.json": "12 ms"} {
		got := textOf(t, send(handlerOf(list), "GET", "/badges/shop/1f2e3d4c/"+path, ""))
		if !strings.Contains(got, want+`","color":"lightgrey"`) {
			t.Errorf("%s is %s", path, got)
		}
	}
}

func TestContentIsConditional(t *testing.T) {
	h := handlerOf(examples(t))
	for _, path := range []string{"/status/shop", "/status/shop.json", "/status/shop.atom", "/status/shop/logo", "/badges/shop/1f2e3d4c/status.svg"} {
		tags := map[string]bool{}
		for _, encoding := range []string{"", "gzip", "br"} {
			first := send(h, "GET", path, "", "Accept-Encoding", encoding)
			tag := first.Header.Get("ETag")
			tags[tag+first.Header.Get("Content-Encoding")] = true
			if !strings.HasPrefix(tag, `"`) || first.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: %v", path, first.Header)
			}
			again := send(h, "GET", path, "", "Accept-Encoding", encoding, "If-None-Match", tag)
			if again.StatusCode != 304 || textOf(t, again) != "" || again.Header.Get("ETag") != tag || again.Header.Get("Cache-Control") != first.Header.Get("Cache-Control") {
				t.Errorf("%s with its ETag: %d %v", path, again.StatusCode, again.Header)
			}
		}
		if path == "/status/shop" && len(tags) != 3 {
			t.Errorf("%s has the tags %v", path, tags)
		}
	}
	for _, header := range [][2]string{{"If-None-Match", "*"}, {"If-None-Match", `"x"`}} {
		if got := send(h, "GET", "/status/inner.json", "", header[0], header[1]); got.StatusCode != 401 {
			t.Errorf("a page with a password and %v: %d", header, got.StatusCode)
		}
	}
}

func TestSearchEngines(t *testing.T) {
	h := handlerOf(examples(t))
	for path, want := range map[string]string{
		"/status/shop": "noindex", "/status/shop.json": "noindex", "/badges/shop/1f2e3d4c/status.svg": "noindex", "/status/plain": "",
		"/status/inner": "noindex", "/status/inner.json": "noindex",
	} {
		if got := send(h, "GET", path, "").Header.Get("X-Robots-Tag"); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestPagesOfOtherSites(t *testing.T) {
	h := handlerOf(examples(t))
	for path, want := range map[string]string{"/status/shop": "*", "/status/inner": "'none'", "/status/nothing": "'none'"} {
		policy := send(h, "GET", path, "").Header.Get("Content-Security-Policy")
		if !strings.HasSuffix(policy, "frame-ancestors "+want) {
			t.Errorf("%s: %s", path, policy)
		}
	}
	// The answer to a preflight request does not say whether a page exists or has a password.
	for path, want := range map[string]string{
		"/status/shop.json": "*", "/status/inner.json": "*", "/status/nothing.json": "*", "/status/shop.atom": "*",
		"/badges/nothing/1f2e3d4c/status.svg": "*", "/status/shop": "", "/status/inner": "", "/status/nothing": "",
	} {
		got := send(h, "OPTIONS", path, "", "Origin", "https://other.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "if-none-match")
		allowed := got.Header.Get("Access-Control-Allow-Methods")
		if got.StatusCode != 204 || got.Header.Get("Access-Control-Allow-Origin") != want || (allowed == "GET, HEAD") != (want == "*") || strings.Contains(allowed, "POST") {
			t.Errorf("preflight of %s: %d %v", path, got.StatusCode, got.Header)
		}
	}
}

func TestBeforePagesAreLoaded(t *testing.T) {
	h := handlerOf(pages(nil))
	for path, kind := range map[string]string{
		"/status/shop": render.TypeHTML, "/status/shop.json": "application/problem+json", "/badges/shop/1f2e3d4c/status.svg": "application/problem+json",
	} {
		got := send(h, "GET", path, "")
		if got.StatusCode != 503 || got.Header.Get("Content-Type") != kind || got.Header.Get("Retry-After") != "2" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", path, got.StatusCode, got.Header)
		}
	}
	if got := enter(h, "inner", secret); got.StatusCode != 503 {
		t.Errorf("a password: %d", got.StatusCode)
	}
}
