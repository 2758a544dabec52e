package probe

import (
	"net/http"
	"net/http/cookiejar"
	"slices"

	"golang.org/x/net/publicsuffix"
)

// newCookieJar returns the jar of one check. It sends the cookies of a server only where a browser would send them.
func newCookieJar() http.CookieJar {
	jar, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // Never fails.
	return jar
}

// removeReplacedCookies removes the configured cookies from next that a server has set again. The client adds the
// cookies of the jar afterwards.
func removeReplacedCookies(next *http.Request) {
	replaced := make(map[string]bool)
	for request := next; request.Response != nil; request = request.Response.Request {
		for _, cookie := range request.Response.Cookies() {
			replaced[cookie.Name] = true
		}
	}
	isReplaced := func(cookie *http.Cookie) bool { return replaced[cookie.Name] }
	configured := next.Cookies()
	if next.Header.Get("Cookie") != "" && !slices.ContainsFunc(configured, isReplaced) {
		return
	}
	next.Header.Del("Cookie")
	for _, cookie := range slices.DeleteFunc(configured, isReplaced) {
		next.AddCookie(cookie)
	}
}
