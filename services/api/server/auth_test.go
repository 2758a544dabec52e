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
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
	"nanomon/tests/support/oidctest"
)

// group is the protection of a route.
type group string

const (
	open      group = "open"
	reading   group = "reading"
	private   group = "private"
	protected group = "protected"
)

// groups contains all routes. A route is open only if clients need it before they sign in.
var groups = map[string]group{
	"GET /api":        open,
	"GET /api/":       open,
	"GET /api/health": open,
	// It describes how to sign in.
	"GET /api/openapi.yaml": open,

	// Jobs have no token: the UUID in the path is the secret.
	"GET /api/push/{uuid}":               open,
	"POST /api/push/{uuid}":              open,
	"GET /api/push/{uuid}/start":         open,
	"POST /api/push/{uuid}/start":        open,
	"GET /api/push/{uuid}/fail":          open,
	"POST /api/push/{uuid}/fail":         open,
	"GET /api/push/{uuid}/log":           open,
	"POST /api/push/{uuid}/log":          open,
	"GET /api/push/{uuid}/{exitStatus}":  open,
	"POST /api/push/{uuid}/{exitStatus}": open,

	// Visitors do not sign in. They see what operators have published, some of it with a password.
	"GET /status/{slug}":                       open,
	"POST /status/{slug}":                      open,
	"GET /status/{slug}.json":                  open,
	"GET /status/{slug}.atom":                  open,
	"GET /status/{slug}/logo":                  open,
	"GET /badges/{slug}/{entry}/status.svg":    open,
	"GET /badges/{slug}/{entry}/uptime.svg":    open,
	"GET /badges/{slug}/{entry}/response.svg":  open,
	"GET /badges/{slug}/{entry}/status.json":   open,
	"GET /badges/{slug}/{entry}/uptime.json":   open,
	"GET /badges/{slug}/{entry}/response.json": open,

	"GET /api/status":                reading,
	"GET /api/monitors":              reading,
	"GET /api/monitors/{id}":         reading,
	"GET /api/monitors/{id}/results": reading,
	"GET /api/monitors/{id}/stats":   reading,
	"GET /api/monitors/{id}/outputs": reading,
	"GET /api/monitors/{id}/days":    reading,
	"GET /api/monitors/{id}/report":  reading,
	"GET /api/report":                reading,
	"GET /api/results":               reading,
	"GET /api/notifications":         reading,
	"GET /api/incidents":             reading,
	"GET /api/incidents/{id}":        reading,
	"GET /api/maintenance":           reading,
	"GET /api/maintenance/{id}":      reading,
	"GET /api/monitor-types":         reading,
	"GET /api/events":                reading,
	"GET /api/metrics":               reading,
	"GET /api/monitors/{id}/pings":   reading,

	// Pages with a password are not for everyone.
	"GET /api/status-pages":                         private,
	"GET /api/status-pages/{id}":                    private,
	"GET /api/status-pages/{id}/messages":           private,
	"GET /api/status-pages/{id}/messages/{message}": private,

	"POST /api/status-pages":                                 protected,
	"POST /api/status-pages/import":                          protected,
	"POST /api/status-pages/preview":                         protected,
	"PUT /api/status-pages/{id}":                             protected,
	"DELETE /api/status-pages/{id}":                          protected,
	"POST /api/status-pages/{id}/messages":                   protected,
	"PUT /api/status-pages/{id}/messages/{message}":          protected,
	"DELETE /api/status-pages/{id}/messages/{message}":       protected,
	"POST /api/status-pages/{id}/messages/{message}/updates": protected,

	"POST /api/monitors":                   protected,
	"PATCH /api/monitors":                  protected,
	"DELETE /api/monitors":                 protected,
	"PUT /api/monitors/{id}":               protected,
	"DELETE /api/monitors/{id}":            protected,
	"POST /api/monitors/import":            protected,
	"POST /api/monitors/check":             protected,
	"POST /api/monitors/{id}/run":          protected,
	"POST /api/rules/check":                protected,
	"POST /api/schedules/check":            protected,
	"GET /api/monitors/{id}/ping-url":      protected,
	"POST /api/monitors/{id}/ping-url":     protected,
	"POST /api/rules/evaluate":             protected,
	"POST /api/monitors/{id}/silence":      protected,
	"POST /api/incidents/{id}/acknowledge": protected,
	"DELETE /api/results":                  protected,
	"POST /api/notifications/test":         protected,
	"POST /api/maintenance":                protected,
	"PUT /api/maintenance/{id}":            protected,
	"DELETE /api/maintenance/{id}":         protected,
	"GET /api/keys":                        protected,
	"POST /api/keys":                       protected,
	"DELETE /api/keys/{id}":                protected,
}

// newSignedIn returns a server with sign-in at a provider.
func newSignedIn(p *oidctest.Provider, s Store, protectReads bool) *Server {
	return New(Config{
		StoreName: "sqlite", Origins: []string{"https://page.example"},
		Auth: config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: "common", AuthIssuer: p.Issuer(), AuthProtectReads: protectReads},
	}, s, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
}

// request returns a request for a route, with a valid body.
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
	case "/api/status-pages", "/api/status-pages/{id}", "/api/status-pages/preview":
		body = pageJSON
	case "/api/status-pages/import":
		body = "[" + pageJSON + "]"
	case "/api/status-pages/{id}/messages", "/api/status-pages/{id}/messages/{message}":
		body = messageJSON
	case "/api/status-pages/{id}/messages/{message}/updates":
		body = updateJSON
	case "/api/keys":
		body = `{"name":"forged","scope":"admin"}`
	case "/api/monitors/{id}/silence":
		body = `{"duration":"1h"}`
	case "/api/incidents/{id}/acknowledge":
		body, path = `{"note":"forged"}`, strings.Replace(path, "{id}", "{id}-1", 1)
	case "/api/incidents/{id}":
		path += "-1"
	}
	if method == http.MethodPatch {
		body = `{"ids":["` + idA + `"],"set":{"group":"forged"}}`
	}
	path = strings.NewReplacer("{id}", idA, "{message}", idB, "{uuid}", canary, "{exitStatus}", "3").Replace(path)
	return httptest.NewRequest(method, path, strings.NewReader(body))
}

func isPing(route string) bool { return strings.Contains(route, web.PingPath) }

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryRouteHasAGroup(t *testing.T) {
	found := routesOf(t, newServer(openStore(t)))
	for _, route := range found {
		if groups[route] == "" {
			t.Errorf("%s has no group", route)
		}
		if method, _, _ := strings.Cut(route, " "); groups[route] != protected && method != "GET" && !isPing(route) && route != "POST /status/{slug}" {
			t.Errorf("%s is not protected", route)
		}
	}
	if len(found) != len(groups) {
		t.Errorf("%d routes, but %d in groups", len(found), len(groups))
	}
}

func TestForgedTokensAreRejectedOnEveryRoute(t *testing.T) {
	p, s := oidctest.New(t), openStore(t)
	a := &api{t: t, store: s}
	a.seed(3)
	monitors, results, forgeries := a.monitors(), a.results(), append(p.Forgeries(), forgedKeys(t, s)...)
	openReads, protectedReads := conformingHandler(t, newSignedIn(p, s, false)), conformingHandler(t, newSignedIn(p, s, true))
	for route, in := range groups {
		for _, forgery := range forgeries {
			for h, restricted := range map[http.Handler]bool{openReads: in == protected || in == private, protectedReads: in != open} {
				if !restricted {
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

func TestRouteProtection(t *testing.T) {
	p := oidctest.New(t)
	// With an unavailable store and a canceled request, every permitted request ends at once, with a status that is
	// neither 401 nor 403.
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	openReads, protectedReads := conformingHandler(t, newSignedIn(p, unavailableStore{}, false)), conformingHandler(t, newSignedIn(p, unavailableStore{}, true))
	admin, expired := "Bearer "+p.Token(nil), "Bearer "+p.Token(map[string]any{"exp": 1})
	for route, in := range groups {
		for _, c := range []struct {
			name, authorization string
			rejected            bool
		}{
			{"nothing", "", in == protected || in == private},
			{"an expired token", expired, in != open},
			{"an admin's token", admin, false},
		} {
			r := request(route).WithContext(canceled)
			if c.authorization != "" {
				r.Header.Set("Authorization", c.authorization)
			}
			if w := serve(openReads, r); (w.Code == 401 || w.Code == 403) != c.rejected {
				t.Errorf("%s with %s: %d %s", route, c.name, w.Code, w.Body)
			}
		}
		head := request(route)
		head.Method = "HEAD"
		if w := serve(protectedReads, head); (in == reading || in == private) && w.Code != 401 {
			t.Errorf("HEAD %s gets %d while reads are protected", route, w.Code)
		}
	}
}

// TestAuthenticationComesFirst checks that unauthenticated clients learn neither which resources exist nor which input
// is invalid.
func TestAuthenticationComesFirst(t *testing.T) {
	h := conformingHandler(t, newSignedIn(oidctest.New(t), openStore(t), true))
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
		{"GET", "/api/status-pages/xyz", "", 401},
		{"PUT", "/api/status-pages/xyz", "{", 401},
		{"GET", "/api/status-pages/" + idOther + "/messages/xyz", "", 401},
		{"DELETE", "/api/keys/xyz", "", 401},
		{"POST", "/api/keys", "{", 401},
		{"GET", "/api/nothing", "", 404},
		{"POST", "/api/nothing", "", 404},
		{"PATCH", "/api/monitors", "{", 401},
		{"PATCH", "/api/results", "", 405},
		{"OPTIONS", "/api/monitors", "", 405},
	} {
		if w := serve(h, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))); w.Code != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
}

func TestSignInOverHTTP(t *testing.T) {
	p := oidctest.New(t)
	server := newSignedIn(p, openStore(t), false)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	testServer := httptest.NewServer(conformingHandler(t, server))
	t.Cleanup(func() {
		testServer.Close()
		stop()
		must(t, <-ended)
	})
	send := func(method, path, token string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, testServer.URL+path, nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(r)
		must(t, err)
		t.Cleanup(func() { response.Body.Close() })
		return response
	}
	if got := send("DELETE", "/api/results", p.Token(nil)); got.StatusCode != 204 {
		t.Errorf("an admin gets %d", got.StatusCode)
	}
	if got := send("DELETE", "/api/results", strings.Repeat("a", 1<<20)); got.StatusCode != 401 && got.StatusCode != 431 {
		t.Errorf("a header of 1 MiB gets %d", got.StatusCode)
	}
	// The stream ends when the token expires, which has a minute of leeway. A busy machine needs a longer one to open it.
	var stream *http.Response
	for _, left := range []time.Duration{2 * time.Second, 10 * time.Second, time.Minute} {
		stream = send("GET", "/api/events", p.Token(map[string]any{"exp": time.Now().Add(left - time.Minute).Unix()}))
		if stream.StatusCode == 200 {
			break
		}
	}
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
		probe.All(probe.Guard{}), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	h := conformingHandler(t, server)
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
	if created := serve(h, r); created.Code != 200 {
		t.Errorf("creation of a key: %d %s", created.Code, created.Body)
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
			t.Errorf("the log contains %s:\n%s", secret, &log)
		}
	}
}
