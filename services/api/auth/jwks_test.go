package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nanomon/services/common/web"
	"nanomon/tests/support/oidctest"
)

// clock is the current time plus an offset.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func newTestVerifier(t *testing.T) (*oidctest.Provider, *clock, *Verifier) {
	t.Helper()
	p, c := oidctest.New(t), &clock{}
	return p, c, newVerifier(settings(p), discardLogger(), c.now)
}

func wantVerify(t *testing.T, v *Verifier, token string, want error) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != want {
		t.Errorf("%v, want %v", err, want)
	}
}

func wantUnavailable(t *testing.T, v *Verifier, token string) {
	t.Helper()
	var problem *web.Problem
	if _, err := v.Verify(t.Context(), token); !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable {
		t.Errorf("%v, want a problem with the status 503", err)
	}
}

func wantRequests(t *testing.T, p *oidctest.Provider, want int) {
	t.Helper()
	if n := p.Requests(); n != want {
		t.Errorf("%d requests to the provider, want %d", n, want)
	}
}

func TestKnownKeysStayWhileProviderIsUnavailable(t *testing.T) {
	p, c, v := newTestVerifier(t)
	token := p.Token(map[string]any{"exp": time.Now().Add(48 * time.Hour).Unix()})
	wantVerify(t, v, token, nil)
	p.SetUnavailable()
	c.advance(24 * time.Hour)
	if err := v.keys.refresh(t.Context(), 0); err == nil {
		t.Error("fetched keys from an unavailable provider")
	}
	wantVerify(t, v, token, nil)
	wantUnavailable(t, v, p.Signed(jwt.SigningMethodRS256, oidctest.Key{ID: "other", Private: p.Signing().Private}, nil, p.Claims(nil)))
}

func TestProviderMayStartLater(t *testing.T) {
	p, c, v := newTestVerifier(t)
	p.SetUnavailable()
	token := p.Token(nil)
	wantUnavailable(t, v, token)
	p.SetAvailable()
	wantUnavailable(t, v, token) // the last fetch was just now
	c.advance(unknownKeyInterval)
	wantVerify(t, v, token, nil)
}

func TestKeyRotation(t *testing.T) {
	p, c, v := newTestVerifier(t)
	old := p.Token(nil)
	wantVerify(t, v, old, nil)
	p.Rotate()
	wantVerify(t, v, old, nil) // the new keys are not fetched yet
	c.advance(unknownKeyInterval)
	wantVerify(t, v, p.Token(nil), nil)
	wantVerify(t, v, old, errUnknownSigningKey)
}

func TestForgedTokensDontOverloadProvider(t *testing.T) {
	p, c, v := newTestVerifier(t)
	forged := func(id string) string {
		return p.Signed(jwt.SigningMethodRS256, oidctest.Key{ID: id, Private: p.Signing().Private}, nil, p.Claims(nil))
	}
	tokens := []string{forged("a"), forged("b"), forged("c"), forged("d")}
	var clients sync.WaitGroup
	for i := range 40 {
		clients.Go(func() { wantVerify(t, v, tokens[i%len(tokens)], errUnknownSigningKey) })
	}
	clients.Wait()
	wantRequests(t, p, 2) // discovery and keys
	for range 20 {
		wantVerify(t, v, tokens[0], errUnknownSigningKey)
	}
	wantRequests(t, p, 2)
	c.advance(unknownKeyInterval)
	wantVerify(t, v, tokens[0], errUnknownSigningKey)
	wantRequests(t, p, 4)
	p.SetUnavailable()
	c.advance(unknownKeyInterval)
	for range 20 {
		wantUnavailable(t, v, tokens[0])
	}
	// The HTTP client retries once when a connection is lost.
	if n := p.Requests(); n > 6 {
		t.Errorf("%d requests to the unavailable provider", n-4)
	}
	wantVerify(t, v, p.Token(nil), nil)
}

func TestHangingProviderDelaysOnlyUnknownKeys(t *testing.T) {
	p, c, v := newTestVerifier(t)
	token := p.Token(nil)
	wantVerify(t, v, token, nil)
	p.SetHanging()
	v.keys.timeout = 200 * time.Millisecond
	c.advance(unknownKeyInterval)
	ctx, disconnect := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	unknown := p.Signed(jwt.SigningMethodRS256, oidctest.Key{ID: "new", Private: p.Signing().Private}, nil, p.Claims(nil))
	before := p.Requests()
	go func() {
		_, err := v.Verify(ctx, unknown)
		waiting <- err
	}()
	p.WaitForRequests(before + 1)
	disconnect() // the fetch goes on
	wantVerify(t, v, token, nil)
	select {
	case err := <-waiting:
		t.Errorf("did not wait for the provider: %v", err)
	default:
	}
	select {
	case err := <-waiting:
		if err == nil {
			t.Error("accepted a token with an unknown key")
		}
	case <-time.After(fetchTimeout):
		t.Error("the fetch has no timeout")
	}
}

func TestRunFetchesKeysAndStops(t *testing.T) {
	p, _, v := newTestVerifier(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		v.Run(ctx)
	}()
	p.WaitForRequests(2)
	wantVerify(t, v, p.Token(nil), nil)
	wantRequests(t, p, 2)
	stop()
	select {
	case <-ended:
	case <-time.After(fetchTimeout):
		t.Error("Run continues after the stop")
	}
}

func TestWrongIssuerIsLoggedOnce(t *testing.T) {
	p, c := oidctest.New(t), &clock{}
	var lines bytes.Buffer
	v := newVerifier(settings(p), slog.New(slog.NewTextHandler(&lines, nil)), c.now)
	p.SetIssuer(p.Issuer() + "/")
	for range 3 {
		wantUnavailable(t, v, p.Token(nil))
		c.advance(unknownKeyInterval)
	}
	if n := strings.Count(lines.String(), "level=WARN"); n != 1 || !strings.Contains(lines.String(), "AUTH_ISSUER is") ||
		!strings.Contains(lines.String(), "set AUTH_ISSUER to exactly that value") {
		t.Errorf("log has %d warnings:\n%s", n, &lines)
	}
	p.SetIssuer(p.Issuer())
	wantVerify(t, v, p.Token(nil), nil)
	if !strings.Contains(lines.String(), "sign-in provider's keys available again") {
		t.Errorf("log is:\n%s", &lines)
	}
	p.Publish()
	if err := v.keys.refresh(t.Context(), 0); err == nil {
		t.Error("accepted a provider without keys")
	}
}
