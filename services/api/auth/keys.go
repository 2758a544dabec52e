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
	// entra is where the issuers and the keys of Microsoft Entra are.
	entra = "https://login.microsoftonline.com/"
	// freshTime is how old the keys get, so a key that the provider withdraws is good for that long at most.
	freshTime = 15 * time.Minute
	// retryTime is how long after a failure the keys are asked for again.
	retryTime = 30 * time.Second
	// unknownTime is how often, at most, a key that is not known makes them be asked for.
	unknownTime = 5 * time.Second
	// fetchTime is the patience with a provider.
	fetchTime = 5 * time.Second
	// maxDocument is how many bytes of an answer are read.
	maxDocument = 1 << 20
)

// errNoKeys means that a key is not known and the provider can't be asked for it.
var errNoKeys = errors.New("the provider's keys can't be read")

// keySet are the keys that the provider publishes, as they were when it last answered.
type keySet struct {
	// Storage holds those that are known.
	jwkset.Storage
	// issuer tells where the keys are; empty where address does.
	issuer, address string
	client          *http.Client
	log             *slog.Logger
	now             func() time.Time
	// patience is how long the provider may take to answer.
	patience time.Duration

	// mu is held while the provider is asked.
	mu    sync.Mutex
	tried time.Time
	// failure is that of the last try.
	failure error
}

func newKeySet(settings config.Auth, log *slog.Logger, now func() time.Time) *keySet {
	return &keySet{
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
		log: log, now: now, patience: fetchTime,
	}
}

// run asks for the keys now and then until ctx ends.
func (k *keySet) run(ctx context.Context) {
	defer k.client.CloseIdleConnections()
	for {
		pause := freshTime
		if err := k.refresh(ctx, 0); err != nil {
			pause = retryTime
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// KeyRead finds a key by its id. One that is not known is asked for, unless the provider was asked just now: forged tokens
// must not become its load.
func (k *keySet) KeyRead(ctx context.Context, id string) (jwkset.JWK, error) {
	key, err := k.Storage.KeyRead(ctx, id)
	if !errors.Is(err, jwkset.ErrKeyNotFound) {
		return key, err
	}
	// Who sends a token and hangs up must not break off what others wait for.
	if err := k.refresh(context.WithoutCancel(ctx), unknownTime); err != nil {
		return jwkset.JWK{}, errors.Join(errNoKeys, err)
	}
	return k.Storage.KeyRead(ctx, id)
}

// refresh asks the provider for its keys, unless that was tried less than pause ago. Until it answers those that are known stay.
func (k *keySet) refresh(ctx context.Context, pause time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.tried.IsZero() && k.now().Sub(k.tried) < pause {
		return k.failure
	}
	bounded, cancel := context.WithTimeout(ctx, k.patience)
	defer cancel()
	keys, err := k.fetch(bounded)
	if err == nil {
		err = k.KeyReplaceAll(ctx, keys)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && k.failure == nil:
		k.log.Warn("the sign-in provider's keys can't be read; those that are known stay in use", "error", err)
	case err == nil && k.failure != nil:
		k.log.Info("the sign-in provider's keys can be read again")
	}
	k.tried, k.failure = k.now(), err
	return err
}

// fetch reads the keys that the provider publishes now.
func (k *keySet) fetch(ctx context.Context) ([]jwkset.JWK, error) {
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
	for _, one := range published.Keys {
		// A key of a kind that is not known here is none of ours.
		if key, err := jwkset.NewJWKFromMarshal(one, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{}); err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s has no key that can be used", address)
	}
	return keys, nil
}

// discover asks the issuer where its keys are.
func (k *keySet) discover(ctx context.Context) (string, error) {
	var found struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := k.read(ctx, strings.TrimSuffix(k.issuer, "/")+"/.well-known/openid-configuration", &found); err != nil {
		return "", err
	}
	if found.Issuer != k.issuer {
		return "", fmt.Errorf("AUTH_ISSUER is %q, but the provider there calls itself %q; set it to exactly that", k.issuer, found.Issuer)
	}
	address, err := url.Parse(found.Keys)
	if err != nil || !config.Confidential(address) {
		return "", fmt.Errorf("the provider's jwks_uri %q is not an https address", found.Keys)
	}
	return found.Keys, nil
}

// read decodes the JSON at an address.
func (k *keySet) read(ctx context.Context, address string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("ask the provider: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	answer, err := k.client.Do(r)
	if err != nil {
		return fmt.Errorf("ask the provider: %w", err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument))
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", address, err)
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answers with the status %d", address, answer.StatusCode)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s is not the document expected there: %w", address, err)
	}
	return nil
}
