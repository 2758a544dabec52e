package probe

import (
	"net/http"
	"net/http/cookiejar"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// newCookieJar returns the jar of one check. It sends the cookies of a server only where a browser would send them.
func newCookieJar() http.CookieJar {
	jar, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // Never fails.
	return jar
}

// removeReplacedCookies sets the cookies of next to the configured ones of first that no server has set again. It keeps
// cookies that Go can't parse, such as one with a JSON value. The client adds the cookies of the jar afterwards.
func removeReplacedCookies(next, first *http.Request) {
	replaced := make(map[string]bool)
	for request := next; request.Response != nil; request = request.Response.Request {
		for _, cookie := range request.Response.Cookies() {
			replaced[cookie.Name] = true
		}
	}
	var kept []string
	for cookie := range strings.SplitSeq(first.Header.Get("Cookie"), ";") {
		cookie = strings.TrimSpace(cookie)
		if name, _, _ := strings.Cut(cookie, "="); cookie != "" && !replaced[name] {
			kept = append(kept, cookie)
		}
	}
	next.Header.Del("Cookie")
	if len(kept) > 0 {
		next.Header.Set("Cookie", strings.Join(kept, "; "))
	}
}
