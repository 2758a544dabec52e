package host

import (
	"fmt"
	"net/url"
	"strings"
)

// entra is the origin of the sign-in provider unless another issuer is configured.
const entra = "https://login.microsoftonline.com"

// contentPolicy returns the Content-Security-Policy. The page loads files from its own origin only, and connects to
// that origin, the API and the sign-in provider only.
func contentPolicy(cfg Config) (string, error) {
	connect := []string{"'self'"}
	if !strings.HasPrefix(cfg.APIEndpoint, "/") || strings.HasPrefix(cfg.APIEndpoint, "//") {
		origin, ok := originOf(cfg.APIEndpoint)
		if !ok {
			return "", fmt.Errorf("API_ENDPOINT %q is neither a path such as /api nor an http or https URL", cfg.APIEndpoint)
		}
		connect = append(connect, origin)
	}
	switch {
	case cfg.Auth.AuthClientID == "":
	case cfg.Auth.AuthIssuer == "":
		connect = append(connect, entra)
	default:
		origin, ok := originOf(cfg.Auth.AuthIssuer)
		if !ok {
			return "", fmt.Errorf("AUTH_ISSUER %q is not an https URL", cfg.Auth.AuthIssuer)
		}
		connect = append(connect, origin)
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"manifest-src 'self'; connect-src " + strings.Join(connect, " ") + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", nil
}

// originOf returns the origin of an http or https URL in the form of a policy. It reports whether there is one.
func originOf(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(u.Host, "; ,'") {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}
