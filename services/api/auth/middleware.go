package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"nanomon/services/common/config"
	"nanomon/services/common/web"
)

// maxHeader is the maximum length of an Authorization header, in bytes.
const maxHeader = 16 << 10

// KeyLookup finds the identities of API keys.
type KeyLookup interface {
	// Identity returns the identity that key stands for, or [ErrUnknownAPIKey] if there is no such key.
	Identity(ctx context.Context, key string) (Identity, error)
}

// tokenError is the reason for a 401. It is shown to the client, so it contains no part of the request.
type tokenError string

func (e tokenError) Error() string { return string(e) }

const (
	errNoToken        tokenError = "sign in first: this request needs an Authorization header with a bearer token"
	errSeveralTokens  tokenError = "the request has more than one Authorization header or token; send one"
	errHeaderTooLarge tokenError = "the Authorization header is too long"
)

// Middleware authenticates requests. While sign-in is off, every request has the scope admin.
type Middleware struct {
	// verifier is nil while sign-in is off.
	verifier     *Verifier
	keys         KeyLookup
	restrictRead bool
}

// NewMiddleware returns the middleware for settings. keys is not used while sign-in is off.
func NewMiddleware(settings config.Auth, keys KeyLookup, log *slog.Logger) *Middleware {
	m := &Middleware{keys: keys, restrictRead: settings.AuthProtectReads}
	if settings.AuthClientID != "" {
		m.verifier = NewVerifier(settings, log)
	}
	return m
}

// Enabled reports whether sign-in is on.
func (m *Middleware) Enabled() bool { return m.verifier != nil }

// Run keeps the provider's keys up to date until ctx ends.
func (m *Middleware) Run(ctx context.Context) {
	if m.Enabled() {
		m.verifier.Run(ctx)
	}
}

// ProtectReads passes requests to next if their sender may read. It rejects an invalid token even if no token is
// needed. Otherwise, a client with an expired token would not notice that it gets masked data.
func (m *Middleware) ProtectReads(next http.Handler) http.Handler {
	if m.restrictRead {
		return m.require(ScopeRead, next)
	}
	return m.require(ScopeNone, next)
}

// ProtectPrivate passes requests to next if their sender may read, even if reads are not protected.
func (m *Middleware) ProtectPrivate(next http.Handler) http.Handler {
	return m.require(ScopeRead, next)
}

// ProtectWrites passes requests to next if their sender may change everything.
func (m *Middleware) ProtectWrites(next http.Handler) http.Handler {
	return m.require(ScopeAdmin, next)
}

func (m *Middleware) require(minimum Scope, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := m.identify(r)
		if errors.Is(err, errNoToken) && minimum == ScopeNone {
			err = nil
		}
		switch {
		case err != nil:
			sendUnauthorized(w, r, err)
		case id.Scope < minimum:
			sendForbidden(w, r)
		default:
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), id)))
		}
	})
}

// identify returns the sender of a request. The error is a [tokenError], or the reason why the token can't be checked
// now.
func (m *Middleware) identify(r *http.Request) (Identity, error) {
	if !m.Enabled() {
		return Identity{Scope: ScopeAdmin}, nil
	}
	token, err := bearerToken(r.Header["Authorization"])
	switch {
	case err != nil:
		return Identity{}, err
	case !strings.HasPrefix(token, apiKeyPrefix):
		return m.verifier.Verify(r.Context(), token)
	}
	id, err := m.keys.Identity(r.Context(), token)
	id.Revoked = func(ctx context.Context) bool {
		_, err := m.keys.Identity(ctx, token)
		return errors.Is(err, ErrUnknownAPIKey)
	}
	return id, err
}

// tokenForm matches a bearer token as RFC 6750 defines it.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// bearerToken returns the token in the values of the Authorization header.
func bearerToken(values []string) (string, error) {
	switch {
	case len(values) == 0:
		return "", errNoToken
	case len(values) > 1:
		return "", errSeveralTokens
	case len(values[0]) > maxHeader:
		return "", errHeaderTooLarge
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer"):
		return "", errNoToken
	case strings.ContainsAny(token, " ,"):
		return "", errSeveralTokens
	case !tokenForm.MatchString(token):
		return "", errNotJWT
	}
	return token, nil
}

// sendUnauthorized responds with 401, or with the problem of err if the token can't be checked now.
func sendUnauthorized(w http.ResponseWriter, r *http.Request, err error) {
	var reason tokenError
	if !errors.As(err, &reason) {
		web.Error(w, r, err)
		return
	}
	challenge := `Bearer realm="NanoMon"`
	if reason != errNoToken {
		challenge += fmt.Sprintf(`, error="invalid_token", error_description="%s"`, reason)
	}
	w.Header().Set("WWW-Authenticate", challenge)
	web.Error(w, r, web.Problemf(http.StatusUnauthorized, "%s", reason))
}

// sendForbidden responds with 403 to a sender without the scope admin.
func sendForbidden(w http.ResponseWriter, r *http.Request) {
	challenge := fmt.Sprintf(`Bearer realm="NanoMon", error="insufficient_scope", scope=%q`, adminScope)
	w.Header().Set("WWW-Authenticate", challenge)
	web.Error(w, r, web.Problemf(http.StatusForbidden, "you are signed in, but this needs the scope %s", adminScope))
}
