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
	"nanomon/tests/support/oidctest"
)

func settings(p *oidctest.Provider) config.Auth {
	return config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: "common", AuthIssuer: p.Issuer()}
}

func discardLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

// identityHandler responds with the identity of the request.
var identityHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id := FromContext(r.Context())
	fmt.Fprintf(w, "%s %d", id.Name, id.Scope)
})

func post(h http.Handler, authorization ...string) *httptest.ResponseRecorder {
	r, w := httptest.NewRequest("POST", "/api/monitors", nil), httptest.NewRecorder()
	r.Header["Authorization"] = authorization
	h.ServeHTTP(w, r)
	return w
}

func TestForgedTokensAreRejected(t *testing.T) {
	p := oidctest.New(t)
	var log bytes.Buffer
	m := NewMiddleware(settings(p), fakeKeys{}, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	protected := m.ProtectWrites(identityHandler)
	if got := post(protected, "Bearer "+p.Token(nil)); got.Code != 200 || got.Body.String() != "Ada Admin 2" {
		t.Fatalf("response to a valid token: %d %s", got.Code, got.Body)
	}
	for _, forgery := range p.Forgeries() {
		r, w := httptest.NewRequest("POST", "/api/monitors", nil), httptest.NewRecorder()
		forgery.Send(r)
		protected.ServeHTTP(w, r)
		forgery.Check(t, w.Code, w.Header(), w.Body.String())
	}
	// Metadata and keys: once for the valid token, and once for the tokens with unknown keys.
	if n := p.Requests(); n > 4 {
		t.Errorf("%d requests to the provider", n)
	}
	if log.Len() > 0 {
		t.Errorf("logged: %s", &log)
	}
}

// fakeKeys has one key of each scope, and one that can't be read because the store is unavailable.
type fakeKeys struct{}

func (fakeKeys) Identity(_ context.Context, key string) (Identity, error) {
	switch key {
	case "nm_reads":
		return Identity{Name: "reader", Scope: ScopeRead}, nil
	case "nm_writes":
		return Identity{Name: "writer", Scope: ScopeAdmin}, nil
	case "nm_unavailable":
		return Identity{}, fmt.Errorf("connect: %w", monitor.ErrUnavailable)
	}
	return Identity{}, ErrUnknownAPIKey
}

func TestProtection(t *testing.T) {
	p := oidctest.New(t)
	open, restricted := settings(p), settings(p)
	restricted.AuthProtectReads = true
	admin, unscoped, expired := "Bearer "+p.Token(nil), "Bearer "+p.Token(map[string]any{"scope": "openid"}), "Bearer "+p.Token(map[string]any{"exp": 1})
	for _, c := range []struct {
		name, authorization string
		// The responses of a protected route, a read-only one, and a read-only one with AUTH_PROTECT_READS.
		write, read, restrictedRead string
	}{
		{"nothing", "", "401", "200  0", "401"},
		{"another scheme", "Basic YTpi", "401", "200  0", "401"},
		{"an admin", admin, "200 Ada Admin 2", "200 Ada Admin 2", "200 Ada Admin 2"},
		{"lower case", strings.Replace(admin, "Bearer", "bearer", 1), "200 Ada Admin 2", "200 Ada Admin 2", "200 Ada Admin 2"},
		{"a token without a scope", unscoped, "403", "200 Ada Admin 0", "403"},
		{"an expired token", expired, "401", "401", "401"},
		{"a key with the scope read", "Bearer nm_reads", "403", "200 reader 1", "200 reader 1"},
		{"a key with the scope admin", "Bearer nm_writes", "200 writer 2", "200 writer 2", "200 writer 2"},
		{"an unknown key", "Bearer nm_guess", "401", "401", "401"},
		{"a key while the store is unavailable", "Bearer nm_unavailable", "503", "503", "503"},
	} {
		var values []string
		if c.authorization != "" {
			values = []string{c.authorization}
		}
		openReads, restrictedReads := NewMiddleware(open, fakeKeys{}, discardLogger()), NewMiddleware(restricted, fakeKeys{}, discardLogger())
		for _, route := range []struct {
			name string
			h    http.Handler
			want string
		}{
			{"write", openReads.ProtectWrites(identityHandler), c.write},
			{"read", openReads.ProtectReads(identityHandler), c.read},
			{"restricted read", restrictedReads.ProtectReads(identityHandler), c.restrictedRead},
		} {
			w := post(route.h, values...)
			got := fmt.Sprint(w.Code)
			if w.Code == 200 {
				got += " " + w.Body.String()
			}
			if got != route.want {
				t.Errorf("%s, %s: %s, want %s; %s", route.name, c.name, got, route.want, w.Body)
			}
		}
	}
}

func TestEverythingIsPermittedWhileSignInIsOff(t *testing.T) {
	m := NewMiddleware(config.Auth{}, nil, discardLogger())
	for _, authorization := range []string{"Bearer nonsense", "Basic YTpi", ""} {
		for _, h := range []http.Handler{m.ProtectWrites(identityHandler), m.ProtectReads(identityHandler)} {
			if got := post(h, authorization); got.Code != 200 || got.Body.String() != " 2" {
				t.Errorf("%q: %d %s", authorization, got.Code, got.Body)
			}
		}
	}
	if id := FromContext(t.Context()); id.Scope != ScopeNone {
		t.Errorf("identity without the middleware: %+v", id)
	}
}

func TestIdentityExpiresWithToken(t *testing.T) {
	p := oidctest.New(t)
	end := time.Now().Add(90 * time.Second).Truncate(time.Second)
	id, err := NewVerifier(settings(p), discardLogger()).Verify(t.Context(), p.Token(map[string]any{"exp": end.Unix()}))
	if err != nil || !id.Expires.Equal(end.Add(leeway)) {
		t.Errorf("%v, %v, want %v", id.Expires, err, end.Add(leeway))
	}
}
