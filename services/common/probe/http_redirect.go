package probe

import (
	"errors"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nanomon/services/common/hostname"
	"nanomon/services/common/secret"
)

// maxRedirects is the maximum number of redirects that a check follows.
const maxRedirects = 10

var errTooManyRedirects = errors.New("more than " + strconv.Itoa(maxRedirects) + " redirects, probably a redirect loop")

// bodyRedirectError reports a redirect that would send the body to another origin. It contains the masked URL.
type bodyRedirectError string

func (e bodyRedirectError) Error() string {
	return "redirect to another origin: the body was not sent; use " + string(e) + " as the target"
}

// harmlessHeaders lists the headers that are sent to other origins, unless they contain the value of a reference to a
// secret. Every other header may contain a secret.
var harmlessHeaders = []string{
	"Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cache-Control", "Content-Type", "Pragma",
	"User-Agent",
}

// redirectPolicy returns a function for [http.Client.CheckRedirect], which the client calls before it sends next. via
// contains the previous requests. isSecret reports whether a header's value contains the value of a reference.
func redirectPolicy(follow bool, isSecret func(value string) bool) func(next *http.Request, via []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		escapeURL(next.URL)
		next.URL.Host = hostToASCII(next.URL.Host)
		switch {
		case !follow:
			return http.ErrUseLastResponse
		case len(via) > maxRedirects:
			return errTooManyRedirects
		case leavesOrigin(next, via):
			return removeSecrets(next, isSecret)
		}
		restoreSecrets(next, via[0])
		removeReplacedCookies(next, via[0])
		return nil
	}
}

// escapeURL escapes the characters that the URL of a request may not contain. The path has no raw form if it is escaped
// anyway.
func escapeURL(u *url.URL) {
	u.RawPath, u.RawQuery = secret.EscapeURL(u.RawPath), secret.EscapeURL(u.RawQuery)
}

// leavesOrigin reports whether next or one of the previous requests goes to another origin. A return to the first
// origin doesn't count, because the other origin chose the URL.
func leavesOrigin(next *http.Request, via []*http.Request) bool {
	for i, previous := range via {
		following := next
		if i+1 < len(via) {
			following = via[i+1]
		}
		if !keepsOrigin(previous.URL, following.URL) {
			return true
		}
	}
	return false
}

// keepsOrigin reports whether a redirect may send secrets to the new URL: the origin is the same, or differs only by
// the upgrade from http to https, on the default ports or on the same port.
func keepsOrigin(from, to *url.URL) bool {
	upgraded := from.Scheme == "http" && to.Scheme == "https"
	if from.Scheme != to.Scheme && !upgraded || normalHost(from) != normalHost(to) {
		return false
	}
	return port(from) == port(to) || upgraded && port(from) == "80" && port(to) == "443"
}

// normalHost returns the host name of u in lower case, in ASCII and without a final dot, or the IP address in its
// shortest form.
func normalHost(u *url.URL) string {
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); err == nil {
		return address.String()
	}
	return strings.TrimSuffix(strings.ToLower(hostname.ToASCII(host)), ".")
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// removeSecrets removes everything from next that may contain a secret. It returns an error if next has a body.
func removeSecrets(next *http.Request, isSecret func(value string) bool) error {
	maps.DeleteFunc(next.Header, func(name string, values []string) bool {
		return !slices.Contains(harmlessHeaders, name) || slices.ContainsFunc(values, isSecret)
	})
	if _, kept := next.Header["User-Agent"]; !kept {
		next.Header.Set("User-Agent", defaultUserAgent)
	}
	next.Host = "" // The client keeps a configured Host if the redirect contains no scheme.
	if next.Body == nil || !requestable(next.URL) {
		return nil // The transport refuses a URL that can't be requested.
	}
	return bodyRedirectError(masked(next.URL))
}

// masked returns u without secrets, for a message.
func masked(u *url.URL) string {
	public := *u
	public.User, public.Fragment = nil, ""
	return clip(validUTF8(secret.MaskURL(public.String())), 300)
}

// restoreSecrets adds to next the user information and the headers of first that the client has removed. The client
// compares host names less exactly than [keepsOrigin], and removes user information if the redirect has a host name.
func restoreSecrets(next, first *http.Request) {
	if next.URL.User == nil {
		next.URL.User = first.URL.User
	}
	for name, values := range first.Header {
		// The client removes the headers that describe the body together with the body.
		if _, ok := next.Header[name]; !ok && !strings.HasPrefix(name, "Content-") {
			next.Header[name] = values
		}
	}
}
