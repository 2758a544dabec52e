package auth

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/tests/oidctest"
)

func settings(p *oidctest.Provider) config.Auth {
	return config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: "common", AuthIssuer: p.Issuer()}
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// whoami answers with the identity it sees.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id := From(r.Context())
	fmt.Fprintf(w, "%s %d", id.Name, id.Scope)
})

func ask(h http.Handler, authorization ...string) *httptest.ResponseRecorder {
	r, w := httptest.NewRequest("POST", "/api/monitors", nil), httptest.NewRecorder()
	r.Header["Authorization"] = authorization
	h.ServeHTTP(w, r)
	return w
}

func TestForgeriesAreRefused(t *testing.T) {
	p := oidctest.New(t)
	var log bytes.Buffer
	g := NewGate(settings(p), someKeys{}, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	protected := g.Protected(whoami)
	if got := ask(protected, "Bearer "+p.Token(nil)); got.Code != 200 || got.Body.String() != "Ada Admin 2" {
		t.Fatalf("a good token is answered with %d %s", got.Code, got.Body)
	}
	for _, forgery := range p.Forgeries() {
		r, w := httptest.NewRequest("POST", "/api/monitors", nil), httptest.NewRecorder()
		forgery.Send(r)
		protected.ServeHTTP(w, r)
		forgery.Check(t, w.Code, w.Header(), w.Body.String())
	}
	// Discovery and keys: once for the good token, and once more for those by unknown keys.
	if n := p.Requests(); n > 4 {
		t.Errorf("the provider was asked %d times", n)
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", &log)
	}
}

// someKeys knows one key of each scope, and one that the store is needed for.
type someKeys struct{}

func (someKeys) Identity(_ context.Context, key string) (Identity, error) {
	switch key {
	case "nm_reads":
		return Identity{Name: "reader", Scope: ScopeRead}, nil
	case "nm_writes":
		return Identity{Name: "writer", Scope: ScopeAdmin}, nil
	case "nm_away":
		return Identity{}, fmt.Errorf("connect: %w", monitor.ErrUnavailable)
	}
	return Identity{}, ErrUnknownKey
}

func TestGates(t *testing.T) {
	p := oidctest.New(t)
	on, closed := settings(p), settings(p)
	closed.AuthProtectReads = true
	admin, nobody, bad := "Bearer "+p.Token(nil), "Bearer "+p.Token(map[string]any{"scope": "openid"}), "Bearer "+p.Token(map[string]any{"exp": 1})
	for _, c := range []struct {
		name, authorization string
		// What the gates answer: that of protected routes, that of reading ones, and that of these when they are closed.
		protected, reading, closed string
	}{
		{"nothing", "", "401", "200  0", "401"},
		{"another scheme", "Basic YTpi", "401", "200  0", "401"},
		{"an admin", admin, "200 Ada Admin 2", "200 Ada Admin 2", "200 Ada Admin 2"},
		{"small letters", strings.Replace(admin, "Bearer", "bearer", 1), "200 Ada Admin 2", "200 Ada Admin 2", "200 Ada Admin 2"},
		{"somebody without a scope", nobody, "403", "200 Ada Admin 0", "403"},
		{"an expired token", bad, "401", "401", "401"},
		{"a key that reads", "Bearer nm_reads", "403", "200 reader 1", "200 reader 1"},
		{"a key that writes", "Bearer nm_writes", "200 writer 2", "200 writer 2", "200 writer 2"},
		{"a key that nobody made", "Bearer nm_guess", "401", "401", "401"},
		{"a key while the store is away", "Bearer nm_away", "503", "503", "503"},
	} {
		var values []string
		if c.authorization != "" {
			values = []string{c.authorization}
		}
		open, shut := NewGate(on, someKeys{}, silent()), NewGate(closed, someKeys{}, silent())
		for _, gate := range []struct {
			name string
			h    http.Handler
			want string
		}{
			{"protected", open.Protected(whoami), c.protected},
			{"reading", open.Reading(whoami), c.reading},
			{"closed reading", shut.Reading(whoami), c.closed},
		} {
			w := ask(gate.h, values...)
			got := fmt.Sprint(w.Code)
			if w.Code == 200 {
				got += " " + w.Body.String()
			}
			if got != gate.want {
				t.Errorf("%s, %s: %s, want %s; %s", gate.name, c.name, got, gate.want, w.Body)
			}
		}
	}
}

func TestEverythingIsOpenWhileSignInIsOff(t *testing.T) {
	g := NewGate(config.Auth{}, nil, silent())
	for _, authorization := range []string{"Bearer nonsense", "Basic YTpi", ""} {
		for _, h := range []http.Handler{g.Protected(whoami), g.Reading(whoami)} {
			if got := ask(h, authorization); got.Code != 200 || got.Body.String() != " 2" {
				t.Errorf("%q: %d %s", authorization, got.Code, got.Body)
			}
		}
	}
	if id := From(t.Context()); id.Scope != ScopeNone {
		t.Errorf("who passed no gate is %+v", id)
	}
}

func TestAnIdentityEndsWithItsToken(t *testing.T) {
	p := oidctest.New(t)
	end := time.Now().Add(90 * time.Second).Truncate(time.Second)
	id, err := NewVerifier(settings(p), silent()).Verify(t.Context(), p.Token(map[string]any{"exp": end.Unix()}))
	if err != nil || !id.Until.Equal(end.Add(leeway)) {
		t.Errorf("%v, %v, want %v", id.Until, err, end.Add(leeway))
	}
}
