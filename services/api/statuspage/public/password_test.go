package public_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestPasswordForm(t *testing.T) {
	list := examples(t)
	h := handlerOf(list)
	wrong := enter(h, "inner", "wrong")
	if text := textOf(t, wrong); wrong.StatusCode != 401 || !strings.Contains(text, "Wrong password") || len(wrong.Cookies()) > 0 {
		t.Errorf("a wrong password: %d %v %s", wrong.StatusCode, wrong.Header, text)
	}
	right := enter(h, "inner", secret)
	if right.StatusCode != 303 || right.Header.Get("Location") != "/status/inner" || len(right.Cookies()) != 1 || right.Header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("the right password: %d %v", right.StatusCode, right.Header)
	}
	cookie := right.Cookies()[0]
	if !cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %s", cookie)
	}
	known := []string{"Cookie", cookie.Name + "=" + cookie.Value}
	for _, process := range []http.Handler{h, handlerOf(list)} {
		for _, path := range []string{"", ".json", ".atom", "/logo"} {
			got := send(process, "GET", "/status/inner"+path, "", known...)
			if got.StatusCode != 200 || got.Header.Get("Cache-Control") != "private, no-store" || got.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("with the cookie, %s: %d %v", path, got.StatusCode, got.Header)
			}
		}
	}
	if got := send(h, "GET", "/badges/inner/1f2e3d4c/status.svg", "", known...); got.StatusCode != 404 {
		t.Errorf("a badge with the cookie: %d", got.StatusCode)
	}
	if got := send(h, "GET", "/status/odd", "", known...); got.StatusCode != 401 {
		t.Errorf("the cookie opens another page: %d", got.StatusCode)
	}
}

func TestCookieIsSecureOnHTTPS(t *testing.T) {
	h := handlerOf(examples(t))
	for _, c := range []struct {
		header []string
		secure bool
	}{
		{nil, false},
		{[]string{"X-Forwarded-Proto", "https"}, true},
		{[]string{"X-Forwarded-Proto", "http"}, false},
		{[]string{"Origin", "https://example.com", "Sec-Fetch-Site", "same-origin"}, true},
		{[]string{"Origin", "http://example.com"}, false},
		// A proxy hides https and the port.
		{[]string{"Origin", "https://example.com"}, true},
		{[]string{"Origin", "https://example.com:8443"}, true},
		{[]string{"Origin", "http://example.com:8080"}, false},
	} {
		got := enter(h, "inner", secret, c.header...)
		if got.StatusCode != 303 || got.Cookies()[0].Secure != c.secure {
			t.Errorf("%v: %d %v", c.header, got.StatusCode, got.Header)
		}
	}
}

// TestFormOfOtherSites checks that no other site can send the form, and that the form leads nowhere else.
func TestFormOfOtherSites(t *testing.T) {
	h := handlerOf(examples(t))
	for _, header := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
		{"Origin", "http://example.com:8001", "Sec-Fetch-Site", "same-site"}, {"Origin", "http://example.com", "Sec-Fetch-Site", "cross-site"},
	} {
		for _, slug := range []string{"inner", "shop", "nothing"} {
			if got := enter(h, slug, secret, header...); got.StatusCode != 403 || len(got.Cookies()) > 0 {
				t.Errorf("%s with %v: %d %v", slug, header, got.StatusCode, got.Header)
			}
		}
	}
	for _, header := range [][]string{{"Origin", "http://example.com"}, {"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}} {
		got := send(h, "POST", "/status/inner?next=//evil.example&to=https://evil.example", "password=open+sesame&next=//evil.example",
			append([]string{"Content-Type", form}, header...)...)
		if got.StatusCode != 303 || got.Header.Get("Location") != "/status/inner" {
			t.Errorf("%v: %d %v", header, got.StatusCode, got.Header)
		}
	}
	if got := enter(h, "shop", "anything"); got.StatusCode != 303 || got.Header.Get("Location") != "/status/shop" || len(got.Cookies()) > 0 {
		t.Errorf("a page without a password: %d %v", got.StatusCode, got.Header)
	}
}

func TestUnusualForms(t *testing.T) {
	h := handlerOf(examples(t))
	for _, c := range []struct {
		kind, body string
		status     int
	}{
		{form, "", 400},
		{form, "password=", 400},
		{form, "passwort=" + secret, 400},
		{form, "password=%zz", 400},
		{form, "password=" + strings.Repeat("x", 5000), 400},
		{form, "password=" + strings.Repeat("x", 4000), 401},
		{"application/json", `{"password":"open sesame"}`, 400},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nopen sesame\r\n--x--", 400},
		{"text/plain", "password=open sesame", 400},
		{"", "password=open+sesame", 400},
	} {
		got := send(h, "POST", "/status/inner?password=open+sesame", c.body, "Content-Type", c.kind)
		if text := textOf(t, got); got.StatusCode != c.status || strings.Contains(text, secret) || strings.Contains(text, "Inner") {
			t.Errorf("%s %.50s: %d %s", c.kind, c.body, got.StatusCode, text)
		}
	}
}

// TestFormSaysNothing compares the forms of two pages: only their addresses, which the visitor knows, differ.
func TestFormSaysNothing(t *testing.T) {
	h := handlerOf(examples(t))
	forms := map[string]bool{}
	for _, slug := range []string{"inner", "odd"} {
		got := send(h, "GET", "/status/"+slug, "")
		got.Header.Del("Content-Length")
		forms[strings.ReplaceAll(textOf(t, got), "/status/"+slug, "ADDRESS")+fmt.Sprint(got.Header)] = true
	}
	if len(forms) != 1 {
		t.Errorf("the forms differ: %v", forms)
	}
}

// TestGuessesOverHTTP sends 10,000 guesses from as many addresses: wrong ones within a minute, and then wrong and right
// ones at once.
func TestGuessesOverHTTP(t *testing.T) {
	now := time.Now()
	h := handlerAt(func() time.Time { return now }, examples(t))
	refused := 0
	for i := range 10_000 {
		guess := fmt.Sprint("guess ", i)
		if i < 60 {
			now = now.Add(time.Second)
		} else if i%2 == 0 {
			guess = secret
		}
		got := enter(h, "inner", guess, "From", fmt.Sprintf("10.%d.%d.%d:1234", i>>16, i>>8&255, i&255))
		switch wait := got.Header.Get("Retry-After"); got.StatusCode {
		case http.StatusUnauthorized:
		case http.StatusTooManyRequests:
			refused++
			if seconds, err := strconv.Atoi(wait); err != nil || seconds < 1 || seconds > 120 {
				t.Fatalf("Retry-After is %q", wait)
			}
		default:
			t.Fatalf("guess %d: %d", i, got.StatusCode)
		}
	}
	if refused < 9_960 {
		t.Errorf("%d guesses were refused", refused)
	}
}
