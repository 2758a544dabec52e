package host_test

import (
	"strings"
	"testing"

	"nanomon/services/common/config"
	"nanomon/services/frontend/host"
)

func TestPolicyAllowsTheAPI(t *testing.T) {
	for endpoint, connect := range map[string]string{
		"/api":                         "connect-src 'self';",
		"https://api.example.com/api":  "connect-src 'self' https://api.example.com;",
		"http://[::1]:8000/api":        "connect-src 'self' http://[::1]:8000;",
		"https://u:p@api.example.com/": "connect-src 'self' https://api.example.com;",
	} {
		policy := request(newHost(t, host.Config{APIEndpoint: endpoint}), "GET", "/").Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, connect) || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") {
			t.Errorf("%s: %s", endpoint, policy)
		}
	}
}

func TestPolicyAllowsTheProvider(t *testing.T) {
	for name, c := range map[string]struct {
		auth    config.Auth
		connect string
	}{
		"off":            {config.Auth{AuthTenant: "common"}, "connect-src 'self';"},
		"Entra":          {config.Auth{AuthClientID: "client", AuthTenant: "common"}, "connect-src 'self' https://login.microsoftonline.com;"},
		"another issuer": {config.Auth{AuthClientID: "client", AuthIssuer: "https://id.example.com:8443/realms/shop"}, "connect-src 'self' https://id.example.com:8443;"},
	} {
		policy := request(newHost(t, host.Config{APIEndpoint: "/api", Auth: c.auth}), "GET", "/").Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, c.connect) {
			t.Errorf("%s: %s", name, policy)
		}
	}
}
