package password

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func with(cookie *http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/status/slug", nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return r
}

func TestCookie(t *testing.T) {
	g, page := newTestGuard(), pageWith(t, "65a50000000000000000000a")
	for _, secure := range []bool{true, false} {
		c := g.Cookie(page, secure)
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.Path != "/status/" || c.Domain != "" || c.MaxAge != 30*86400 {
			t.Errorf("cookie is %+v", c)
		}
		if err := c.Valid(); err != nil {
			t.Error(err)
		}
		for _, canary := range []string{page.ID, page.Slug, page.PasswordHash, secret} {
			if strings.Contains(c.String(), canary) {
				t.Errorf("the cookie contains %q: %s", canary, c)
			}
		}
	}
	cookie := g.Cookie(page, false)
	another := newTestGuard()
	another.now = g.now.Add(cookieTime - time.Second)
	if !another.Knows(with(cookie), page) {
		t.Error("another process does not accept the cookie until it expires")
	}
	another.now = another.now.Add(time.Second)
	if another.Knows(with(cookie), page) {
		t.Error("the cookie is valid after it has expired")
	}
}

func TestForgedCookies(t *testing.T) {
	g, page := newTestGuard(), pageWith(t, "a")
	other, renewed, unset := pageWith(t, "b"), pageWith(t, "a"), page
	unset.PasswordHash = ""
	value := g.Cookie(page, false).Value
	date, signed, _ := strings.Cut(value, ".")
	named := func(value string) *http.Cookie { return &http.Cookie{Name: cookieName(page), Value: value} }
	for name, cookie := range map[string]*http.Cookie{
		"none": nil, "empty": named(""), "only a date": named(date), "no signature": named(date + "."), "later": named("9" + date + "." + signed),
		"another signature": named(date + "." + strings.Repeat("A", len(signed))), "of another page": named(g.Cookie(other, false).Value),
		"of another password": named(g.Cookie(renewed, false).Value), "of no password": named(g.Cookie(unset, false).Value),
		"under another name": {Name: cookieName(other), Value: value},
	} {
		if g.Knows(with(cookie), page) {
			t.Errorf("%s: accepted", name)
		}
	}
	if g.Knows(with(named(value)), renewed) {
		t.Error("the cookie survives a new password")
	}
	if g.Knows(with(g.Cookie(unset, false)), unset) {
		t.Error("a page without a hash has a cookie")
	}
	// A wrong cookie of the same name, for example from a domain above, does not hide the right one.
	r := with(named("wrong"))
	r.AddCookie(named(value))
	if !g.Knows(r, page) {
		t.Error("a wrong cookie hides the right one")
	}
}
