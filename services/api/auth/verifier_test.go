package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"nanomon/services/common/config"
	"nanomon/tests/oidctest"
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
	} {
		if id, err := v.Verify(t.Context(), p.Token(changes)); err != nil || id.Scope != ScopeAdmin {
			t.Errorf("%s: %+v, %v", name, id, err)
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

func TestEntraIDTokensAreRejected(t *testing.T) {
	p := oidctest.New(t)
	v := NewVerifier(config.Auth{AuthClientID: oidctest.ClientID, AuthTenant: tenantA}, discardLogger())
	v.keys.client = p.Client()
	for _, c := range []struct {
		changes map[string]any
		want    error
	}{
		{map[string]any{"roles": []string{"system.admin"}}, errIDToken},
		{map[string]any{"azp": "the-page"}, nil},
		{map[string]any{"appid": "the-page"}, nil},
	} {
		c.changes["iss"] = "https://login.microsoftonline.com/" + tenantA + "/v2.0"
		if _, err := v.Verify(t.Context(), p.Token(c.changes)); err != c.want {
			t.Errorf("%v: %v, want %v", c.changes, err, c.want)
		}
	}
}
