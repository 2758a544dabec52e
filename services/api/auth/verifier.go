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
	// adminScope is the scope or role of an admin's token.
	adminScope = "system.admin"
	// entraV1 is the base URL of the issuers in version 1 tokens of Microsoft Entra.
	entraV1 = "https://sts.windows.net/"
	// leeway is the maximum difference between the provider's clock and this one.
	leeway = time.Minute
	// consumerTenant is the tenant of all personal Microsoft accounts.
	consumerTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// algorithms are the accepted signature algorithms.
var algorithms = []string{"RS256", "ES256", "PS256"}

// The reasons for rejecting a token.
const (
	errNotJWT            tokenError = "the token is not a JWT; use an access token in JWT form"
	errAlgorithm         tokenError = "the token is not signed with RS256, ES256 or PS256"
	errCriticalHeader    tokenError = "the token has an unknown critical extension (crit)"
	errNoKeyID           tokenError = "the token does not name its signing key (kid)"
	errUnknownSigningKey tokenError = "the token's signing key is not among those that the provider publishes"
	errSignature         tokenError = "the token's signature is invalid"
	errExpired           tokenError = "the token has expired; sign in again"
	errNotYetValid       tokenError = "the token is not valid yet; compare the clocks of the provider and of this machine"
	errMissingClaims     tokenError = "the token has no expiry (exp) or no audience (aud)"
	errAudience          tokenError = "the token is for another audience (aud)"
	errIssuer            tokenError = "the token is from another issuer (iss)"
	errIDToken           tokenError = "this is an ID token; use the access token"
	errClaims            tokenError = "the token's claims are malformed"
	errUnproven          tokenError = "the token may be an ID token: it has no header typ at+jwt and no claim " +
		"scope, scp or client_id; use the access token, or set AUTH_AUDIENCE to an audience other than the client id"
)

// Verifier checks the access tokens of an OpenID Connect provider. Create it with [NewVerifier].
type Verifier struct {
	// issuer is empty if AUTH_TENANT selects the issuers.
	issuer string
	tenant string
	// atEntra is true if the provider is Microsoft Entra.
	atEntra bool
	// acceptsClientID is true if the client id is an accepted audience. It is the audience of all ID tokens.
	acceptsClientID bool
	parser          *jwt.Parser
	keys            *jwks
	keyfunc         keyfunc.Keyfunc
}

// NewVerifier returns a verifier for the provider in settings. It fetches the provider's keys when it needs them.
func NewVerifier(settings config.Auth, log *slog.Logger) *Verifier {
	return newVerifier(settings, log, time.Now)
}

func newVerifier(settings config.Auth, log *slog.Logger, now func() time.Time) *Verifier {
	audience := []string{settings.AuthAudience}
	if settings.AuthAudience == "" {
		audience = []string{settings.AuthClientID, "api://" + settings.AuthClientID}
	}
	keys := newJWKS(settings, log, now)
	// Keys for encryption are not accepted for signatures.
	find, err := keyfunc.New(keyfunc.Options{Storage: keys, UseWhitelist: []jwkset.USE{jwkset.UseSig, ""}})
	if err != nil {
		panic(err) // the only possible error is a missing storage
	}
	return &Verifier{
		issuer: settings.AuthIssuer, tenant: strings.ToLower(settings.AuthTenant), keys: keys, keyfunc: find,
		atEntra:         settings.AuthIssuer == "" || fromEntra(settings.AuthIssuer),
		acceptsClientID: slices.Contains(audience, settings.AuthClientID),
		parser: jwt.NewParser(
			jwt.WithValidMethods(algorithms), jwt.WithStrictDecoding(), jwt.WithTimeFunc(now),
			jwt.WithLeeway(leeway), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithAudience(audience...),
		),
	}
}

// Run keeps the provider's keys up to date until ctx ends.
func (v *Verifier) Run(ctx context.Context) { v.keys.run(ctx) }

// Verify returns the identity that a token stands for. The error is the reason for rejecting the token, without any
// part of it, or a [web.Problem] if the provider's keys are needed but can't be fetched.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	claims := jwt.MapClaims{}
	parsed, err := v.parser.ParseWithClaims(token, claims, v.signingKey(ctx))
	switch {
	case err != nil && parsed != nil && parsed.Method != nil && !slices.Contains(algorithms, parsed.Method.Alg()):
		return Identity{}, errAlgorithm
	case err != nil:
		return Identity{}, toTokenError(err)
	}
	switch {
	case !v.fromProvider(claims):
		return Identity{}, errIssuer
	case v.isIDToken(claims):
		return Identity{}, errIDToken
	case !v.atEntra && v.acceptsClientID && !isAccessToken(parsed.Header, claims):
		return Identity{}, errUnproven
	}
	expires, err := claims.GetExpirationTime()
	if err != nil {
		return Identity{}, errClaims
	}
	id := Identity{ID: subject(claims), Name: displayName(claims), Expires: expires.Add(leeway)}
	if claimContains(claims, adminScope, "scp", "scope", "roles") {
		id.Scope = ScopeAdmin
	}
	return id, nil
}

// signingKey returns a function that finds the key with which a token is signed, by its key ID.
func (v *Verifier) signingKey(ctx context.Context) jwt.Keyfunc {
	find := v.keyfunc.KeyfuncCtx(ctx)
	return func(token *jwt.Token) (any, error) {
		if _, ok := token.Header["crit"]; ok {
			return nil, errCriticalHeader
		}
		if id, ok := token.Header["kid"].(string); !ok || id == "" {
			return nil, errNoKeyID
		}
		return find(token)
	}
}

// toTokenError converts an error of the JWT library to one that can be shown to the client.
func toTokenError(err error) error {
	var reason tokenError
	if errors.As(err, &reason) {
		return reason
	}
	if errors.Is(err, errKeysUnavailable) {
		return web.Problemf(http.StatusServiceUnavailable,
			"the sign-in provider's keys can't be read; try again in a few seconds")
	}
	for _, known := range []struct {
		err    error
		reason tokenError
	}{
		{jwkset.ErrKeyNotFound, errUnknownSigningKey},
		{keyfunc.ErrKeyfunc, errUnknownSigningKey},
		{jwt.ErrTokenMalformed, errNotJWT},
		{jwt.ErrTokenUnverifiable, errAlgorithm},
		{jwt.ErrTokenSignatureInvalid, errSignature},
		{jwt.ErrTokenRequiredClaimMissing, errMissingClaims},
		{jwt.ErrTokenExpired, errExpired},
		{jwt.ErrTokenNotValidYet, errNotYetValid},
		{jwt.ErrTokenUsedBeforeIssued, errNotYetValid},
		{jwt.ErrTokenInvalidAudience, errAudience},
	} {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	return errClaims
}

// fromProvider reports whether the provider issued the token. For Microsoft Entra, the tenant must be permitted too.
func (v *Verifier) fromProvider(claims jwt.MapClaims) bool {
	issuer := stringClaim(claims, "iss")
	if v.issuer != "" {
		return issuer == v.issuer
	}
	tenant := v.tenant
	if slices.Contains(config.AnyTenant[:], tenant) {
		issuing := stringClaim(claims, "tid")
		personal := issuing == consumerTenant
		if !config.GUID(issuing) || tenant == "consumers" && !personal || tenant == "organizations" && personal {
			return false
		}
		tenant = issuing
	}
	return issuer == entra+tenant+"/v2.0" || issuer == entraV1+tenant+"/"
}

// fromEntra reports whether Microsoft Entra is the provider with the issuer.
func fromEntra(issuer string) bool {
	return strings.HasPrefix(issuer, entra) || strings.HasPrefix(issuer, entraV1)
}

// isIDToken reports whether the token is an ID token. Such a token may have the same audience and signing key as an
// access token, but it only identifies the user to the page.
func (v *Verifier) isIDToken(claims jwt.MapClaims) bool {
	for _, name := range []string{"nonce", "at_hash", "c_hash", "s_hash"} {
		if _, has := claims[name]; has {
			return true
		}
	}
	if v.atEntra && stringClaim(claims, "azp") == "" && stringClaim(claims, "appid") == "" {
		return true // every access token of Entra names its client, and no ID token does
	}
	return stringClaim(claims, "typ") == "ID" || stringClaim(claims, "token_use") == "id"
}

// isAccessToken reports whether the token proves that it is an access token: by its type (RFC 9068), or by a claim that
// ID tokens don't have. The claim azp is no proof, because ID tokens may have it too.
func isAccessToken(header map[string]any, claims jwt.MapClaims) bool {
	typ, _ := header["typ"].(string)
	if typ = strings.ToLower(typ); typ == "at+jwt" || typ == "application/at+jwt" {
		return true
	}
	return claims["scope"] != nil || claims["scp"] != nil || claims["client_id"] != nil
}

// claimContains reports whether one of the named claims contains word. A claim is a list or a space-separated string.
func claimContains(claims jwt.MapClaims, word string, names ...string) bool {
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

func stringClaim(claims jwt.MapClaims, name string) string {
	text, _ := claims[name].(string)
	return text
}

// subject returns the unique id of the person or program, or an empty string if the token has none.
func subject(claims jwt.MapClaims) string {
	if sub := stringClaim(claims, "sub"); sub != "" {
		return stringClaim(claims, "iss") + " " + sub
	}
	return ""
}

// displayName returns the name of the person or program, or its id.
func displayName(claims jwt.MapClaims) string {
	for _, name := range []string{"name", "preferred_username", "upn", "email", "azp", "appid", "sub"} {
		if text := stringClaim(claims, name); text != "" {
			return text
		}
	}
	return "unknown"
}
