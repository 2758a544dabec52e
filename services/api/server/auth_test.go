package server

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
	"nanomon/tests/oidctest"
)

// group is who may use a route.
type group string

const (
	open      group = "open"
	reading   group = "reading"
	protected group = "protected"
)

// groups are those of all routes. What a new one does decides in which it must be: open is only what is needed before a sign-in.
var groups = map[string]group{
	"GET /api":        open,
	"GET /api/":       open,
	"GET /api/health": open,
	// It tells how to sign in.
	"GET /api/openapi.yaml": open,

	"GET /api/status":                reading,
	"GET /api/monitors":              reading,
	"GET /api/monitors/{id}":         reading,
	"GET /api/monitors/{id}/results": reading,
	"GET /api/monitors/{id}/stats":   reading,
	"GET /api/results":               reading,
	"GET /api/notifications":         reading,
	"GET /api/maintenance":           reading,
	"GET /api/maintenance/{id}":      reading,
	"GET /api/monitor-types":         reading,
	"GET /api/events":                reading,
	"GET /api/metrics":               reading,

	"POST /api/monitors":           protected,
	"DELETE /api/monitors":         protected,
	"PUT /api/monitors/{id}":       protected,
	"DELETE /api/monitors/{id}":    protected,
	"POST /api/monitors/import":    protected,
	"POST /api/monitors/check":     protected,
	"POST /api/monitors/{id}/run":  protected,
	"POST /api/rules/check":        protected,
	"DELETE /api/results":          protected,
	"POST /api/notifications/test": protected,
	"POST /api/maintenance":        protected,
	"PUT /api/maintenance/{id}":    protected,
	"DELETE /api/maintenance/{id}": protected,
	"GET /api/keys":                protected,
	"POST /api/keys":               protected,
	"DELETE /api/keys/{id}":        protected,
}

// newSignedIn is a server with sign-in at a provider.
func newSignedIn(p *oidctest.Provider, s Store, protectReads bool) *Server {
	return New(Config{
		StoreName: "sqlite", Origins: []string{"https://page.example"},
		Auth: config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: "common", AuthIssuer: p.Issuer(), AuthProtectReads: protectReads},
	}, s, newServer(s).types, slog.New(slog.DiscardHandler))
}

// request is one for a route, with a body that a protected one would take.
func request(route string) *http.Request {
	method, path, _ := strings.Cut(route, " ")
	body := ""
	switch path {
	case "/api/monitors", "/api/monitors/{id}":
		body = `{"name":"forged","type":"tcp","interval":"5s","target":"localhost:1"}`
	case "/api/monitors/import":
		body = `[{"name":"forged","type":"tcp","interval":"5s","target":"localhost:1"}]`
	case "/api/maintenance", "/api/maintenance/{id}":
		body = weeklyJSON
	case "/api/keys":
		body = `{"name":"forged","scope":"admin"}`
	}
	return httptest.NewRequest(method, strings.ReplaceAll(path, "{id}", idA), strings.NewReader(body))
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryRouteIsInAGroup(t *testing.T) {
	found := routesOf(t, newServer(openStore(t)))
	for _, route := range found {
		if groups[route] == "" {
			t.Errorf("nobody has said who may use %s", route)
		}
		if method, _, _ := strings.Cut(route, " "); groups[route] != protected && method != "GET" {
			t.Errorf("%s is not protected", route)
		}
	}
	if len(found) != len(groups) {
		t.Errorf("there are %d routes, and %d in groups", len(found), len(groups))
	}
}

func TestForgeriesAreRefusedOnEveryRoute(t *testing.T) {
	p, s := oidctest.New(t), openStore(t)
	a := &api{t: t, store: s}
	a.seed(3)
	monitors, results, forgeries := a.monitors(), a.results(), append(p.Forgeries(), forgedKeys(t, s)...)
	some, all := held(t, newSignedIn(p, s, false)), held(t, newSignedIn(p, s, true))
	for route, in := range groups {
		for _, forgery := range forgeries {
			for h, closed := range map[http.Handler]bool{some: in == protected, all: in != open} {
				if !closed {
					continue
				}
				r := request(route)
				forgery.Send(r)
				w := serve(h, r)
				t.Run(route, func(t *testing.T) { forgery.Check(t, w.Code, w.Header(), w.Body.String()) })
			}
		}
	}
	same(t, "monitors", a.monitors(), monitors)
	same(t, "results", a.results(), results)
	same(t, "checks", len(a.pending()), 0)
	same(t, "keys", len(a.keys()), 0)
}

func TestWhoMayUseARoute(t *testing.T) {
	p := oidctest.New(t)
	// The store is away, and the client gone: whoever is let in is answered at once, with something else than a 401 or a 403.
	gone, leave := context.WithCancel(t.Context())
	leave()
	some, all := held(t, newSignedIn(p, away{}, false)), held(t, newSignedIn(p, away{}, true))
	admin, expired := "Bearer "+p.Token(nil), "Bearer "+p.Token(map[string]any{"exp": 1})
	for route, in := range groups {
		for _, c := range []struct {
			name, authorization string
			refused             bool
		}{
			{"nothing", "", in == protected},
			{"an expired token", expired, in != open},
			{"an admin's token", admin, false},
		} {
			r := request(route).WithContext(gone)
			if c.authorization != "" {
				r.Header.Set("Authorization", c.authorization)
			}
			if w := serve(some, r); (w.Code == 401 || w.Code == 403) != c.refused {
				t.Errorf("%s with %s: %d %s", route, c.name, w.Code, w.Body)
			}
		}
		head := request(route)
		head.Method = "HEAD"
		if w := serve(all, head); in == reading && w.Code != 401 {
			t.Errorf("HEAD for %s is answered with %d while reading is protected", route, w.Code)
		}
	}
}

// TestAuthenticationComesFirst: who isn't let in doesn't learn what is there, or what would be wrong.
func TestAuthenticationComesFirst(t *testing.T) {
	h := held(t, newSignedIn(oidctest.New(t), openStore(t), true))
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/api/monitors/" + idOther, "", 401},
		{"GET", "/api/monitors/xyz", "", 401},
		{"GET", "/api/results?max=ten", "", 401},
		{"GET", "/api/results?cursor=%%%", "", 401},
		{"PUT", "/api/monitors/xyz", "{", 401},
		{"POST", "/api/monitors", "nonsense", 401},
		{"POST", "/api/monitors/import", strings.Repeat("x", 1<<20), 401},
		{"DELETE", "/api/maintenance/" + idOther, "", 401},
		{"DELETE", "/api/keys/xyz", "", 401},
		{"POST", "/api/keys", "{", 401},
		{"GET", "/api/nothing", "", 404},
		{"POST", "/api/nothing", "", 404},
		{"PATCH", "/api/monitors", "", 405},
		{"OPTIONS", "/api/monitors", "", 405},
	} {
		if w := serve(h, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))); w.Code != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
}

func TestOverTheWire(t *testing.T) {
	p := oidctest.New(t)
	server := newSignedIn(p, openStore(t), false)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	listening := httptest.NewServer(held(t, server))
	t.Cleanup(func() {
		listening.Close()
		stop()
		must(t, <-ended)
	})
	send := func(method, path, token string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, listening.URL+path, nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		must(t, err)
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	if got := send("DELETE", "/api/results", p.Token(nil)); got.StatusCode != 204 {
		t.Errorf("an admin is answered with %d", got.StatusCode)
	}
	if got := send("DELETE", "/api/results", strings.Repeat("a", 1<<20)); got.StatusCode != 401 && got.StatusCode != 431 {
		t.Errorf("a header of 1 MiB is answered with %d", got.StatusCode)
	}
	// A stream ends with its token, whose end has a minute of leeway.
	stream := send("GET", "/api/events", p.Token(map[string]any{"exp": time.Now().Add(-59 * time.Second).Unix()}))
	data, err := io.ReadAll(stream.Body)
	if stream.StatusCode != 200 || err != nil || !bytes.HasPrefix(data, []byte(": connected")) {
		t.Errorf("the stream is %d %q %v", stream.StatusCode, data, err)
	}
}

func TestTokensAreNotLogged(t *testing.T) {
	p := oidctest.New(t)
	var log bytes.Buffer
	s := openStore(t)
	server := New(Config{Auth: config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: "common", AuthIssuer: p.Issuer()}}, s,
		newServer(s).types, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	h := held(t, server)
	good := p.Token(nil)
	for _, token := range []string{good, newKey(t, s, store.KeyScopeAdmin), strings.Repeat("nm_", 15)} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			r := httptest.NewRequest(method, "/api/monitors?access_token="+token+"&key=nm_s3cret", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			serve(h, r)
		}
	}
	r := httptest.NewRequest("POST", "/api/keys", strings.NewReader(`{"name":"logged?","scope":"read"}`))
	r.Header.Set("Authorization", "Bearer "+good)
	if made := serve(h, r); made.Code != 200 {
		t.Errorf("a key is made with %d %s", made.Code, made.Body)
	}
	p.SetUnavailable()
	r = httptest.NewRequest("GET", "/api/monitors", nil)
	r.Header.Set("Authorization", "Bearer "+p.Signed(jwt.SigningMethodRS256, oidctest.Key{ID: "other", Private: p.Signing().Private}, nil, p.Claims(nil)))
	serve(h, r)
	if n := strings.Count(log.String(), "msg=request"); n != 11 {
		t.Errorf("%d requests are logged:\n%s", n, &log)
	}
	for _, secret := range []string{"eyJ", "nm_", "access_token"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %s:\n%s", secret, &log)
		}
	}
}
