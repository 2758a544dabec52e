package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Auth configures sign-in. It is off while AuthClientID is blank.
//
// # Sign-in
//
// Sign-in is off unless `AUTH_CLIENT_ID` is set. A program does not start if another `AUTH_` setting is set without it,
// because that setting would have no effect. [sign-in.md](sign-in.md) explains how to set up each provider.
type Auth struct {
	// Client id of NanoMon at the sign-in provider. Setting it turns sign-in on.
	AuthClientID string `env:"AUTH_CLIENT_ID"`
	// Microsoft Entra accounts that may sign in: the id of a tenant (a GUID) for its accounts, `common` for all,
	// `organizations` for all except personal accounts, `consumers` for personal accounts only.
	AuthTenant string `env:"AUTH_TENANT" envDefault:"common"`
	// Issuer of the OpenID Connect provider, if it is not Microsoft Entra. Copy it exactly from the provider's discovery
	// document, for example `https://login.example.org/realms/shop`. `http` is possible on localhost only.
	AuthIssuer string `env:"AUTH_ISSUER"`
	// Audience that access tokens must have (`aud`). If unset, the client id, with or without `api://` before it.
	AuthAudience string `env:"AUTH_AUDIENCE"`
	// Require sign-in for reading too.
	AuthProtectReads bool `env:"AUTH_PROTECT_READS" envDefault:"false"`
}

// AnyTenant lists the values of [Auth.AuthTenant] that stand for more than one tenant.
var AnyTenant = [...]string{"common", "organizations", "consumers"}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// GUID reports whether text is a GUID, the form of the id of an Entra tenant.
func GUID(text string) bool { return guid.MatchString(text) }

// Validate also refuses settings that seem to protect the API but do not.
func (a Auth) Validate() []Fault {
	if a.AuthClientID == "" {
		return a.withoutSignIn()
	}
	var faults []Fault
	switch {
	case a.AuthIssuer == "":
		if !slices.Contains(AnyTenant[:], a.AuthTenant) && !GUID(a.AuthTenant) {
			faults = append(faults, Fault{
				"AUTH_TENANT", "is not a tenant: use its id (a GUID), common, organizations or consumers",
			})
		}
	case a.AuthTenant != "common":
		faults = append(faults, Fault{"AUTH_TENANT", "has no effect together with AUTH_ISSUER: unset one of them"})
	}
	if a.AuthIssuer != "" && !validIssuer(a.AuthIssuer) {
		faults = append(faults, Fault{
			"AUTH_ISSUER",
			"is not an issuer: use for example https://login.example.org/realms/shop; http is possible on localhost only",
		})
	}
	return faults
}

// withoutSignIn returns the settings that have no effect while sign-in is off.
func (a Auth) withoutSignIn() []Fault {
	var faults []Fault
	for _, setting := range []struct {
		name string
		set  bool
	}{
		{"AUTH_TENANT", a.AuthTenant != "common"},
		{"AUTH_ISSUER", a.AuthIssuer != ""},
		{"AUTH_AUDIENCE", a.AuthAudience != ""},
		{"AUTH_PROTECT_READS", a.AuthProtectReads},
	} {
		if setting.set {
			faults = append(faults, Fault{
				setting.name, "has no effect while sign-in is off: set AUTH_CLIENT_ID too, or unset " + setting.name,
			})
		}
	}
	return faults
}

func validIssuer(text string) bool {
	u, err := url.Parse(text)
	return err == nil && Confidential(u) && u.User == nil && !strings.ContainsAny(text, "?#")
}

// Confidential reports whether nobody can read or change what is sent to u: it is https, or http to this machine.
func Confidential(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return u.Hostname() != ""
	case "http":
		ip, err := netip.ParseAddr(u.Hostname())
		return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	}
	return false
}

// CORS configures which other web pages may use the API, and under which host names.
//
// # Sign-in
type CORS struct {
	// Origins of other web pages that may use the API, for example `https://nanomon.example.org`, separated by commas or
	// spaces. A page with the same origin as the API needs no entry. If unset and sign-in is off, pages on other ports of
	// the same host name may use it too.
	CORSOrigins Origins `env:"CORS_ORIGINS"`
	// Host names under which browsers reach NanoMon while sign-in is off, separated by commas or spaces, for example
	// `nanomon.example.org` or `*.example.org`. `*` allows all. IP addresses, `localhost`, names without a dot and the
	// hosts in `CORS_ORIGINS` need no entry. It has no effect while sign-in is on.
	AllowedHosts HostNames `env:"ALLOWED_HOSTS"`
}

// HostNames returns the allowed host names, including the hosts in CORS_ORIGINS.
func (c CORS) HostNames() []string {
	names := slices.Clone([]string(c.AllowedHosts))
	for _, origin := range c.CORSOrigins {
		names = append(names, hostOf(origin))
	}
	return names
}

// HostNames are names in lower case. The first label can be "*", which stands for all names below the rest; "*" alone
// stands for all names.
type HostNames []string

var hostName = regexp.MustCompile(`^(\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?)$`)

// UnmarshalText parses a list separated by commas or spaces.
func (h *HostNames) UnmarshalText(text []byte) error {
	list := HostNames{}
	for _, field := range splitList(string(text)) {
		name := strings.ToLower(field)
		if !hostName.MatchString(name) {
			return fmt.Errorf("%q is not a host name: use for example nanomon.example.org, without scheme and port", field)
		}
		list = append(list, strings.TrimSuffix(name, "."))
	}
	*h = list
	return nil
}

// hostOf returns the host name of a URL in lower case, or an empty string if it has none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// splitList splits a list that is separated by commas or spaces.
func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// Origins are web origins in the form that browsers send: scheme, host, and the port unless it is the scheme's default.
type Origins []string

// UnmarshalText parses a list separated by commas or spaces.
func (o *Origins) UnmarshalText(text []byte) error {
	fields := splitList(string(text))
	list := make(Origins, 0, len(fields))
	for _, field := range fields {
		u, err := webAddress(field)
		if err != nil || u.User != nil || !strings.EqualFold(field, u.Scheme+"://"+u.Host) {
			return fmt.Errorf("%q is not an origin: use for example https://nanomon.example.org, without a path", field)
		}
		list = append(list, asSent(u))
	}
	*o = list
	return nil
}

// asSent formats an origin as browsers send it.
func asSent(u *url.URL) string {
	host := strings.ToLower(u.Host)
	name, port, err := net.SplitHostPort(host)
	if err == nil && (u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80") {
		host = name
		if strings.Contains(name, ":") {
			host = "[" + name + "]"
		}
	}
	return u.Scheme + "://" + host
}
