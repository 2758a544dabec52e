package auth

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"nanomon/services/common/config"
	"nanomon/tests/support/oidctest"
)

const (
	tenantA = "11111111-aaaa-4aaa-8aaa-111111111111"
	tenantB = "22222222-bbbb-4bbb-8bbb-222222222222"
)

func TestValidTokens(t *testing.T) {
	p := oidctest.New(t)
	v := NewVerifier(settings(p), discardLogger())
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for name, changes := range map[string]map[string]any{
		"scope in a text":                    nil,
		"scope alone":                        {"scope": "system.admin"},
		"scp in a text":                      {"scope": nil, "scp": "profile system.admin"},
		"scope in a list":                    {"scope": []string{"openid", "system.admin"}},
		"scp in a list":                      {"scope": nil, "scp": []string{"system.admin"}},
		"a role":                             {"scope": "openid", "roles": []string{"reader", "system.admin"}},
		"audience with a scheme":             {"aud": "api://" + oidctest.ClientID},
		"several audiences":                  {"aud": []string{"account", oidctest.ClientID}},
		"expired within the leeway":          {"exp": at(-30 * time.Second)},
		"not yet valid within the leeway":    {"nbf": at(30 * time.Second), "iat": at(30 * time.Second)},
		"no iat and no nbf":                  {"nbf": nil, "iat": nil},
		"a fraction of a second":             {"exp": float64(at(time.Hour)) + 0.5},
		"typ of an access token of Keycloak": {"typ": "Bearer"},
		"use of an access token of Cognito":  {"token_use": "access"},
		"a role and client_id":               {"scope": nil, "client_id": "the-page", "roles": []string{"system.admin"}},
		"a role and an empty scope":          {"scope": "", "roles": []string{"system.admin"}},
	} {
		if id, err := v.Verify(t.Context(), p.Token(changes)); err != nil || id.Scope != ScopeAdmin {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

func TestTypeOfAccessTokens(t *testing.T) {
	p := oidctest.New(t)
	v := NewVerifier(settings(p), discardLogger())
	claims := p.Claims(map[string]any{"scope": nil, "roles": []string{"system.admin"}})
	for _, typ := range []string{"at+jwt", "application/at+jwt", "AT+JWT", "Application/at+JWT"} {
		token := p.Signed(jwt.SigningMethodRS256, p.Signing(), map[string]any{"typ": typ}, claims)
		if id, err := v.Verify(t.Context(), token); err != nil || id.Scope != ScopeAdmin {
			t.Errorf("%s: %+v, %v", typ, id, err)
		}
	}
}

// TestAudienceOfAccessTokensExcludesIDTokens checks that a token needs no other proof if AUTH_AUDIENCE is an audience
// that no ID token has. The client id is the audience of all ID tokens.
func TestAudienceOfAccessTokensExcludesIDTokens(t *testing.T) {
	p := oidctest.New(t)
	for audience, want := range map[string]error{
		"":                                errUnproven,
		oidctest.ClientID:                 errUnproven,
		"https://nanomon.example.org/api": nil,
	} {
		configured := settings(p)
		configured.AuthAudience = audience
		token := p.Token(map[string]any{"aud": cmp.Or(audience, oidctest.ClientID), "scope": nil, "roles": []string{"system.admin"}})
		if _, err := NewVerifier(configured, discardLogger()).Verify(t.Context(), token); err != want {
			t.Errorf("AUTH_AUDIENCE %q: %v, want %v", audience, err, want)
		}
	}
}

func TestDisplayNames(t *testing.T) {
	p := oidctest.New(t)
	v := NewVerifier(settings(p), discardLogger())
	for want, changes := range map[string]map[string]any{
		"ada@example.org": {"name": "", "preferred_username": "ada@example.org"},
		"a-program":       {"name": nil, "azp": "a-program"},
		"4711":            {"name": 7},
		"unknown":         {"name": nil, "sub": nil},
	} {
		if id, err := v.Verify(t.Context(), p.Token(changes)); err != nil || id.Name != want {
			t.Errorf("%+v, %v, want %s", id, err, want)
		}
	}
}

func TestAlgorithmsAndKeys(t *testing.T) {
	p := oidctest.New(t)
	rsaKey := p.Signing()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecKey := oidctest.Key{ID: "ec", Private: curve, Use: jwkset.UseSig}
	unspecific := oidctest.Key{ID: "unspecific", Private: rsaKey.Private}
	encryption := oidctest.Key{ID: "encryption", Private: rsaKey.Private, Use: jwkset.UseEnc}
	p.Publish(rsaKey, ecKey, unspecific, encryption)
	v := NewVerifier(settings(p), discardLogger())
	for name, c := range map[string]struct {
		method jwt.SigningMethod
		key    oidctest.Key
		want   error
	}{
		"RS256":                  {jwt.SigningMethodRS256, rsaKey, nil},
		"PS256":                  {jwt.SigningMethodPS256, rsaKey, nil},
		"ES256":                  {jwt.SigningMethodES256, ecKey, nil},
		"a key of any use":       {jwt.SigningMethodRS256, unspecific, nil},
		"a key for encryption":   {jwt.SigningMethodRS256, encryption, errUnknownSigningKey},
		"RS384":                  {jwt.SigningMethodRS384, rsaKey, errAlgorithm},
		"the kid of another key": {jwt.SigningMethodRS256, oidctest.Key{ID: "ec", Private: rsaKey.Private}, errSignature},
		"a kid in upper case":    {jwt.SigningMethodES256, oidctest.Key{ID: "EC", Private: curve}, errUnknownSigningKey},
	} {
		if _, err := v.Verify(t.Context(), p.Signed(c.method, c.key, nil, p.Claims(nil))); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestConfiguredAudience(t *testing.T) {
	p := oidctest.New(t)
	configured := settings(p)
	configured.AuthAudience = "https://nanomon.example.org/api"
	v := NewVerifier(configured, discardLogger())
	for audience, want := range map[string]error{
		"https://nanomon.example.org/api":  nil,
		"https://nanomon.example.org/api/": errAudience,
		oidctest.ClientID:                  errAudience,
		"api://" + oidctest.ClientID:       errAudience,
	} {
		if _, err := v.Verify(t.Context(), p.Token(map[string]any{"aud": audience})); err != want {
			t.Errorf("%s: %v, want %v", audience, err, want)
		}
	}
}

func TestEntraTenants(t *testing.T) {
	p := oidctest.New(t)
	v2 := func(tenant string) string { return "https://login.microsoftonline.com/" + tenant + "/v2.0" }
	v1 := func(tenant string) string { return "https://sts.windows.net/" + tenant + "/" }
	for name, c := range map[string]struct {
		tenant, issuer string
		tid            any
		want           error
	}{
		"own tenant, v2":                      {tenantA, v2(tenantA), tenantA, nil},
		"own tenant, v1":                      {tenantA, v1(tenantA), tenantA, nil},
		"own tenant in capitals":              {"11111111-AAAA-4AAA-8AAA-111111111111", v2(tenantA), tenantA, nil},
		"other tenant, v2":                    {tenantA, v2(tenantB), tenantB, errIssuer},
		"other tenant, v1":                    {tenantA, v1(tenantB), tenantB, errIssuer},
		"other tenant that claims to be ours": {tenantA, v2(tenantB), tenantA, errIssuer},
		"v1 without the slash":                {tenantA, "https://sts.windows.net/" + tenantA, tenantA, errIssuer},
		"any tenant, v2":                      {"common", v2(tenantB), tenantB, nil},
		"any tenant, v1":                      {"common", v1(tenantB), tenantB, nil},
		"any tenant, another in the issuer":   {"common", v2(tenantB), tenantA, errIssuer},
		"any tenant, no tid":                  {"common", v2(tenantB), nil, errIssuer},
		"any tenant, a path":                  {"common", v2("../evil"), "../evil", errIssuer},
		"any tenant, the word itself":         {"common", v2("common"), "common", errIssuer},
		"any tenant, another provider":        {"common", p.Issuer(), tenantA, errIssuer},
		"a personal account, common":          {"common", v2(consumerTenant), consumerTenant, nil},
		"a personal account, consumers":       {"consumers", v2(consumerTenant), consumerTenant, nil},
		"a personal account, organizations":   {"organizations", v2(consumerTenant), consumerTenant, errIssuer},
		"an organization, organizations":      {"organizations", v2(tenantA), tenantA, nil},
		"an organization, consumers":          {"consumers", v2(tenantA), tenantA, errIssuer},
	} {
		v := NewVerifier(config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: c.tenant}, discardLogger())
		v.keys.client = p.Client()
		token := p.Token(map[string]any{"iss": c.issuer, "tid": c.tid, "azp": "the-page"})
		if _, err := v.Verify(t.Context(), token); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestEntraTokens checks the forms of tokens that Microsoft Entra issues, with the tenant in AUTH_TENANT and with the
// tenant's issuer in AUTH_ISSUER.
func TestEntraTokens(t *testing.T) {
	p := oidctest.New(t)
	issuer, role := "https://login.microsoftonline.com/"+tenantA+"/v2.0", []string{"system.admin"}
	byTenant := NewVerifier(config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: tenantA}, discardLogger())
	byTenant.keys.client = p.Client()
	byIssuer := NewVerifier(config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: "common", AuthIssuer: issuer}, discardLogger())
	byIssuer.keys.client = p.Client()
	p.SetIssuer(issuer)
	for name, c := range map[string]struct {
		changes map[string]any
		want    error
	}{
		"of a person, v2":               {map[string]any{"ver": "2.0", "azp": "the-page", "azpacr": "0", "scp": "system.admin"}, nil},
		"of a person, v1":               {map[string]any{"ver": "1.0", "appid": "the-page", "appidacr": "0", "scp": "system.admin", "aud": "api://" + oidctest.ClientID}, nil},
		"of a program, v2":              {map[string]any{"ver": "2.0", "azp": "a-program", "azpacr": "1", "roles": role}, nil},
		"of a program, v1":              {map[string]any{"ver": "1.0", "appid": "a-program", "appidacr": "1", "roles": role, "aud": "api://" + oidctest.ClientID}, nil},
		"of a program with idtyp":       {map[string]any{"ver": "2.0", "azp": "a-program", "idtyp": "app", "roles": role}, nil},
		"ID token":                      {map[string]any{"ver": "2.0"}, errIDToken},
		"ID token with a role":          {map[string]any{"ver": "2.0", "roles": role}, errIDToken},
		"ID token with a nonce and azp": {map[string]any{"ver": "2.0", "roles": role, "nonce": "n", "azp": "the-page"}, errIDToken},
	} {
		c.changes["iss"], c.changes["tid"], c.changes["scope"] = issuer, tenantA, nil
		for setting, v := range map[string]*Verifier{"AUTH_TENANT": byTenant, "AUTH_ISSUER": byIssuer} {
			id, err := v.Verify(t.Context(), p.Token(c.changes))
			if err != c.want || err == nil && id.Scope != ScopeAdmin || err != nil && id.Scope != ScopeNone {
				t.Errorf("%s, %s: %+v, %v, want %v", setting, name, id, err, c.want)
			}
		}
	}
}
