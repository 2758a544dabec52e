package server

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/probe"
	"nanomon/services/common/ratelimit"
	"nanomon/services/common/web"
	"nanomon/tests/support/oidctest"
)

func TestForeignPages(t *testing.T) {
	const body = `{"name":"forged","type":"tcp","interval":"5s","target":"localhost:1"}`
	p, s := oidctest.New(t), openStore(t)
	off := newServer(s)
	restricted := New(Config{Origins: []string{"https://page.example"}}, s, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
	closed := New(Config{Auth: config.Auth{AuthClientID: "x", AuthTenant: "common", AuthIssuer: p.Issuer()}}, s, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
	for name, c := range map[string]struct {
		server *Server
		origin string
		// allowed reports whether the page of the origin may use the API.
		allowed bool
	}{
		"sign-in is off":                     {off, "https://evil.example", false},
		"sign-in is off, another port":       {off, "http://localhost:8001", true},
		"sign-in is off, another scheme":     {off, "https://localhost:8001", false},
		"sign-in is off, origins are set":    {restricted, "https://evil.example", false},
		"origins are set, another port":      {restricted, "http://localhost:8001", false},
		"sign-in is off, a permitted origin": {restricted, "https://page.example", true},
		"sign-in is on, no origins are set":  {closed, "https://page.example", false},
		"sign-in is on, another port":        {closed, "http://localhost:8001", false},
		"sign-in is on, origins are set":     {newSignedIn(p, s, true), "https://evil.example", false},
		"sign-in is on, a permitted origin":  {newSignedIn(p, s, true), "https://page.example", true},
	} {
		want := map[bool]string{true: c.origin}[c.allowed]
		h := conformingHandler(t, c.server)
		for _, method := range []string{"OPTIONS", "POST", "GET"} {
			r := httptest.NewRequest(method, "/api/monitors", strings.NewReader(body))
			r.Host = "localhost:8000"
			r.Header.Set("Origin", c.origin)
			if method == "OPTIONS" {
				r.Header.Set("Access-Control-Request-Method", "PUT")
			}
			r.Header.Set("Content-Type", "text/plain")
			w := serve(h, r)
			status := map[string]int{"OPTIONS": 204, "POST": map[bool]int{true: 415, false: 403}[c.allowed], "GET": w.Code}[method]
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != want || w.Code != status {
				t.Errorf("%s, %s: %d, allowed is %q, want %d and %q", name, method, w.Code, got, status, want)
			}
		}
	}
	if monitors, err := s.Monitors(t.Context()); err != nil || len(monitors) > 0 {
		t.Errorf("monitors were created: %v, %v", monitors, err)
	}
}

// TestEveryChangeIsRefused sends each request that changes something from a page of another site. Only pings are permitted.
func TestEveryChangeIsRefused(t *testing.T) {
	server := newServer(unavailableStore{})
	h := conformingHandler(t, server)
	for _, route := range routesOf(t, server) {
		if strings.HasPrefix(route, "GET ") {
			continue
		}
		for _, sent := range [][2]string{{"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}} {
			r := request(route)
			r.Header.Set(sent[0], sent[1])
			if w := serve(h, r); isPing(route) {
				same(t, route, w.Code, 503)
			} else if w.Code != 403 || !strings.Contains(w.Body.String(), "CORS_ORIGINS") && !strings.Contains(w.Body.String(), "another site") {
				t.Errorf("%s with %v: %d %s", route, sent, w.Code, w.Body)
			}
		}
	}
}

func TestHostsAreChecked(t *testing.T) {
	p, s, log := oidctest.New(t), openStore(t), slog.New(slog.DiscardHandler)
	off := New(Config{Hosts: web.NewHosts(nil, log)}, s, probe.All(probe.Guard{}), log)
	on := New(Config{Hosts: web.NewHosts(nil, log), Auth: config.Auth{AuthClientID: "x", AuthTenant: "common", AuthIssuer: p.Issuer()}}, s, probe.All(probe.Guard{}), log)
	for _, path := range []string{"/api/", "/api/health", "/api/metrics", "/api/status", "/api/monitors", "/api/events"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = "attacker.example:8000"
		if w := serve(conformingHandler(t, off), r); w.Code != 421 || !strings.Contains(w.Body.String(), "ALLOWED_HOSTS") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	r := httptest.NewRequest("GET", "/api/monitors", nil)
	r.Host = "nanomon.example.org"
	if w := serve(conformingHandler(t, on), r); w.Code != 200 {
		t.Errorf("while sign-in is on: %d %s", w.Code, w.Body)
	}
}

func TestSecurityHeaders(t *testing.T) {
	h := conformingHandler(t, newSignedIn(oidctest.New(t), openStore(t), true))
	for _, path := range []string{"/api/", "/api/monitors", "/api/nothing"} {
		got := serve(h, httptest.NewRequest("GET", path, nil)).Header()
		for name, want := range map[string]string{
			"Cache-Control":           "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			"Referrer-Policy":         "no-referrer",
			"X-Content-Type-Options":  "nosniff",
		} {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.Get(name))
			}
		}
		if got.Get("X-Request-Id") == "" || got.Get("Set-Cookie") != "" {
			t.Errorf("%s: headers are %v", path, got)
		}
	}
}

func TestWritesAreLimited(t *testing.T) {
	p := oidctest.New(t)
	server := newSignedIn(p, unavailableStore{}, false)
	now := time.Now()
	server.rateLimit = ratelimit.New(func() time.Time { return now }, writeRate, writeBurst)
	h := conformingHandler(t, server)
	send := func(method, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/api/results", nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return serve(h, r)
	}
	token := p.Token(nil)
	for range 2 * writeBurst { // rejected requests don't count
		send("DELETE", "")
	}
	writes := func() (sent int) {
		for send("DELETE", token).Code == 503 {
			sent++
		}
		return sent
	}
	if n := writes(); n != writeBurst {
		t.Errorf("%d writes at once", n)
	}
	w := send("DELETE", token)
	if w.Code != 429 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "more than 100 changes a second; try again in a second") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := send("GET", token); w.Code != 503 {
		t.Errorf("a read gets %d", w.Code)
	}
	now = now.Add(time.Second)
	if n := writes(); n != writeRate {
		t.Errorf("%d writes after a second", n)
	}
	for i := range ratelimit.MaxKeys + 1 {
		server.rateLimit.Wait(fmt.Sprint(i))
	}
	if n := server.rateLimit.Len(); n != ratelimit.MaxKeys {
		t.Errorf("%d clients have a limiter", n)
	}
}

func TestWritesAreNotLimitedWhileSignInIsOff(t *testing.T) {
	h := conformingHandler(t, newServer(unavailableStore{}))
	for range writeBurst + 1 {
		if w := serve(h, httptest.NewRequest("DELETE", "/api/results", nil)); w.Code != 503 {
			t.Fatalf("response has the status %d", w.Code)
		}
	}
}
