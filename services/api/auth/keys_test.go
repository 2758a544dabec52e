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
	"nanomon/tests/oidctest"
)

// clock is the time, which moves only when it is told to.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func newProvided(t *testing.T) (*oidctest.Provider, *clock, *Verifier) {
	t.Helper()
	p, c := oidctest.New(t), &clock{}
	return p, c, newVerifier(settings(p), silent(), c.now)
}

func verify(t *testing.T, v *Verifier, token string, want error) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != want {
		t.Errorf("%v, want %v", err, want)
	}
}

func unavailable(t *testing.T, v *Verifier, token string) {
	t.Helper()
	var problem *web.Problem
	if _, err := v.Verify(t.Context(), token); !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable {
		t.Errorf("%v, want a problem with the status 503", err)
	}
}

func requests(t *testing.T, p *oidctest.Provider, want int) {
	t.Helper()
	if n := p.Requests(); n != want {
		t.Errorf("the provider was asked %d times, want %d", n, want)
	}
}

func TestKnownKeysOutliveTheProvider(t *testing.T) {
	p, c, v := newProvided(t)
	good := p.Token(map[string]any{"exp": time.Now().Add(48 * time.Hour).Unix()})
	verify(t, v, good, nil)
	p.SetUnavailable()
	c.advance(24 * time.Hour)
	if err := v.keys.refresh(t.Context(), 0); err == nil {
		t.Error("keys were read while the provider was away")
	}
	verify(t, v, good, nil)
	unavailable(t, v, p.Signed(jwt.SigningMethodRS256, oidctest.Key{ID: "other", Private: p.Signing().Private}, nil, p.Claims(nil)))
}

func TestTheProviderMayComeLater(t *testing.T) {
	p, c, v := newProvided(t)
	p.SetUnavailable()
	good := p.Token(nil)
	unavailable(t, v, good)
	p.SetAvailable()
	unavailable(t, v, good) // it was tried just now
	c.advance(unknownTime)
	verify(t, v, good, nil)
}

func TestKeysRotate(t *testing.T) {
	p, c, v := newProvided(t)
	old := p.Token(nil)
	verify(t, v, old, nil)
	p.Rotate()
	verify(t, v, old, nil) // nobody said so yet
	c.advance(unknownTime)
	verify(t, v, p.Token(nil), nil)
	verify(t, v, old, unknownKey)
}

func TestForgedTokensDontBecomeTheProvidersLoad(t *testing.T) {
	p, c, v := newProvided(t)
	forged := func(id string) string {
		return p.Signed(jwt.SigningMethodRS256, oidctest.Key{ID: id, Private: p.Signing().Private}, nil, p.Claims(nil))
	}
	tokens := []string{forged("a"), forged("b"), forged("c"), forged("d")}
	var everyone sync.WaitGroup
	for i := range 40 {
		everyone.Go(func() { verify(t, v, tokens[i%len(tokens)], unknownKey) })
	}
	everyone.Wait()
	requests(t, p, 2) // discovery and keys
	for range 20 {
		verify(t, v, tokens[0], unknownKey)
	}
	requests(t, p, 2)
	c.advance(unknownTime)
	verify(t, v, tokens[0], unknownKey)
	requests(t, p, 4)
	p.SetUnavailable()
	c.advance(unknownTime)
	for range 20 {
		unavailable(t, v, tokens[0])
	}
	// A connection that breaks off is tried a second time by the client.
	if n := p.Requests(); n > 6 {
		t.Errorf("the provider was asked %d times while it was away", n-4)
	}
	verify(t, v, p.Token(nil), nil)
}

func TestAHangingProviderHoldsUpOnlyWhoNeedsIt(t *testing.T) {
	p, c, v := newProvided(t)
	good := p.Token(nil)
	verify(t, v, good, nil)
	p.SetHanging()
	v.keys.patience = 200 * time.Millisecond
	c.advance(unknownTime)
	ctx, hangUp := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	unknown := p.Signed(jwt.SigningMethodRS256, oidctest.Key{ID: "new", Private: p.Signing().Private}, nil, p.Claims(nil))
	before := p.Requests()
	go func() {
		_, err := v.Verify(ctx, unknown)
		waiting <- err
	}()
	p.WaitForRequests(before + 1)
	hangUp() // what others wait for goes on
	verify(t, v, good, nil)
	select {
	case err := <-waiting:
		t.Errorf("the provider wasn't waited for: %v", err)
	default:
	}
	select {
	case err := <-waiting:
		if err == nil {
			t.Error("an unknown key is good")
		}
	case <-time.After(fetchTime):
		t.Error("the provider is waited for without an end")
	}
}

func TestRunFetchesBeforeTheFirstTokenAndStops(t *testing.T) {
	p, _, v := newProvided(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		v.Run(ctx)
	}()
	p.WaitForRequests(2)
	verify(t, v, p.Token(nil), nil)
	requests(t, p, 2)
	stop()
	select {
	case <-ended:
	case <-time.After(fetchTime):
		t.Error("it goes on after the stop")
	}
}

func TestADisagreeingProviderIsExplainedOnce(t *testing.T) {
	p, c := oidctest.New(t), &clock{}
	var lines bytes.Buffer
	v := newVerifier(settings(p), slog.New(slog.NewTextHandler(&lines, nil)), c.now)
	p.SetIssuer(p.Issuer() + "/")
	for range 3 {
		unavailable(t, v, p.Token(nil))
		c.advance(unknownTime)
	}
	if n := strings.Count(lines.String(), "level=WARN"); n != 1 || !strings.Contains(lines.String(), "AUTH_ISSUER is") ||
		!strings.Contains(lines.String(), "set it to exactly that") {
		t.Errorf("log has %d warnings:\n%s", n, &lines)
	}
	p.SetIssuer(p.Issuer())
	verify(t, v, p.Token(nil), nil)
	if !strings.Contains(lines.String(), "can be read again") {
		t.Errorf("log is:\n%s", &lines)
	}
	p.Publish()
	if err := v.keys.refresh(t.Context(), 0); err == nil {
		t.Error("a provider without keys is taken for one")
	}
}
