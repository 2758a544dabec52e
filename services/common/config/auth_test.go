package config_test

import (
	"slices"
	"strings"
	"testing"

	"nanomon/services/common/config"
)

func TestValidSignIn(t *testing.T) {
	for _, environment := range []map[string]string{
		{},
		{"AUTH_TENANT": "common", "AUTH_PROTECT_READS": "false"},
		{"AUTH_CLIENT_ID": "c"},
		{"AUTH_CLIENT_ID": "c", "AUTH_TENANT": "organizations", "AUTH_AUDIENCE": "a", "AUTH_PROTECT_READS": "true"},
		{"AUTH_CLIENT_ID": "c", "AUTH_TENANT": "11111111-AAAA-4aaa-8aaa-111111111111"},
		{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "https://login.example.org/realms/shop"},
		{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "https://shop.example.org/", "AUTH_TENANT": "common"},
		{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "http://localhost:8080/realms/shop"},
		{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "http://127.0.0.9:1"},
		{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "http://[::1]:1"},
	} {
		c, err := config.Parse[config.API](environment)
		if err != nil || c.AuthClientID != environment["AUTH_CLIENT_ID"] || c.AuthIssuer != environment["AUTH_ISSUER"] ||
			c.AuthAudience != environment["AUTH_AUDIENCE"] || c.AuthProtectReads != (environment["AUTH_PROTECT_READS"] == "true") {
			t.Errorf("%v: %+v, %v", environment, c.Auth, err)
		}
	}
}

func TestInvalidSignIn(t *testing.T) {
	refused := func(name, value string) string {
		return name + ` "` + value + `" has no effect while sign-in is off: set AUTH_CLIENT_ID too, or unset ` + name
	}
	issuer := func(text string) string {
		return `AUTH_ISSUER "` + text + `" is not an issuer: use for example https://login.example.org/realms/shop; http is possible on localhost only`
	}
	for _, c := range []struct {
		environment map[string]string
		want        string
	}{
		{map[string]string{"AUTH_TENANT": "consumers"}, refused("AUTH_TENANT", "consumers")},
		{map[string]string{"AUTH_ISSUER": "https://login.example.org"}, refused("AUTH_ISSUER", "https://login.example.org")},
		{map[string]string{"AUTH_AUDIENCE": "a", "AUTH_PROTECT_READS": "true"}, refused("AUTH_AUDIENCE", "a") + "\n" + refused("AUTH_PROTECT_READS", "true")},
		{map[string]string{"AUTH_CLIENT_ID": "c", "AUTH_TENANT": "shop.example.org"}, `AUTH_TENANT "shop.example.org" is not a tenant: use its id (a GUID), common, organizations or consumers`},
		{map[string]string{"AUTH_CLIENT_ID": "c", "AUTH_TENANT": "organizations", "AUTH_ISSUER": "https://login.example.org"}, `AUTH_TENANT "organizations" has no effect together with AUTH_ISSUER: unset one of them`},
		{map[string]string{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "http://login.example.org"}, issuer("http://login.example.org")},
		{map[string]string{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "http://localhost.example.org"}, issuer("http://localhost.example.org")},
		{map[string]string{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "http://127.0.0.1@example.org"}, issuer("http://127.0.0.1@example.org")},
		{map[string]string{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "https://login.example.org?a"}, issuer("https://login.example.org?a")},
		{map[string]string{"AUTH_CLIENT_ID": "c", "AUTH_ISSUER": "login.example.org"}, issuer("login.example.org")},
		{map[string]string{"AUTH_CLIENT_ID": "c", "AUTH_PROTECT_READS": "maybe"}, `AUTH_PROTECT_READS "maybe" is not a boolean: use true or false`},
	} {
		if _, err := config.Parse[config.API](c.environment); err == nil || err.Error() != c.want {
			t.Errorf("%v:\n got %v\nwant %s", c.environment, err, c.want)
		}
	}
}

func TestOrigins(t *testing.T) {
	c, err := config.Parse[config.API](map[string]string{
		"CORS_ORIGINS": "https://NanoMon.example.org, http://localhost:8001\thttps://a.example:443,http://[::1]:80",
	})
	want := []string{"https://nanomon.example.org", "http://localhost:8001", "https://a.example", "http://[::1]"}
	if err != nil || !slices.Equal(c.CORSOrigins, want) {
		t.Errorf("%q, %v, want %q", c.CORSOrigins, err, want)
	}
	for _, text := range []string{"*", "null", "https://a.example/", "https://a.example/x", "a.example", "https://u@a.example", "ftp://a.example", "https://a.example?q"} {
		if _, err := config.Parse[config.API](map[string]string{"CORS_ORIGINS": "https://b.example," + text}); err == nil ||
			!strings.HasPrefix(err.Error(), `CORS_ORIGINS "`+text+`" is not an origin: use for example`) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
