package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/config"
	"nanomon/services/common/ratelimit"
	"nanomon/tests/support/oidctest"
)

func TestClientOf(t *testing.T) {
	proxies := config.Networks{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name    string
		proxies config.Networks
		peer    string
		headers []string
		want    string
	}{
		{"no proxy", nil, "192.0.2.1:5", nil, "192.0.2.1"},
		{"a forged header without a proxy", nil, "192.0.2.1:5", []string{"198.51.100.1"}, "192.0.2.1"},
		{"a forged header of an untrusted peer", proxies, "192.0.2.1:5", []string{"10.1.1.1"}, "192.0.2.1"},
		{"a trusted proxy", proxies, "10.1.1.1:5", []string{"192.0.2.1"}, "192.0.2.1"},
		{"a trusted proxy in IPv6 form", proxies, "[::ffff:10.1.1.1]:5", []string{"192.0.2.1"}, "192.0.2.1"},
		{"two trusted proxies", proxies, "10.1.1.1:5", []string{"192.0.2.1, 10.2.2.2"}, "192.0.2.1"},
		{"a forged first address", proxies, "10.1.1.1:5", []string{"203.0.113.9, 192.0.2.1"}, "192.0.2.1"},
		{"a forged first header", proxies, "10.1.1.1:5", []string{"203.0.113.9", "192.0.2.1,10.2.2.2"}, "192.0.2.1"},
		{"a client in IPv6 form", proxies, "10.1.1.1:5", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"no header of a trusted proxy", proxies, "10.1.1.1:5", nil, "10.1.1.1"},
		{"no address in the header", proxies, "10.1.1.1:5", []string{"203.0.113.9, unknown"}, "10.1.1.1"},
		{"only proxies in the header", proxies, "10.1.1.1:5", []string{"10.2.2.2"}, "10.1.1.1"},
		{"IPv6", nil, "[2001:db8:1:2:3::4]:5", nil, "2001:db8:1:2::/64"},
		{"IPv6 behind a proxy", proxies, "[fd00::1]:5", []string{"2001:db8:1:2::9"}, "2001:db8:1:2::/64"},
		{"IPv6 with a zone", nil, "[fe80::1%eth0]:5", nil, "fe80::/64"},
	} {
		var got string
		h := findAddress(c.proxies)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = clientOf(r) }))
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.headers
		h.ServeHTTP(nil, r)
		same(t, c.name, got, c.want)
		h.ServeHTTP(nil, r.WithContext(auth.NewContext(r.Context(), auth.Identity{ID: "key 1"})))
		same(t, c.name+", signed in", got, "key 1")
	}
}

// openStream opens an event stream and returns the status of the response. The stream ends when ctx does.
func (a *api) openStream(ctx context.Context) *http.Response {
	a.t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", a.url+"/api/events", nil)
	must(a.t, err)
	res, err := http.DefaultClient.Do(r)
	must(a.t, err)
	a.t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestStreamsOfAClientAreLimited(t *testing.T) {
	a := startAPI(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for n := range maxClientStreams {
		if res := a.openStream(ctx); res.StatusCode != 200 {
			t.Fatalf("stream %d gets %d", n, res.StatusCode)
		}
	}
	refused := a.openStream(ctx)
	if refused.StatusCode != 503 {
		t.Fatalf("stream %d gets %d", maxClientStreams+1, refused.StatusCode)
	}
	body, err := io.ReadAll(refused.Body)
	must(t, err)
	got := response{refused.StatusCode, refused.Header, body}
	got.wantProblem(t, 503, "too many event streams are open; read the results instead, and try again in a few seconds")
	same(t, "Retry-After", got.header.Get("Retry-After"), "2")
	a.do("GET", "/api/monitors", "").wantJSON(t, 200, "[]")

	leave()
	patient, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for a.openStream(patient).StatusCode != 200 {
	}
}

func TestStreamsAreLimitedInTotal(t *testing.T) {
	var l streamLimit
	for n := range maxStreams {
		if !l.open(fmt.Sprint(n)) {
			t.Fatalf("stream %d is refused", n)
		}
	}
	if l.open("another") || len(l.clients) != maxStreams {
		t.Errorf("%d clients have a stream", len(l.clients))
	}
	l.close("0")
	if !l.open("another") {
		t.Error("no stream is possible after another has ended")
	}
	for n := range maxStreams - 1 {
		l.close(fmt.Sprint(n + 1))
	}
	l.close("another")
	same(t, "clients", len(l.clients), 0)
	same(t, "total", l.total, 0)
}

// TestIdentitiesHaveTheirOwnLimits sends writes of two people and a key from one address.
func TestIdentitiesHaveTheirOwnLimits(t *testing.T) {
	p, s := oidctest.New(t), openStore(t)
	server := newSignedIn(p, s, false)
	now := time.Now()
	server.rateLimit = ratelimit.New(func() time.Time { return now }, writeRate, writeBurst) // on a slow machine, the limit would not be reached
	h := conformingHandler(t, server).(*conforming).handler
	send := func(token string) int {
		r := request("DELETE /api/monitors")
		r.Header.Set("Authorization", "Bearer "+token)
		return serve(h, r).Code
	}
	ada, bob := p.Token(map[string]any{"sub": "ada"}), p.Token(map[string]any{"sub": "bob"})
	for send(ada) != 429 {
	}
	for name, token := range map[string]string{"another person": bob, "a key": newKey(t, s, "admin")} {
		if code := send(token); code != 204 {
			t.Errorf("%s gets %d", name, code)
		}
	}
}
