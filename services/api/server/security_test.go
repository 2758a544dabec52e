package server

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/config"
	"nanomon/tests/oidctest"
)

func TestCORS(t *testing.T) {
	p, s := oidctest.New(t), openStore(t)
	off := newServer(s)
	restricted := New(Config{Origins: []string{"https://page.example"}}, s, off.types, slog.New(slog.DiscardHandler))
	closed := New(Config{Auth: config.Auth{AuthClientID: "x", AuthTenant: "common", AuthIssuer: p.Issuer()}}, s, off.types, slog.New(slog.DiscardHandler))
	for name, c := range map[string]struct {
		server *Server
		origin string
		want   string
	}{
		"sign-in is off":                     {off, "https://evil.example", "*"},
		"sign-in is off, origins are set":    {restricted, "https://evil.example", ""},
		"sign-in is off, a permitted origin": {restricted, "https://page.example", "https://page.example"},
		"sign-in is on, no origins are set":  {closed, "https://page.example", ""},
		"sign-in is on, origins are set":     {newSignedIn(p, s, true), "https://evil.example", ""},
		"sign-in is on, a permitted origin":  {newSignedIn(p, s, true), "https://page.example", "https://page.example"},
	} {
		for _, method := range []string{"OPTIONS", "PUT", "GET"} {
			r := httptest.NewRequest(method, "/api/monitors", nil)
			r.Header.Set("Origin", c.origin)
			if method == "OPTIONS" {
				r.Header.Set("Access-Control-Request-Method", "PUT")
			}
			w := serve(conformingHandler(t, c.server), r)
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != c.want || method == "OPTIONS" && w.Code != 204 {
				t.Errorf("%s, %s: %d, allowed is %q, want %q", name, method, w.Code, got, c.want)
			}
		}
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
	server.rateLimit.now = func() time.Time { return now }
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
	for i := range maxClients + 1 {
		server.rateLimit.limiter(fmt.Sprint(i))
	}
	if n := server.rateLimit.clients.Len(); n != maxClients {
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
