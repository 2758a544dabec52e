package oidctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Forgery is a request with missing, invalid or insufficient credentials, which the API must reject.
type Forgery struct {
	Name string
	// Authorization lists the values of the Authorization header.
	Authorization []string
	// Query is appended to the path, unless it is empty.
	Query string
	// Status and Detail are the expected status and problem detail of the response.
	Status int
	Detail string
}

// The problem details of the API.
const (
	signInFirst = "sign in first: this request needs an Authorization header with a bearer token"
	notAToken   = "the token is not a JWT; use an access token in JWT form"
	algorithm   = "the token is not signed with RS256, ES256 or PS256"
	unpublished = "the token's signing key is not among those that the provider publishes"
	signature   = "the token's signature is invalid"
	expired     = "the token has expired; sign in again"
	notYet      = "the token is not valid yet; compare the clocks of the provider and of this machine"
	incomplete  = "the token has no expiry (exp) or no audience (aud)"
	audience    = "the token is for another audience (aud)"
	issuer      = "the token is from another issuer (iss)"
	idToken     = "this is an ID token; use the access token"
	unproven    = "the token may be an ID token: it has no header typ at+jwt and no claim scope, scp or client_id; " +
		"use the access token, or set AUTH_AUDIENCE to an audience other than the client id"
	twoTokens = "the request has more than one Authorization header or token; send one"
	tooLong   = "the Authorization header is too long"
	malformed = "the token's claims are malformed"
	critical  = "the token has an unknown critical extension (crit)"
	keyless   = "the token does not name its signing key (kid)"
	noSuchKey = "the API key is unknown or was revoked"
	scopeless = "you are signed in, but this needs the scope system.admin"
)

// Forgeries returns one request for each way to forge credentials. Most contain a modified valid token of the provider.
func (p *Provider) Forgeries() []Forgery {
	valid := p.Token(nil)
	return append(append(p.invalidHeaders(valid), p.invalidSignatures(valid)...), p.invalidClaims()...)
}

func (p *Provider) invalidHeaders(valid string) []Forgery {
	unauthorized := func(name, detail string, values ...string) Forgery {
		return Forgery{Name: name, Authorization: values, Status: http.StatusUnauthorized, Detail: detail}
	}
	inQuery := unauthorized("in the query", signInFirst)
	inQuery.Query = "?access_token=" + valid
	return []Forgery{
		inQuery,
		unauthorized("none", signInFirst),
		unauthorized("another scheme", signInFirst, "Basic "+valid),
		unauthorized("no scheme", signInFirst, valid),
		unauthorized("empty header", signInFirst, ""),
		unauthorized("empty token", notAToken, "Bearer "),
		unauthorized("no JWT", notAToken, "Bearer opaque"),
		unauthorized("two parts", notAToken, "Bearer "+valid[:strings.LastIndex(valid, ".")]),
		unauthorized("four parts", notAToken, "Bearer "+valid+".e30"),
		unauthorized("five parts", notAToken, "Bearer e30.e30.e30.e30.e30"),
		unauthorized("invalid character", notAToken, "Bearer "+valid+"\u2028"),
		unauthorized("1 MB long", tooLong, "Bearer "+strings.Repeat("a", 1<<20)),
		unauthorized("valid token after 16 KB of spaces", tooLong, "Bearer "+strings.Repeat(" ", 16<<10)+valid),
		unauthorized("two headers", twoTokens, "Bearer "+valid, "Bearer "+valid),
		unauthorized("two tokens in one header", twoTokens, "Bearer "+valid+" "+valid),
		unauthorized("two tokens with a comma", twoTokens, "Bearer "+valid+", Bearer "+valid),
		unauthorized("unknown API key", noSuchKey, "Bearer nm_"+strings.Repeat("A", 43)),
		unauthorized("API key with an uppercase prefix", notAToken, "Bearer NM_"+strings.Repeat("A", 43)),
		unauthorized("short API key", noSuchKey, "Bearer nm_"),
		unauthorized("long API key", noSuchKey, "Bearer nm_"+strings.Repeat("A", 10_000)),
		unauthorized("two API keys", twoTokens, "Bearer nm_"+strings.Repeat("A", 43), "Bearer nm_"+strings.Repeat("B", 43)),
	}
}

func (p *Provider) invalidSignatures(valid string) []Forgery {
	key := p.Signing()
	foreignKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		p.t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(key.Private.Public())
	if err != nil {
		p.t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
	claims := p.Claims(nil)
	parts := strings.Split(valid, ".")
	changedClaims := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"` + p.Issuer() + `","aud":"` + ClientID + `","exp":4102444800,"scope":"system.admin"}`))
	forge := func(name, detail, token string) Forgery {
		return Forgery{Name: name, Authorization: []string{"Bearer " + token}, Status: http.StatusUnauthorized, Detail: detail}
	}
	return []Forgery{
		forge("alg none", algorithm, sign(p.t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, key.ID, nil, claims)),
		forge("alg None", algorithm, sign(p.t, renamedMethod{jwt.SigningMethodNone, "None"}, jwt.UnsafeAllowNoneSignatureType, key.ID, nil, claims)),
		forge("no alg", algorithm, p.Signed(jwt.SigningMethodRS256, key, map[string]any{"alg": nil}, claims)),
		forge("HS256 with the public key as PEM", algorithm, sign(p.t, jwt.SigningMethodHS256, publicPEM, key.ID, nil, claims)),
		forge("HS256 with the public key as DER", algorithm, sign(p.t, jwt.SigningMethodHS256, publicDER, key.ID, nil, claims)),
		forge("HS256 labeled as RS256", signature, sign(p.t, renamedMethod{jwt.SigningMethodHS256, "RS256"}, publicPEM, key.ID, nil, claims)),
		forge("RS512", algorithm, p.Signed(jwt.SigningMethodRS512, key, nil, claims)),
		forge("wrong key", signature, sign(p.t, jwt.SigningMethodRS256, foreignKey, key.ID, nil, claims)),
		forge("wrong type of key", signature, sign(p.t, jwt.SigningMethodES256, ecKey, key.ID, nil, claims)),
		forge("unknown kid", unpublished, sign(p.t, jwt.SigningMethodRS256, foreignKey, "unknown", nil, claims)),
		forge("kid is a path", unpublished, sign(p.t, jwt.SigningMethodRS256, foreignKey, "../../etc/passwd", nil, claims)),
		forge("no kid", keyless, p.Signed(jwt.SigningMethodRS256, key, map[string]any{"kid": nil}, claims)),
		forge("kid is a number", keyless, p.Signed(jwt.SigningMethodRS256, key, map[string]any{"kid": 7}, claims)),
		forge("key in the header", signature, sign(p.t, jwt.SigningMethodRS256, foreignKey, key.ID, map[string]any{"jwk": map[string]string{"kty": "RSA"}, "jku": "http://127.0.0.1:1/"}, claims)),
		forge("crit", critical, p.Signed(jwt.SigningMethodRS256, key, map[string]any{"crit": []string{"exp"}}, claims)),
		forge("crit b64", critical, p.Signed(jwt.SigningMethodRS256, key, map[string]any{"crit": []string{"b64"}, "b64": false}, claims)),
		forge("no signature", signature, parts[0]+"."+parts[1]+"."),
		forge("changed claims", signature, parts[0]+"."+changedClaims+"."+parts[2]),
	}
}

// renamedMethod is a signing method that writes another name into the header of its tokens.
type renamedMethod struct {
	jwt.SigningMethod
	name string
}

func (m renamedMethod) Alg() string { return m.name }

func (p *Provider) invalidClaims() []Forgery {
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	var list []Forgery
	for _, c := range []struct {
		name, detail string
		changes      map[string]any
	}{
		{"expired", expired, map[string]any{"exp": at(-2 * time.Minute)}},
		{"expired long ago", expired, map[string]any{"exp": 1}},
		{"exp is 0", incomplete, map[string]any{"exp": 0}},
		{"no exp", incomplete, map[string]any{"exp": nil}},
		{"exp is a string", malformed, map[string]any{"exp": "4102444800"}},
		{"exp is below every date", expired, map[string]any{"exp": -1e300}},
		{"not yet valid", notYet, map[string]any{"nbf": at(time.Hour)}},
		{"issued in the future", notYet, map[string]any{"iat": at(time.Hour)}},
		{"wrong audience", audience, map[string]any{"aud": "somebody-else"}},
		{"audience with a suffix", audience, map[string]any{"aud": ClientID + "-test"}},
		{"wrong audiences", audience, map[string]any{"aud": []string{"a", "b"}}},
		{"no audience", incomplete, map[string]any{"aud": nil}},
		{"audience is an object", incomplete, map[string]any{"aud": map[string]any{ClientID: ClientID}}},
		{"wrong issuer", issuer, map[string]any{"iss": "https://login.example.org"}},
		{"other tenant", issuer, map[string]any{"iss": "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001/v2.0", "tid": "00000000-0000-0000-0000-000000000001"}},
		{"issuer with a slash", issuer, map[string]any{"iss": p.Issuer() + "/"}},
		{"no issuer", issuer, map[string]any{"iss": nil}},
		{"list of issuers", issuer, map[string]any{"iss": []string{p.Issuer()}}},
		{"id token with nonce", idToken, map[string]any{"nonce": "n"}},
		{"id token with at_hash", idToken, map[string]any{"at_hash": "h"}},
		{"id token with c_hash", idToken, map[string]any{"c_hash": "h"}},
		{"id token from Keycloak", idToken, map[string]any{"typ": "ID"}},
		{"id token with s_hash", idToken, map[string]any{"s_hash": "h"}},
		{"id token from Cognito", idToken, map[string]any{"token_use": "id"}},
		{"id token without nonce", unproven, map[string]any{"scope": nil}},
		{"id token with an admin role", unproven, map[string]any{"scope": nil, "roles": []string{"system.admin"}}},
		{"id token with the client in azp", unproven, map[string]any{"scope": nil, "roles": "system.admin", "azp": ClientID}},
		{"id token with the client in appid", unproven, map[string]any{"scope": nil, "roles": "system.admin", "appid": ClientID}},
		{"id token that claims to be from Entra", unproven, map[string]any{"scope": nil, "roles": "system.admin", "idtyp": "app", "ver": "2.0", "azp": ClientID}},
		{"id token for api://", unproven, map[string]any{"scope": nil, "roles": "system.admin", "aud": "api://" + ClientID}},
		{"id token with null claims", unproven, map[string]any{"scope": json.RawMessage("null"), "client_id": json.RawMessage("null")}},
		{"id token with typ in the claims", unproven, map[string]any{"scope": nil, "roles": "system.admin", "typ": "at+jwt"}},
	} {
		list = append(list, Forgery{c.name, []string{"Bearer " + p.Token(c.changes)}, "", http.StatusUnauthorized, c.detail})
	}
	for name, header := range map[string]any{
		"id token with its own type": "id+jwt",
		"logout token":               "logout+jwt",
		"type with a suffix":         "at+jwt2",
		"type of the form text/":     "text/at+jwt",
		"type in a list":             []string{"at+jwt"},
		"no type":                    nil,
	} {
		claims := p.Claims(map[string]any{"scope": nil, "roles": "system.admin"})
		token := p.Signed(jwt.SigningMethodRS256, p.Signing(), map[string]any{"typ": header}, claims)
		list = append(list, Forgery{name, []string{"Bearer " + token}, "", http.StatusUnauthorized, unproven})
	}
	for name, changes := range map[string]map[string]any{
		"no scope":              {"scope": nil, "client_id": "the-page"},
		"empty scope":           {"scope": ""},
		"scope with a suffix":   {"scope": "system.administrator"},
		"scope with a prefix":   {"scope": "my.system.admin"},
		"scope in title case":   {"scope": "System.Admin"},
		"scope with a comma":    {"scope": "system.admin,openid"},
		"parts in a list":       {"scope": nil, "scp": []string{"system.administrator", "system", "admin"}},
		"two words in one item": {"scope": nil, "client_id": "the-page", "roles": []string{"system.admin other"}},
		"scope in an object":    {"scope": map[string]any{"system.admin": true}},
		"role with a suffix":    {"scope": nil, "client_id": "the-page", "roles": []string{"system.administrators"}},
		"scope in other claims": {"scope": nil, "client_id": "the-page", "SCOPE": "system.admin", "groups": []string{"system.admin"}},
	} {
		list = append(list, Forgery{name, []string{"Bearer " + p.Token(changes)}, "", http.StatusForbidden, scopeless})
	}
	return list
}

// Send adds the credentials and the query of the forgery to a request.
func (f Forgery) Send(r *http.Request) {
	r.Header["Authorization"] = f.Authorization
	if f.Query != "" {
		r.URL.RawQuery = strings.TrimPrefix(f.Query, "?")
	}
}

// Check compares a response with the expected rejection: status, problem detail and challenge. It also checks that the
// response does not contain the token.
func (f Forgery) Check(t *testing.T, status int, header http.Header, body string) {
	t.Helper()
	if status != f.Status || !strings.Contains(body, `"detail":"`+f.Detail+`"`) {
		t.Errorf("%s: response %d %s", f.Name, status, body)
	}
	challenge := header.Get("WWW-Authenticate")
	want := `Bearer realm="NanoMon", error="invalid_token", error_description="` + f.Detail + `"`
	switch {
	case f.Detail == signInFirst:
		want = `Bearer realm="NanoMon"`
	case f.Status == http.StatusForbidden:
		want = `Bearer realm="NanoMon", error="insufficient_scope", scope="system.admin"`
	}
	if challenge != want {
		t.Errorf("%s: challenge %s, want %s", f.Name, challenge, want)
	}
	for _, value := range f.Authorization {
		if _, token, _ := strings.Cut(value, " "); len(token) > 20 && strings.Contains(body+challenge, token[:20]) {
			t.Errorf("%s: the response contains the token", f.Name)
		}
	}
}
