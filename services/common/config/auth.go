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

// CORS configures which other web pages may use the API.
//
// # Sign-in
type CORS struct {
	// Origins of other web pages that may use the API, for example `https://nanomon.example.org`, separated by commas or
	// spaces. If unset, any page may use it while sign-in is off, and none while it is on. The page that `standalone`
	// serves, and a page on the same host name and port as the API, need no entry.
	CORSOrigins Origins `env:"CORS_ORIGINS"`
}

// Origins are web origins in the form that browsers send: scheme, host, and the port unless it is the scheme's default.
type Origins []string

// UnmarshalText parses a list separated by commas or spaces.
func (o *Origins) UnmarshalText(text []byte) error {
	fields := strings.FieldsFunc(string(text), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
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
