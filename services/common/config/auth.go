package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Auth is the sign-in, which is off while the client id is blank.
//
// # Sign-in
//
// Without `AUTH_CLIENT_ID` the other `AUTH_` settings are refused, because nothing would be protected.
// [sign-in.md](sign-in.md) tells how to set up each provider.
type Auth struct {
	// Switches sign-in on: the id by which the provider knows NanoMon.
	AuthClientID string `env:"AUTH_CLIENT_ID"`
	// Whose accounts of Microsoft Entra may sign in: the id (a GUID) of a tenant for its own, `common` for all,
	// `organizations` for all but personal ones, `consumers` for these.
	AuthTenant string `env:"AUTH_TENANT" envDefault:"common"`
	// Another OpenID Connect provider in place of Entra: its issuer exactly as its discovery document has it, such as
	// `https://login.example.org/realms/shop`. It must be `https`, or `http` on the loopback.
	AuthIssuer string `env:"AUTH_ISSUER"`
	// Whom access tokens are for (their `aud`); unset, the client id, with or without `api://` before it.
	AuthAudience string `env:"AUTH_AUDIENCE"`
	// Whether reading needs a sign-in too.
	AuthProtectReads bool `env:"AUTH_PROTECT_READS" envDefault:"false"`
}

// AnyTenant are the values of [Auth.AuthTenant] that stand for more than one tenant.
var AnyTenant = [...]string{"common", "organizations", "consumers"}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// GUID reports whether text is the id of a tenant of Entra.
func GUID(text string) bool { return guid.MatchString(text) }

// Validate refuses to start a service that would look protected and isn't.
func (a Auth) Validate() error {
	if a.AuthClientID == "" {
		return a.unprotected()
	}
	var faults []error
	switch {
	case a.AuthIssuer == "":
		if !slices.Contains(AnyTenant[:], a.AuthTenant) && !GUID(a.AuthTenant) {
			faults = append(faults, fmt.Errorf("AUTH_TENANT: %q is not a tenant, use its id (a GUID), common, organizations or consumers", a.AuthTenant))
		}
	case a.AuthTenant != "common":
		faults = append(faults, errors.New("AUTH_TENANT: it has no effect beside AUTH_ISSUER, unset one of them"))
	}
	if a.AuthIssuer != "" && !validIssuer(a.AuthIssuer) {
		faults = append(faults, fmt.Errorf("AUTH_ISSUER: %q is not an issuer, use for example https://login.example.org/realms/shop; http is possible on the loopback only", a.AuthIssuer))
	}
	return errors.Join(faults...)
}

// unprotected names the settings that would protect nothing.
func (a Auth) unprotected() error {
	var faults []error
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
			faults = append(faults, fmt.Errorf("%s: without AUTH_CLIENT_ID sign-in is off and everything is open, set AUTH_CLIENT_ID too or unset it", setting.name))
		}
	}
	return errors.Join(faults...)
}

func validIssuer(text string) bool {
	u, err := url.Parse(text)
	return err == nil && Confidential(u) && u.User == nil && !strings.ContainsAny(text, "?#")
}

// Confidential reports whether nobody can listen in on what is sent to u, or change it: it is https, or http to this machine.
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

// CORS says which other web pages may use the API.
//
// # Sign-in
type CORS struct {
	// Origins of other web pages that may use the API, such as `https://nanomon.example.org`, with commas or blanks. Unset:
	// any while sign-in is off, none while it is on. The page's own port on `standalone`, and a page on the API's host name
	// and port, need no entry.
	CORSOrigins Origins `env:"CORS_ORIGINS"`
}

// Origins are web origins as browsers send them: scheme, host and, unless it is the scheme's own, port.
type Origins []string

// UnmarshalText reads a list with commas or blanks.
func (o *Origins) UnmarshalText(text []byte) error {
	fields := strings.FieldsFunc(string(text), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	list := make(Origins, 0, len(fields))
	for _, field := range fields {
		u, err := webAddress(field)
		if err != nil || u.User != nil || !strings.EqualFold(field, u.Scheme+"://"+u.Host) {
			return fmt.Errorf("%q is not an origin, use for example https://nanomon.example.org, without a path", field)
		}
		list = append(list, asSent(u))
	}
	*o = list
	return nil
}

func asSent(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if name, port, err := net.SplitHostPort(host); err == nil && (u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80") {
		host = name
		if strings.Contains(name, ":") {
			host = "[" + name + "]"
		}
	}
	return u.Scheme + "://" + host
}
