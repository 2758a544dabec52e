// Package oidctest provides an OpenID Connect provider on the loopback interface, which signs any token for a test, and a
// table of requests with forged credentials.
package oidctest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// ClientID is the audience in [Provider.Claims].
const ClientID = "nanomon-client"

// Provider is an OpenID Connect provider that publishes its keys and signs tokens with them.
type Provider struct {
	t      *testing.T
	server *httptest.Server
	stop   chan struct{}

	mu sync.Mutex
	// received is signaled at each request.
	received *sync.Cond
	mode     mode
	requests int
	issuer   string
	keys     []Key
}

type mode int

const (
	available mode = iota
	unavailable
	hanging
)

// Key is a signing key with the properties that the provider publishes.
type Key struct {
	ID      string
	Private crypto.Signer
	// Use is the published use of the key: for signatures, for encryption, or unspecified.
	Use jwkset.USE
}

// New starts a provider with one RSA key.
func New(t *testing.T) *Provider {
	t.Helper()
	p := &Provider{t: t, stop: make(chan struct{})}
	p.received = sync.NewCond(&p.mu)
	p.server = httptest.NewServer(p)
	p.issuer = p.server.URL
	t.Cleanup(func() {
		close(p.stop)
		p.server.Close()
	})
	p.Rotate()
	return p
}

// Issuer returns the URL of the provider. It is also the issuer in the tokens.
func (p *Provider) Issuer() string { return p.server.URL }

// SetIssuer sets the issuer in the discovery document.
func (p *Provider) SetIssuer(issuer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.issuer = issuer
}

// Rotate replaces the published keys with a new one.
func (p *Provider) Rotate() {
	p.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Publish(Key{ID: fmt.Sprintf("key-%d", time.Now().UnixNano()), Private: key, Use: jwkset.UseSig})
}

// Publish replaces the published keys. The provider signs with the first one.
func (p *Provider) Publish(keys ...Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = keys
}

// Signing returns the key with which the provider signs.
func (p *Provider) Signing() Key {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[0]
}

// SetUnavailable makes the provider close every connection without a response until [Provider.SetAvailable].
func (p *Provider) SetUnavailable() { p.setMode(unavailable) }

// SetHanging makes the provider accept requests without a response until [Provider.SetAvailable]. Requests that hang
// then stay open until the client cancels them or the test ends.
func (p *Provider) SetHanging() { p.setMode(hanging) }

// SetAvailable makes the provider respond again.
func (p *Provider) SetAvailable() { p.setMode(available) }

func (p *Provider) setMode(m mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = m
}

// Requests returns the number of requests so far, including those without a response.
func (p *Provider) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// WaitForRequests waits until [Provider.Requests] is at least n.
func (p *Provider) WaitForRequests(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.requests < n {
		p.received.Wait()
	}
}

// ServeHTTP serves the discovery document, and the keys at every other path.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.requests++
	p.received.Broadcast()
	mode, issuer, keys := p.mode, p.issuer, p.keys
	p.mu.Unlock()
	switch mode {
	case unavailable:
		panic(http.ErrAbortHandler)
	case hanging:
		select {
		case <-r.Context().Done():
		case <-p.stop:
		}
		panic(http.ErrAbortHandler)
	}
	var document any = map[string]string{"issuer": issuer, "jwks_uri": p.server.URL + "/keys"}
	if !strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
		document = keySet(p.t, keys)
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(document); err != nil {
		p.t.Error(err)
	}
}

func keySet(t *testing.T, keys []Key) jwkset.JWKSMarshal {
	var set jwkset.JWKSMarshal
	for _, key := range keys {
		jwk, err := jwkset.NewJWKFromKey(key.Private.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: key.ID, USE: key.Use}})
		if err != nil {
			t.Error(err)
			continue
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	return set
}

// Client returns a client that sends every request to the provider, whatever the host in its URL.
func (p *Provider) Client() *http.Client { return &http.Client{Transport: redirect{p}} }

type redirect struct{ to *Provider }

func (d redirect) RoundTrip(r *http.Request) (*http.Response, error) {
	target, err := url.Parse(d.to.server.URL)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = target.Scheme, target.Host
	return http.DefaultTransport.RoundTrip(r)
}

// Claims returns the claims of a valid token with changes: each one sets a claim, or removes it if the value is nil.
func (p *Provider) Claims(changes map[string]any) jwt.MapClaims {
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": p.server.URL, "aud": ClientID, "sub": "4711", "name": "Ada Admin", "scope": "openid system.admin profile",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// Token returns a signed token with [Provider.Claims].
func (p *Provider) Token(changes map[string]any) string {
	return p.Signed(jwt.SigningMethodRS256, p.Signing(), nil, p.Claims(changes))
}

// Signed returns a token that is signed with key. Each member of header sets a member of the token's header, or removes
// it if the value is nil.
func (p *Provider) Signed(method jwt.SigningMethod, key Key, header map[string]any, claims jwt.MapClaims) string {
	p.t.Helper()
	return sign(p.t, method, key.Private, key.ID, header, claims)
}

func sign(t *testing.T, method jwt.SigningMethod, key any, id string, header map[string]any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = id
	maps.Copy(token.Header, header)
	maps.DeleteFunc(token.Header, func(_ string, value any) bool { return value == nil })
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
