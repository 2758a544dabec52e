package host_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"

	"nanomon/docs"
	"nanomon/frontend"
	"nanomon/services/common/config"
	"nanomon/services/frontend/host"
)

var script = strings.Repeat("export const answer = 42;\n", 100)

func app() fstest.MapFS {
	return fstest.MapFS{
		"index.html":     {Data: []byte("<!doctype html><title>page</title>")},
		"app.js":         {Data: []byte(script)},
		"styles/a.css":   {Data: []byte("a { color: red }")},
		"icon.svg":       {Data: []byte("<svg/>")},
		"lib/types.d.ts": {Data: []byte("export default 1;")},
	}
}

func newHost(t *testing.T, cfg host.Config) http.Handler {
	t.Helper()
	h, err := host.New(cfg, app(), docs.Files(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// request sends one request. The header is given as pairs of name and value.
func request(h http.Handler, method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func textOf(t *testing.T, r io.Reader) string {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestResponses(t *testing.T) {
	h := newHost(t, host.Config{APIEndpoint: "/api"})
	for _, c := range []struct {
		method, path string
		status       int
		contentType  string
		body         string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "<!doctype html>"},
		{"GET", "/index.html", 200, "text/html; charset=utf-8", "<!doctype html>"},
		{"GET", "/app.js", 200, "text/javascript; charset=utf-8", "export const"},
		{"HEAD", "/app.js", 200, "text/javascript; charset=utf-8", ""},
		{"GET", "/styles/a.css", 200, "text/css; charset=utf-8", "a {"},
		{"GET", "/icon.svg", 200, "image/svg+xml", "<svg/>"},
		{"GET", "/lib/types.d.ts", 404, "text/plain; charset=utf-8", "nothing"},
		{"GET", "/nothing", 404, "text/plain; charset=utf-8", "nothing"},
		{"GET", "/styles", 404, "text/plain; charset=utf-8", "nothing"},
		{"GET", "/apidocs", 404, "text/plain; charset=utf-8", "nothing"},
		{"GET", "/../app.js", 404, "text/plain; charset=utf-8", "nothing"},
		{"POST", "/", 405, "text/plain; charset=utf-8", "only GET and HEAD"},
		{"DELETE", "/config", 405, "text/plain; charset=utf-8", "only GET and HEAD"},
		{"GET", "/api", 404, "application/problem+json", `"status":404`},
		{"GET", "/api/monitors", 404, "application/problem+json", `"instance":"/api/monitors"`},
		{"POST", "/api/monitors", 404, "application/problem+json", `"detail":"the API is not on this port`},
	} {
		answer := request(h, c.method, c.path)
		body := textOf(t, answer.Body)
		if answer.StatusCode != c.status || answer.Header.Get("Content-Type") != c.contentType || !strings.Contains(body, c.body) {
			t.Errorf("%s %s: %d %q %q", c.method, c.path, answer.StatusCode, answer.Header.Get("Content-Type"), body)
		}
	}
}

// TestSecurityHeaders checks that everything has the security headers that browsers can show as a document. An SVG image
// can contain scripts, and an error is a document, too.
func TestSecurityHeaders(t *testing.T) {
	h := newHost(t, host.Config{APIEndpoint: "/api"})
	for target, isDocument := range map[string]bool{
		"GET /": true, "HEAD /index.html": true, "GET /icon.svg": true, "GET /config.json": true, "GET /nothing": true,
		"GET /nothing.js": true, "GET /api": true, "POST /": true, "GET /app.js": false, "HEAD /app.js": false, "GET /styles/a.css": false,
	} {
		method, file, _ := strings.Cut(target, " ")
		header := request(h, method, file).Header
		if got := header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options is %q", target, got)
		}
		for _, name := range []string{"Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy"} {
			if (header.Get(name) != "") != isDocument {
				t.Errorf("%s: %s is %q, wanted: %v", target, name, header.Get(name), isDocument)
			}
		}
	}
}

func TestCompressionIsNegotiated(t *testing.T) {
	h := newHost(t, host.Config{APIEndpoint: "/api"})
	for accepted, want := range map[string]string{
		"": "", "gzip": "gzip", "deflate, GZIP;q=0.5": "gzip", "gzip, deflate, br": "br", "br;q=0, gzip;q=0.0": "", "br": "br", "gzip;q=x": "",
	} {
		answer := request(h, "GET", "/app.js", "Accept-Encoding", accepted)
		if got := answer.Header.Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: Content-Encoding is %q, want %q", accepted, got, want)
			continue
		}
		if answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary is %q", accepted, answer.Header.Get("Vary"))
		}
		var body io.Reader = answer.Body
		switch want {
		case "br":
			body = brotli.NewReader(answer.Body)
		case "gzip":
			var err error
			if body, err = gzip.NewReader(answer.Body); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(script, textOf(t, body)); diff != "" {
			t.Errorf("Accept-Encoding %q: %s", accepted, diff)
		}
	}
	if got := request(h, "GET", "/icon.svg", "Accept-Encoding", "gzip, br").Header.Get("Content-Encoding"); got != "" {
		t.Errorf("a file that doesn't get smaller is sent as %q", got)
	}
}

func TestContentLength(t *testing.T) {
	server := httptest.NewServer(newHost(t, host.Config{APIEndpoint: "/api"}))
	defer server.Close()
	get := func(method, encoding string) (length int64, body string) {
		request, err := http.NewRequest(method, server.URL+"/app.js", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", encoding)
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.ContentLength, textOf(t, answer.Body)
	}
	for _, encoding := range []string{"br", "gzip", "identity"} {
		length, body := get("GET", encoding)
		if int64(len(body)) != length {
			t.Errorf("%s: %d bytes sent, Content-Length %d", encoding, len(body), length)
		}
		if without, body := get("HEAD", encoding); without != length || body != "" {
			t.Errorf("%s: HEAD has Content-Length %d, want %d, and the body %q", encoding, without, length, body)
		}
	}
}

func TestRevalidation(t *testing.T) {
	h := newHost(t, host.Config{APIEndpoint: "/api"})
	plain := request(h, "GET", "/app.js").Header.Get("ETag")
	zipped := request(h, "GET", "/app.js", "Accept-Encoding", "gzip").Header.Get("ETag")
	small := request(h, "GET", "/app.js", "Accept-Encoding", "br").Header.Get("ETag")
	if plain == "" || plain == zipped || plain == small || zipped == small || strings.HasPrefix(plain, "W/") {
		t.Fatalf("ETags %q, %q and %q: want three strong ones", plain, zipped, small)
	}
	for _, c := range []struct {
		method, encoding, match string
		status                  int
	}{
		{"GET", "", plain, 304},
		{"HEAD", "", plain, 304},
		{"GET", "gzip", zipped, 304},
		{"GET", "gzip", `"old", ` + zipped, 304},
		{"GET", "br", small, 304},
		{"GET", "", zipped, 200},
		{"GET", "", `"old"`, 200},
	} {
		answer := request(h, c.method, "/app.js", "Accept-Encoding", c.encoding, "If-None-Match", c.match)
		if answer.StatusCode != c.status {
			t.Errorf("%+v: %d", c, answer.StatusCode)
		}
		if answer.Header.Get("Cache-Control") != "no-cache" || answer.Header.Get("ETag") == "" {
			t.Errorf("%+v: Cache-Control %q, ETag %q", c, answer.Header.Get("Cache-Control"), answer.Header.Get("ETag"))
		}
	}
}

func TestConfig(t *testing.T) {
	h := newHost(t, host.Config{APIEndpoint: "/api", Version: "1.2.3", BuildInfo: "today", Auth: config.Auth{
		AuthClientID: "client", AuthTenant: "common", AuthIssuer: "https://id.example.com/shop", AuthAudience: "nanomon", AuthProtectReads: true,
	}})
	want := map[string]any{
		"API_ENDPOINT": "/api", "AUTH_CLIENT_ID": "client", "AUTH_TENANT": "common", "AUTH_ISSUER": "https://id.example.com/shop",
		"AUTH_AUDIENCE": "nanomon", "AUTH_PROTECT_READS": true, "VERSION": "1.2.3", "BUILD_INFO": "today",
	}
	for _, p := range []string{"/config", "/config.json"} {
		answer := request(h, "GET", p)
		var got map[string]any
		if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", p, diff)
		}
		if answer.Header.Get("Content-Type") != "application/json" || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", p, answer.Header)
		}
	}
}

func TestInvalidConfig(t *testing.T) {
	for name, c := range map[string]struct {
		endpoint string
		app      fstest.MapFS
		want     string
	}{
		"no path, no URL":    {"api", app(), `API_ENDPOINT "api" is neither a path such as /api nor an http or https URL`},
		"empty":              {"", app(), `API_ENDPOINT "" is neither`},
		"a host for a path":  {"//example.com", app(), "API_ENDPOINT"},
		"another scheme":     {"ftp://example.com", app(), "API_ENDPOINT"},
		"a second directive": {"https://a;script-src", app(), "API_ENDPOINT"},
		"no page":            {"/api", fstest.MapFS{}, "the page's files have no index.html"},
	} {
		_, err := host.New(host.Config{APIEndpoint: c.endpoint}, c.app, docs.Files(), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

var (
	linked   = regexp.MustCompile(`(?:href|src)="\./([^"]+)"`)
	imported = regexp.MustCompile(`(?m)^(?:import|\}).* ?'(\.[^']+)';$`)
	view     = regexp.MustCompile(`(?m)^  '?([\w-]+)'?: \{\s+title: `)
	dynamic  = regexp.MustCompile(`import\('\./([^']+)'\)`)
)

// page reads the embedded page like a browser. It does not read the libraries, which only a build copies into the page.
type page struct {
	t    *testing.T
	host http.Handler
}

func newPage(t *testing.T) page {
	h, err := host.New(host.Config{APIEndpoint: "/api"}, frontend.App(), docs.Files(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return page{t, h}
}

// read returns the content of a file. A missing file fails the test.
func (p page) read(file, namedBy string) string {
	answer := request(p.host, "GET", "/"+file)
	if answer.StatusCode != http.StatusOK {
		p.t.Errorf("%s names %s, which is not there", namedBy, file)
		return ""
	}
	return textOf(p.t, answer.Body)
}

// imports adds a module, and all modules that it imports, to modules.
func (p page) imports(file, namedBy string, modules map[string]bool) {
	if modules[file] {
		return
	}
	modules[file] = true
	if strings.HasPrefix(file, "lib/") {
		return
	}
	for _, match := range imported.FindAllStringSubmatch(p.read(file, namedBy), -1) {
		p.imports(path.Join(path.Dir(file), match[1]), file, modules)
	}
}

// TestPageIsPreloaded checks that index.html preloads exactly the modules of the first view: a missing one costs a round
// trip.
func TestPageIsPreloaded(t *testing.T) {
	p, named, needed := newPage(t), map[string]bool{}, map[string]bool{"early.js": true}
	p.imports("app.js", "index.html", needed)
	p.imports("views/list/list.js", "views.js", needed)
	for _, match := range linked.FindAllStringSubmatch(p.read("index.html", "the host"), -1) {
		file := match[1]
		named[file] = true
		if !strings.HasPrefix(file, "lib/") {
			p.read(file, "index.html")
		}
		if path.Ext(file) == ".js" && !needed[file] {
			t.Errorf("index.html preloads %s, which the first view doesn't need", file)
		}
	}
	for module := range needed {
		if !named[module] {
			t.Errorf("index.html doesn't preload %s", module)
		}
	}
}

func TestViewsAreComplete(t *testing.T) {
	p := newPage(t)
	source := p.read("views.js", "app.js")
	for _, match := range dynamic.FindAllStringSubmatch(source, -1) {
		p.imports(match[1], "views.js", map[string]bool{})
	}
	views := view.FindAllStringSubmatch(source, -1)
	if len(views) < 11 {
		t.Errorf("views.js has only %d views", len(views))
	}
	for _, match := range views {
		p.read("views/"+match[1]+"/"+match[1]+".html", "views.js")
		p.read("views/"+match[1]+"/"+match[1]+".css", "views.js")
	}
}
