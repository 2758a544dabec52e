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

// maxHeader is how many bytes an Authorization header may have.
const maxHeader = 16 << 10

// Keys knows the API keys.
type Keys interface {
	// Identity is who uses key; [ErrUnknownKey] if there is no such key.
	Identity(ctx context.Context, key string) (Identity, error)
}

// refusal is why a request is answered with a 401. It is shown, so it holds nothing of the request.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	noToken   refusal = "sign in first: this needs the header Authorization with a bearer token"
	twoValues refusal = "there is more than one Authorization header, or more than one token in it; send one"
	tooLong   refusal = "the Authorization header is too long"
)

// Gate stands before the routes. While sign-in is off it lets everyone through, as an admin.
type Gate struct {
	// verifier is nil while sign-in is off.
	verifier     *Verifier
	keys         Keys
	protectReads bool
}

// NewGate makes the gate that settings ask for. Nobody asks for keys while sign-in is off.
func NewGate(settings config.Auth, keys Keys, log *slog.Logger) *Gate {
	g := &Gate{keys: keys, protectReads: settings.AuthProtectReads}
	if settings.AuthClientID != "" {
		g.verifier = NewVerifier(settings, log)
	}
	return g
}

// On reports whether sign-in is on.
func (g *Gate) On() bool { return g.verifier != nil }

// Run keeps the provider's keys fresh until ctx ends.
func (g *Gate) Run(ctx context.Context) {
	if g.On() {
		g.verifier.Run(ctx)
	}
}

// Reading lets through who may read. A token that is not good is refused even where none is needed, so that nobody takes
// what everyone may see for all there is.
func (g *Gate) Reading(next http.Handler) http.Handler {
	if g.protectReads {
		return g.require(ScopeRead, next)
	}
	return g.require(ScopeNone, next)
}

// Protected lets through who may change things.
func (g *Gate) Protected(next http.Handler) http.Handler {
	return g.require(ScopeAdmin, next)
}

func (g *Gate) require(least Scope, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := g.identify(r)
		if errors.Is(err, noToken) && least == ScopeNone {
			err = nil
		}
		switch {
		case err != nil:
			deny(w, r, err)
		case id.Scope < least:
			forbid(w, r)
		default:
			next.ServeHTTP(w, r.WithContext(With(r.Context(), id)))
		}
	})
}

// identify says who sends a request. The error is a refusal, or why the token can't be checked now.
func (g *Gate) identify(r *http.Request) (Identity, error) {
	if !g.On() {
		return Identity{Scope: ScopeAdmin}, nil
	}
	token, err := bearer(r.Header["Authorization"])
	switch {
	case err != nil:
		return Identity{}, err
	case !strings.HasPrefix(token, keyPrefix):
		return g.verifier.Verify(r.Context(), token)
	}
	id, err := g.keys.Identity(r.Context(), token)
	id.Revoked = func(ctx context.Context) bool {
		_, err := g.keys.Identity(ctx, token)
		return errors.Is(err, ErrUnknownKey)
	}
	return id, err
}

// tokenForm is what a token may consist of, as RFC 6750 has it.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// bearer is the token in the values of the header Authorization.
func bearer(values []string) (string, error) {
	switch {
	case len(values) == 0:
		return "", noToken
	case len(values) > 1:
		return "", twoValues
	case len(values[0]) > maxHeader:
		return "", tooLong
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer"):
		return "", noToken
	case strings.ContainsAny(token, " ,"):
		return "", twoValues
	case !tokenForm.MatchString(token):
		return "", notAToken
	}
	return token, nil
}

// deny answers whose token is missing, is not good or can't be checked.
func deny(w http.ResponseWriter, r *http.Request, err error) {
	var why refusal
	if !errors.As(err, &why) {
		web.Error(w, r, err)
		return
	}
	challenge := `Bearer realm="NanoMon"`
	if why != noToken {
		challenge += fmt.Sprintf(`, error="invalid_token", error_description="%s"`, why)
	}
	w.Header().Set("WWW-Authenticate", challenge)
	web.Error(w, r, web.Problemf(http.StatusUnauthorized, "%s", why))
}

// forbid answers whose token is good, but not for this.
func forbid(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="NanoMon", error="insufficient_scope", scope=%q`, adminScope))
	web.Error(w, r, web.Problemf(http.StatusForbidden, "you are signed in, but this needs the scope %s", adminScope))
}
