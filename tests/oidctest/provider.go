// Package oidctest is an OpenID Connect provider on the loopback that signs whatever a test asks for, and a table of forged tokens.
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

// ClientID is the application that the tokens of [Provider.Claims] are for.
const ClientID = "nanomon-client"

// Provider publishes keys and signs tokens by them.
type Provider struct {
	t      *testing.T
	server *httptest.Server
	stop   chan struct{}

	mu sync.Mutex
	// asked tells of a request.
	asked    *sync.Cond
	mode     mode
	requests int
	issuer   string
	keys     []Key
}

type mode int

const (
	present mode = iota
	away
	hanging
)

// Key is one of a provider's keys.
type Key struct {
	ID      string
	Private crypto.Signer
	// Use is what the provider says that it is for.
	Use jwkset.USE
}

// New starts a provider with one RSA key.
func New(t *testing.T) *Provider {
	t.Helper()
	p := &Provider{t: t, stop: make(chan struct{})}
	p.asked = sync.NewCond(&p.mu)
	p.server = httptest.NewServer(p)
	p.issuer = p.server.URL
	t.Cleanup(func() {
		close(p.stop)
		p.server.Close()
	})
	p.Rotate()
	return p
}

// Issuer is the provider's address, and what it calls itself.
func (p *Provider) Issuer() string { return p.server.URL }

// Rename makes the provider call itself something else in its discovery document.
func (p *Provider) Rename(issuer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.issuer = issuer
}

// Rotate replaces the provider's keys by a new one.
func (p *Provider) Rotate() {
	p.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Publish(Key{ID: fmt.Sprintf("key-%d", time.Now().UnixNano()), Private: key, Use: jwkset.UseSig})
}

// Publish replaces the provider's keys. The first signs.
func (p *Provider) Publish(keys ...Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = keys
}

// Signing is the key that signs now.
func (p *Provider) Signing() Key {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[0]
}

// Leave makes the provider break off every connection until [Provider.Return].
func (p *Provider) Leave() { p.enter(away) }

// Hang makes the provider leave every request unanswered until [Provider.Return] or the end of the test.
func (p *Provider) Hang() { p.enter(hanging) }

// Return makes the provider answer.
func (p *Provider) Return() { p.enter(present) }

func (p *Provider) enter(m mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = m
}

// Requests is how often the provider was asked, also while it was away.
func (p *Provider) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// Await returns when the provider has been asked so often.
func (p *Provider) Await(requests int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.requests < requests {
		p.asked.Wait()
	}
}

// ServeHTTP answers discovery, and at every other path the keys.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.requests++
	p.asked.Broadcast()
	mode, issuer, keys := p.mode, p.issuer, p.keys
	p.mu.Unlock()
	switch mode {
	case away:
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
		document = published(p.t, keys)
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(document); err != nil {
		p.t.Error(err)
	}
}

func published(t *testing.T, keys []Key) jwkset.JWKSMarshal {
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

// Client sends every request, to whatever host, to the provider.
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

// Claims are those of a good token; each of changes replaces or, where it is nil, removes one.
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

// Token is a good token but for the changes; see [Provider.Claims].
func (p *Provider) Token(changes map[string]any) string {
	return p.Signed(jwt.SigningMethodRS256, p.Signing(), nil, p.Claims(changes))
}

// Signed is a token by method and key; header replaces or, where it is nil, removes what its header has otherwise.
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
