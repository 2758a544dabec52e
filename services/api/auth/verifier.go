package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"nanomon/services/common/config"
	"nanomon/services/common/web"
)

const (
	// adminScope is the scope, or the role, that a token must hold to be an admin's.
	adminScope = "system.admin"
	// leeway is how far the provider's clock and this one may be apart.
	leeway = time.Minute
	// consumerTenant is the tenant of all personal Microsoft accounts.
	consumerTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// methods are the ways in which a token may be signed.
var methods = []string{"RS256", "ES256", "PS256"}

// Reasons why a token is refused.
const (
	notAToken     refusal = "the token is not a JWT; this needs an access token that is one"
	badAlgorithm  refusal = "the token is not signed by RS256, ES256 or PS256"
	critical      refusal = "the token has a critical extension that is not known here"
	noKeyID       refusal = "the token does not say by which key it is signed (kid)"
	unknownKey    refusal = "the token is signed by a key that the provider does not publish for that"
	badSignature  refusal = "the token's signature is wrong"
	expired       refusal = "the token has expired; sign in again"
	notYetValid   refusal = "the token is not valid yet; compare the clocks of the provider and of this machine"
	incomplete    refusal = "the token has no end (exp) or no audience (aud)"
	wrongAudience refusal = "the token is for something else (aud)"
	wrongIssuer   refusal = "the token is from another issuer (iss)"
	idToken       refusal = "this is an ID token; this needs the access token"
	badClaims     refusal = "the token's claims are malformed"
)

// Verifier checks the access tokens of an OpenID Connect provider. Make one with [NewVerifier].
type Verifier struct {
	// issuer is empty where the provider is Entra.
	issuer  string
	tenant  string
	parser  *jwt.Parser
	keys    *keySet
	keyfunc keyfunc.Keyfunc
}

// NewVerifier makes a verifier of the provider in settings. It asks the provider for its keys when it needs them.
func NewVerifier(settings config.Auth, log *slog.Logger) *Verifier {
	return newVerifier(settings, log, time.Now)
}

func newVerifier(settings config.Auth, log *slog.Logger, now func() time.Time) *Verifier {
	audience := []string{settings.AuthAudience}
	if settings.AuthAudience == "" {
		audience = []string{settings.AuthClientID, "api://" + settings.AuthClientID}
	}
	keys := newKeySet(settings, log, now)
	// A key for encryption must not vouch for a signature.
	find, err := keyfunc.New(keyfunc.Options{Storage: keys, UseWhitelist: []jwkset.USE{jwkset.UseSig, ""}})
	if err != nil {
		panic(err) // only a missing storage is an error
	}
	return &Verifier{
		issuer: settings.AuthIssuer, tenant: strings.ToLower(settings.AuthTenant), keys: keys, keyfunc: find,
		parser: jwt.NewParser(
			jwt.WithValidMethods(methods), jwt.WithStrictDecoding(), jwt.WithTimeFunc(now),
			jwt.WithLeeway(leeway), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithAudience(audience...),
		),
	}
}

// Run keeps the provider's keys fresh until ctx ends.
func (v *Verifier) Run(ctx context.Context) { v.keys.run(ctx) }

// Verify says for whom a token speaks. The error says why it is refused, without showing it, or is a [web.Problem] while the provider's
// keys are needed and can't be read.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	claims := jwt.MapClaims{}
	parsed, err := v.parser.ParseWithClaims(token, claims, v.keyOf(ctx))
	switch {
	case err != nil && parsed != nil && parsed.Method != nil && !slices.Contains(methods, parsed.Method.Alg()):
		return Identity{}, badAlgorithm
	case err != nil:
		return Identity{}, explain(err)
	}
	switch {
	case !v.issued(claims):
		return Identity{}, wrongIssuer
	case v.isIDToken(claims):
		return Identity{}, idToken
	}
	until, err := claims.GetExpirationTime()
	if err != nil {
		return Identity{}, badClaims
	}
	id := Identity{Name: nameIn(claims), Until: until.Add(leeway)}
	if hasWord(claims, adminScope, "scp", "scope", "roles") {
		id.Scope = ScopeAdmin
	}
	return id, nil
}

// keyOf finds the key by which a token says it is signed.
func (v *Verifier) keyOf(ctx context.Context) jwt.Keyfunc {
	find := v.keyfunc.KeyfuncCtx(ctx)
	return func(token *jwt.Token) (any, error) {
		if _, ok := token.Header["crit"]; ok {
			return nil, critical
		}
		if id, ok := token.Header["kid"].(string); !ok || id == "" {
			return nil, noKeyID
		}
		return find(token)
	}
}

// explain makes an error of the library one that may be shown.
func explain(err error) error {
	var why refusal
	if errors.As(err, &why) {
		return why
	}
	if errors.Is(err, errNoKeys) {
		return web.Problemf(http.StatusServiceUnavailable, "the sign-in provider's keys can't be read; try again in a few seconds")
	}
	for _, known := range []struct {
		is  error
		why refusal
	}{
		{jwkset.ErrKeyNotFound, unknownKey},
		{keyfunc.ErrKeyfunc, unknownKey},
		{jwt.ErrTokenMalformed, notAToken},
		{jwt.ErrTokenUnverifiable, badAlgorithm},
		{jwt.ErrTokenSignatureInvalid, badSignature},
		{jwt.ErrTokenRequiredClaimMissing, incomplete},
		{jwt.ErrTokenExpired, expired},
		{jwt.ErrTokenNotValidYet, notYetValid},
		{jwt.ErrTokenUsedBeforeIssued, notYetValid},
		{jwt.ErrTokenInvalidAudience, wrongAudience},
	} {
		if errors.Is(err, known.is) {
			return known.why
		}
	}
	return badClaims
}

// issued reports whether the token is from the provider, and where that is Entra, from a tenant whose accounts may sign in.
func (v *Verifier) issued(claims jwt.MapClaims) bool {
	issuer := textIn(claims, "iss")
	if v.issuer != "" {
		return issuer == v.issuer
	}
	tenant := v.tenant
	if slices.Contains(config.AnyTenant[:], tenant) {
		own := textIn(claims, "tid")
		if !config.GUID(own) || tenant == "consumers" && own != consumerTenant || tenant == "organizations" && own == consumerTenant {
			return false
		}
		tenant = own
	}
	return issuer == entra+tenant+"/v2.0" || issuer == "https://sts.windows.net/"+tenant+"/"
}

// isIDToken reports whether the token only tells a page who signed in. It may be for the same audience and be signed by the same key.
func (v *Verifier) isIDToken(claims jwt.MapClaims) bool {
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if _, has := claims[name]; has {
			return true
		}
	}
	if v.issuer == "" && textIn(claims, "azp") == "" && textIn(claims, "appid") == "" {
		return true // every access token of Entra names its client
	}
	return textIn(claims, "typ") == "ID" || textIn(claims, "token_use") == "id"
}

// hasWord reports whether one of the claims is or has the word, as a text of words or as a list.
func hasWord(claims jwt.MapClaims, word string, names ...string) bool {
	for _, name := range names {
		switch value := claims[name].(type) {
		case string:
			if slices.Contains(strings.Fields(value), word) {
				return true
			}
		case []any:
			if slices.Contains(value, any(word)) {
				return true
			}
		}
	}
	return false
}

func textIn(claims jwt.MapClaims, name string) string {
	text, _ := claims[name].(string)
	return text
}

// nameIn is what a person or a program is called, or its id.
func nameIn(claims jwt.MapClaims) string {
	for _, name := range []string{"name", "preferred_username", "upn", "email", "azp", "appid", "sub"} {
		if text := textIn(claims, name); text != "" {
			return text
		}
	}
	return "unknown"
}
