package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"

	"nanomon/services/common/config"
)

const (
	// entra is the base URL of the issuers and keys of Microsoft Entra.
	entra = "https://login.microsoftonline.com/"
	// refreshInterval is the time between two regular fetches. A key that the provider withdraws is accepted that long.
	refreshInterval = 15 * time.Minute
	// retryInterval is the time between a failed fetch and the next one.
	retryInterval = 30 * time.Second
	// unknownKeyInterval is the minimum time between two fetches that tokens with unknown keys cause.
	unknownKeyInterval = 5 * time.Second
	// fetchTimeout limits one fetch.
	fetchTimeout = 5 * time.Second
	// maxDocument is the maximum number of bytes that are read of a response.
	maxDocument = 1 << 20
)

// errKeysUnavailable means that a key is unknown and the provider's keys can't be fetched.
var errKeysUnavailable = errors.New("the provider's keys can't be read")

// jwks fetches and caches the signing keys that the provider publishes (its JSON Web Key Set).
type jwks struct {
	// Storage holds the keys of the last successful fetch.
	jwkset.Storage
	// issuer is the provider whose metadata contains the address of the keys. If it is empty, address is used.
	issuer, address string
	client          *http.Client
	log             *slog.Logger
	now             func() time.Time
	timeout         time.Duration

	// mu is locked during a fetch.
	mu      sync.Mutex
	fetched time.Time
	// lastErr is the error of the last fetch.
	lastErr error
}

func newJWKS(settings config.Auth, log *slog.Logger, now func() time.Time) *jwks {
	return &jwks{
		Storage: jwkset.NewMemoryStorage(),
		issuer:  settings.AuthIssuer, address: entra + strings.ToLower(settings.AuthTenant) + "/discovery/v2.0/keys",
		client: &http.Client{
			Transport: http.DefaultTransport.(*http.Transport).Clone(),
			CheckRedirect: func(r *http.Request, via []*http.Request) error {
				if len(via) > 3 || !config.Confidential(r.URL) {
					return fmt.Errorf("the redirect to %s is not followed", r.URL.Host)
				}
				return nil
			},
		},
		log: log, now: now, timeout: fetchTimeout,
	}
}

// run fetches the keys at once and then regularly, until ctx ends.
func (k *jwks) run(ctx context.Context) {
	defer k.client.CloseIdleConnections()
	for {
		pause := refreshInterval
		if err := k.refresh(ctx, 0); err != nil {
			pause = retryInterval
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// KeyRead returns a key by its id. If the key is unknown, KeyRead fetches the keys first, at most once per
// unknownKeyInterval, so that forged tokens can't overload the provider.
func (k *jwks) KeyRead(ctx context.Context, id string) (jwkset.JWK, error) {
	key, err := k.Storage.KeyRead(ctx, id)
	if !errors.Is(err, jwkset.ErrKeyNotFound) {
		return key, err
	}
	// Other requests may wait for the same fetch, so it goes on when the client of this one disconnects.
	if err := k.refresh(context.WithoutCancel(ctx), unknownKeyInterval); err != nil {
		return jwkset.JWK{}, errors.Join(errKeysUnavailable, err)
	}
	return k.Storage.KeyRead(ctx, id)
}

// refresh fetches the keys, unless the last fetch was less than interval ago; then it returns the error of that one. If
// the fetch fails, the known keys stay.
func (k *jwks) refresh(ctx context.Context, interval time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.fetched.IsZero() && k.now().Sub(k.fetched) < interval {
		return k.lastErr
	}
	fetchCtx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	keys, err := k.fetch(fetchCtx)
	if err == nil {
		err = k.KeyReplaceAll(ctx, keys)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && k.lastErr == nil:
		k.log.Warn("sign-in provider's keys unavailable, using the known ones", "error", err)
	case err == nil && k.lastErr != nil:
		k.log.Info("sign-in provider's keys available again")
	}
	k.fetched, k.lastErr = k.now(), err
	return err
}

// fetch returns the keys that the provider publishes now.
func (k *jwks) fetch(ctx context.Context) ([]jwkset.JWK, error) {
	address := k.address
	if k.issuer != "" {
		var err error
		if address, err = k.discover(ctx); err != nil {
			return nil, err
		}
	}
	var published jwkset.JWKSMarshal
	if err := k.read(ctx, address, &published); err != nil {
		return nil, err
	}
	var keys []jwkset.JWK
	for _, marshaled := range published.Keys {
		// A key of an unknown kind can't have signed an accepted token: skip it.
		key, err := jwkset.NewJWKFromMarshal(marshaled, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s contains no usable key", address)
	}
	return keys, nil
}

// discover returns the address of the keys, from the issuer's metadata.
func (k *jwks) discover(ctx context.Context) (string, error) {
	var metadata struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	address := strings.TrimSuffix(k.issuer, "/") + "/.well-known/openid-configuration"
	if err := k.read(ctx, address, &metadata); err != nil {
		return "", err
	}
	if metadata.Issuer != k.issuer {
		return "", fmt.Errorf(
			"AUTH_ISSUER is %q, but the provider's issuer is %q; set AUTH_ISSUER to exactly that value",
			k.issuer, metadata.Issuer)
	}
	keys, err := url.Parse(metadata.Keys)
	if err != nil || !config.Confidential(keys) {
		return "", fmt.Errorf("the provider's jwks_uri %q is not an https address", metadata.Keys)
	}
	return metadata.Keys, nil
}

// read decodes the JSON document at an address.
func (k *jwks) read(ctx context.Context, address string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("request the provider's keys: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	response, err := k.client.Do(r)
	if err != nil {
		return fmt.Errorf("request the provider's keys: %w", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", address, err)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s responds with the status %d", address, response.StatusCode)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("decode %s: %w", address, err)
	}
	return nil
}
