package probe

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// cookieServer responds to a POST of a password with the cookie session, and to the paths below, with a redirect to a
// page that shows the received cookies.
func cookieServer(t *testing.T) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		session, _ := r.Cookie("session")
		switch {
		case r.URL.Path == "/login" && r.Method == http.MethodPost:
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-the-login", Path: "/", HttpOnly: true})
			http.Redirect(w, r, "/account", http.StatusSeeOther)
		case r.URL.Path == "/lang":
			http.SetCookie(w, &http.Cookie{Name: "lang", Value: "de", Path: "/"})
			http.Redirect(w, r, "/account", http.StatusTemporaryRedirect)
		case r.URL.Path == "/path":
			http.SetCookie(w, &http.Cookie{Name: "hidden", Value: "x", Path: "/other"})
			http.SetCookie(w, &http.Cookie{Name: "gone", Value: "x", MaxAge: -1})
			http.Redirect(w, r, "/account", http.StatusFound)
		case r.URL.Path == "/" && session == nil:
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "new"})
			http.Redirect(w, r, "/", http.StatusFound)
		default:
			cookies := r.Header["Cookie"]
			if len(cookies) == 1 && cookies[0] == "" {
				cookies = []string{"an empty header"}
			}
			io.WriteString(w, r.Method+" "+strings.Join(cookies, "|"))
		}
	}).URL
}

func TestHTTPRedirectSendsTheCookiesOfTheServer(t *testing.T) {
	url := cookieServer(t)
	for _, c := range []struct {
		path  string
		props props
		want  string
	}{
		{"/", nil, "GET session=new"},
		{"/", props{"method": "POST", "body": "x"}, "GET session=new"},
		{"/login", props{"method": "POST", "body": "password=x"}, "GET session=of-the-login"},
		{"/lang", nil, "GET lang=de"},
		{"/lang", props{"method": "PUT", "body": "x"}, "PUT lang=de"},
		{"/path", nil, "GET "},
		{"/path", props{"headers": `{"Cookie": "hidden=configured"}`}, "GET "},
		// A cookie of the server replaces a configured one of the same name.
		{"/lang", props{"headers": `{"Cookie": "id=configured"}`}, "GET id=configured; lang=de"},
		{"/lang", props{"headers": `{"Cookie": "id=configured; lang=en"}`}, "GET id=configured; lang=de"},
		{"/lang", props{"headers": `{"Cookie": "lang=en"}`}, "GET lang=de"},
		{"/lang", props{"headers": `{"Cookie": "odd; id=a,b"}`}, "GET odd; id=a,b; lang=de"},
		{"/lang", props{"headers": `{"Cookie": "odd; lang=en; id={\"a\":1}"}`}, `GET odd; id={"a":1}; lang=de`},
	} {
		p := newProbe(t, "http", url+c.path, c.props)
		for range 2 { // The second check must begin without cookies.
			outcome := p.Run(t.Context())
			wantOK(t, "http", outcome)
			if outcome.Outputs["body"] != c.want {
				t.Errorf("%s with %v: the last request was %q, want %q", c.path, c.props, outcome.Outputs["body"], c.want)
			}
		}
	}
	head := runHTTP(t, url+"/", props{"method": "HEAD"})
	wantOK(t, "http", head)
	if head.Outputs["status"] != 200.0 {
		t.Errorf("HEAD: outputs %v", head.Outputs)
	}
}

func TestHTTPCookiesKeepTheirScope(t *testing.T) {
	for _, c := range []struct {
		hops   hops
		cookie string
		want   bool
	}{
		{hops{"http://a.example.org", ""}, "", true},
		{hops{"http://a.example.org", "http://a.example.org:8080"}, "", true}, // A cookie has no port.
		{hops{"http://a.example.org", "http://b.example.org", "http://a.example.org"}, "", true},
		{hops{"http://a.example.org", "http://b.example.org"}, "", false},
		{hops{"http://a.example.org", "http://sub.a.example.org"}, "", false},
		{hops{"http://sub.a.example.org", "http://a.example.org"}, "", false},
		{hops{"http://127.0.0.1", "http://localhost"}, "", false},
		{hops{"http://a.example.org", "http://b.example.org"}, "; Domain=example.org", true},
		{hops{"http://a.example.org", "http://b.example.org"}, "; Domain=b.example.org", false},
		{hops{"http://a.example.org", "http://b.example.com"}, "; Domain=example.com", false},
		{hops{"http://a.example.org", "http://b.example.org"}, "; Domain=org", false},
		{hops{"http://a.co.uk", "http://b.co.uk"}, "; Domain=co.uk", false},
		{hops{"https://a.example.org", "https://a.example.org"}, "; Secure", true},
		{hops{"https://a.example.org", "http://a.example.org"}, "; Secure", false},
	} {
		r := newRoute(t, 302, c.hops)
		r.header = http.Header{"Set-Cookie": {"session=of-the-server" + c.cookie}}
		wantOK(t, "http", r.run(t, "", "", props{"validateTLS": "false", "headers": `{"Cookie": "id=configured"}`}))
		last := len(c.hops) - 1
		if got := r.received(last); strings.Contains(got, "session=of-the-server") != c.want {
			t.Errorf("%v with %q: the last server received:\n%s", c.hops, c.cookie, got)
		}
		isOther := func(hop string) bool { return hop != "" && hop != c.hops[0] }
		if leaves := slices.ContainsFunc(c.hops, isOther); strings.Contains(r.received(last), "id=configured") == leaves {
			t.Errorf("%v: the configured cookie: the last server received:\n%s", c.hops, r.received(last))
		}
	}
}

// Go's client removes the configured cookies if only the form of the host name differs, and the probe restores them.
func TestHTTPReplacedCookieIsNotRestored(t *testing.T) {
	r := newRoute(t, 302, hops{"http://a.example.", "http://a.example"})
	r.header = http.Header{"Set-Cookie": {"session=of-the-server"}}
	wantOK(t, "http", r.run(t, "", "", props{"headers": `{"Cookie": "session=configured; id=configured"}`}))
	if got := r.received(1); !strings.Contains(got, "Cookie: id=configured; session=of-the-server\r\n") {
		t.Errorf("the second server received:\n%s", got)
	}
}
