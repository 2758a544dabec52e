package probe

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// hops is a chain of servers. Each one redirects to the next. A hop is an origin such as http://a.example:8080, an
// origin without scheme such as //a.example, or an empty string for a relative redirect.
type hops []string

// url returns the URL of hop i. The path contains only the number of the hop.
func (h hops) url(i int) string { return h[i] + "/" + strconv.Itoa(i) }

// route serves all hops with one server for http and one for https, whatever their host names and ports are.
type route struct {
	hops   hops
	status int
	// header is sent with each redirect.
	header http.Header
	plain  *httptest.Server
	secure *httptest.Server

	mu sync.Mutex
	// requests contains everything that each hop received.
	requests map[int]string
}

func newRoute(t *testing.T, status int, h hops) *route {
	t.Helper()
	r := &route{hops: h, status: status, requests: map[int]string{}}
	r.plain = serve(t, r.handle)
	r.secure = httptest.NewTLSServer(http.HandlerFunc(r.handle))
	t.Cleanup(r.secure.Close)
	return r
}

func (r *route) handle(w http.ResponseWriter, request *http.Request) {
	dump, err := httputil.DumpRequest(request, true)
	if err != nil {
		panic(err)
	}
	user, password, _ := request.BasicAuth()
	hop, err := strconv.Atoi(strings.TrimPrefix(request.URL.Path, "/"))
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[hop] = fmt.Sprintf("%s\n%s:%s", dump, user, password)
	if hop+1 < len(r.hops) {
		maps.Copy(w.Header(), r.header)
		w.Header().Set("Location", r.hops.url(hop+1))
		w.WriteHeader(r.status)
	}
}

func (r *route) received(hop int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests[hop]
}

// run sends a request to the first hop, with user and query in the target.
func (r *route) run(t *testing.T, user, query string, properties props) Outcome {
	t.Helper()
	target := strings.Replace(r.hops.url(0), "://", "://"+user, 1) + query
	p := newProbe(t, "http", target, properties)
	changeTransport(p, func(used *http.Transport) {
		used.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, r.plain.Listener.Addr().String())
		}
		used.DialTLSContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
			return dialer.DialContext(ctx, network, r.secure.Listener.Addr().String())
		}
	})
	return p.Run(context.Background())
}

// credentials is one way to configure secrets. Each secret in want, and no other text, contains the word canary.
type credentials struct {
	name, user, headers string
	want                []string
}

var allCredentials = []credentials{
	{
		name: "headers",
		headers: `{"X-Api-Key": "canary-key", "Cookie": "session=canary-cookie", "Authorization": "Bearer canary-token",
			"Proxy-Authorization": "canary-proxy", "referer": "http://canary-referer.example/", "X-Empty": "",
			"accept": "text/x-test", "Accept-Language": "x-test", "User-Agent": "test agent"}`,
		want: []string{"canary-key", "session=canary-cookie", "Bearer canary-token", "canary-proxy", "canary-referer"},
	},
	{
		name: "user info", user: "canary-user:canary-password@",
		headers: `{"Cookie": "a=canary-cookie", "accept": "text/x-test", "Accept-Language": "x-test",
			"User-Agent": "test agent"}`,
		want: []string{"canary-user:canary-password", "a=canary-cookie"},
	},
}

func (c credentials) props(method, body string) props {
	return props{"method": method, "body": body, "headers": c.headers, "validateTLS": "false"}
}

// methods lists how the request may be sent and redirected. bodyKept tells whether Go sends the body again.
var methods = []struct {
	method, body string
	status       int
	bodyKept     bool
}{
	{"GET", "", 302, false},
	{"HEAD", "", 301, false},
	{"GET", "", 307, false},
	{"GET", "canary-body", 308, true},
	{"POST", "canary-body", 302, false},
	{"POST", "canary-body", 303, false},
	{"POST", "canary-body", 307, true},
	{"PUT", "canary-body", 308, true},
	{"PATCH", "canary-body", 307, true},
	{"DELETE", "canary-body", 301, false},
	{"POST", "", 308, false},
}

func TestHTTPRedirectWithinTheOriginKeepsSecrets(t *testing.T) {
	for _, h := range []hops{
		{"http://a.example", ""},
		{"https://a.example:8443", "", "https://a.example:8443"},
		{"http://a.example", "http://a.example:80"},
		{"https://a.example", "//a.example:443"},
		{"http://a.example", "https://a.example"},
		{"http://a.example:80", "https://a.example"},
		{"http://a.example", "https://a.example:443", ""},
		{"http://a.example:8080", "https://a.example:8080"},
		{"http://a.example", "http://a.example", "https://a.example", "https://a.example"},
		{"http://A.Example", "https://a.eXample."},
		{"http://a.example.:8080", "http://a.example:8080"},
		{"http://b%C3%BCcher.example", "https://xn--bcher-kva.example"},
		{"http://xn--bcher-kva.example", "https://B%C3%9Ccher.example"},
		{"http://under_score.example", "https://Under_Score.example"},
		{"http://127.0.0.1:8080", ""},
		{"http://[::1]", "https://[0:0:0:0:0:0:0:1]"},
		{"http://[fd00::A]:80", "http://[fd00:0::a]"},
	} {
		for _, m := range methods {
			for _, c := range allCredentials {
				name := fmt.Sprintf("%s, %s %q %d, %s", strings.Join(h, " to "), m.method, m.body, m.status, c.name)
				r := newRoute(t, m.status, h)
				wantOK(t, "http", r.run(t, c.user, "?key=canary-query", c.props(m.method, m.body)))
				got := r.received(len(h) - 1)
				want := c.want
				if m.bodyKept {
					want = append(slices.Clone(want), m.body)
				}
				for _, secret := range want {
					if !strings.Contains(got, secret) {
						t.Errorf("%s: the last server did not receive %q:\n%s", name, secret, got)
					}
				}
			}
		}
	}
}

// foreign lists chains that leave the origin. The last hop is never in the origin, or comes after one that isn't.
var foreign = []struct {
	hops hops
	// left is the first hop outside of the origin.
	left int
}{
	{hops{"http://a.example", "http://b.example"}, 1},
	{hops{"https://a.example", "//b.example"}, 1},
	{hops{"https://a.example", "https://sub.a.example"}, 1},
	{hops{"https://sub.a.example", "https://a.example"}, 1},
	{hops{"https://a.example", "https://a.example:8443"}, 1},
	{hops{"http://a.example", "https://b.example"}, 1},
	{hops{"https://a.example", "http://a.example"}, 1},
	{hops{"https://a.example:8443", "http://a.example:8443"}, 1},
	{hops{"http://a.example:8080", "https://a.example:8443"}, 1},
	{hops{"http://a.example:8080", "https://a.example"}, 1},
	{hops{"http://a.example", "https://a.example:8443"}, 1},
	{hops{"http://a.example:443", "https://a.example:80"}, 1},
	{hops{"http://127.0.0.1", "http://localhost"}, 1},
	{hops{"http://[::1]", "http://[::2]"}, 1},
	{hops{"http://b%C3%BCcher.example", "http://bucher.example"}, 1},
	{hops{"http://a.example", "http://b.example", ""}, 1},
	{hops{"http://a.example", "http://b.example", "http://a.example"}, 1},
	{hops{"http://a.example", "http://b.example", "https://a.example", ""}, 1},
	{hops{"http://a.example", "", "https://a.example", "https://b.example"}, 3},
	{hops{"http://a.example", "https://a.example", "http://a.example"}, 2},
	{hops{"https://a.example", "http://a.example", "https://a.example"}, 1},
}

func TestHTTPRedirectToAnotherOriginDropsSecrets(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte("canary-user:canary-password"))
	for _, f := range foreign {
		for _, m := range methods {
			if m.bodyKept {
				continue // See the next test.
			}
			for _, c := range allCredentials {
				name := fmt.Sprintf("%s, %s %q %d, %s", strings.Join(f.hops, " to "), m.method, m.body, m.status, c.name)
				r := newRoute(t, m.status, f.hops)
				wantOK(t, "http", r.run(t, c.user, "?key=canary-query", c.props(m.method, m.body)))
				for i := f.left; i < len(f.hops); i++ {
					got := r.received(i)
					leaked := func(text string) bool { return strings.Contains(got, text) }
					if slices.ContainsFunc([]string{"canary", basic, "Referer"}, leaked) {
						t.Errorf("%s: hop %d received a secret:\n%s", name, i, got)
					}
					for _, harmless := range []string{"Accept: text/x-test", "Accept-Language: x-test", "User-Agent: test agent"} {
						if !strings.Contains(got, harmless) {
							t.Errorf("%s: hop %d did not receive %q:\n%s", name, i, harmless, got)
						}
					}
				}
			}
		}
	}
}

func TestHTTPRedirectToAnotherOriginDoesNotSendTheBody(t *testing.T) {
	for _, f := range foreign {
		for _, m := range methods {
			if !m.bodyKept {
				continue
			}
			for _, c := range allCredentials {
				name := fmt.Sprintf("%s, %s %d, %s", strings.Join(f.hops, " to "), m.method, m.status, c.name)
				r := newRoute(t, m.status, f.hops)
				outcome := r.run(t, c.user, "?key=canary-query", c.props(m.method, m.body))
				to := f.hops.url(f.left)
				if strings.HasPrefix(to, "//") {
					to = "https:" + to
				}
				const message = "redirect to another origin: the body was not sent; use %s as the target"
				if want := fmt.Sprintf(message, to); outcome.Err == nil || outcome.Err.Error() != want {
					t.Errorf("%s: the message is %v, want %s", name, outcome.Err, want)
				}
				if got := r.received(f.left); got != "" {
					t.Errorf("%s: another origin received a request:\n%s", name, got)
				}
			}
		}
	}
}

func TestHTTPRedirectWithBodyMasksTheURL(t *testing.T) {
	for location, want := range map[string]string{
		"http://u:hidden@b.example/a?key=hidden'hidden&k=hidden hidden#hidden": "http://b.example/a?key=•••&k=•••",
		"HTTPS://b.example": "https://b.example",
		"https://b.example/" + strings.Repeat("x", 2000): "https://b.example/" + strings.Repeat("x", 282) + "…",
	} {
		first := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
		outcome := runHTTP(t, first.URL, props{"method": "POST", "body": "hidden"})
		wantFailure(t, "http", outcome, "redirect to another origin: the body was not sent; use "+want+" as the target")
		if strings.Contains(outcome.Err.Error(), "hidden") {
			t.Errorf("the message shows a secret: %v", outcome.Err)
		}
	}
}

func TestHTTPRedirectWithBodyToANonHTTPURL(t *testing.T) {
	for _, location := range []string{"mailto:hidden@example.org", "ftp://u:hidden@b.example/", "https:hidden"} {
		first := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
		outcome := runHTTP(t, first.URL, props{"method": "POST", "body": "hidden"})
		wantFailure(t, "http", outcome)
		if text := outcome.Err.Error(); strings.Contains(text, "hidden") || strings.Contains(text, "as the target") {
			t.Errorf("%s: the message is %v", location, text)
		}
	}
}

// TestHTTPRedirectToAnotherName uses the probe's own dialer and resolver: 127.0.0.1 and localhost are two origins.
func TestHTTPRedirectToAnotherName(t *testing.T) {
	var got string
	second := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		dump, _ := httputil.DumpRequest(r, true)
		got = string(dump)
	})
	to := strings.Replace(second.URL, "127.0.0.1", "localhost", 1)
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to, http.StatusFound)
	})
	for _, target := range []string{first.URL, strings.Replace(first.URL, "127.0.0.1", "localhost", 1)} {
		got = "no request"
		wantOK(t, "http", runHTTP(t, target+"?key=canary", props{
			"headers": `{"X-Api-Key": "canary", "Cookie": "a=canary", "Host": "canary.example"}`,
		}))
		if got == "no request" || strings.Contains(got, "canary") {
			t.Errorf("%s: the second server received:\n%s", target, got)
		}
	}
}

// A redirect without a scheme keeps a configured Host in Go's client.
func TestHTTPRedirectToAnotherOriginDropsTheHost(t *testing.T) {
	for _, c := range []struct {
		hops hops
		want string
	}{
		{hops{"http://a.example", ""}, "Host: canary.example"},
		{hops{"http://a.example", "//b.example"}, "Host: b.example"},
		{hops{"http://a.example", "//b.example", "//a.example"}, "Host: a.example"},
	} {
		r := newRoute(t, 302, c.hops)
		wantOK(t, "http", r.run(t, "", "", props{"headers": `{"Host": "canary.example"}`}))
		if got := r.received(len(c.hops) - 1); !strings.Contains(got, c.want+"\r\n") {
			t.Errorf("%v: the last server did not receive %q:\n%s", c.hops, c.want, got)
		}
	}
}

func TestHTTPRedirectSendsTheContentTypeOnlyWithTheBody(t *testing.T) {
	for status, want := range map[int]bool{302: false, 307: true} {
		r := newRoute(t, status, hops{"http://a.example", "https://a.example"})
		wantOK(t, "http", r.run(t, "", "", props{
			"method": "POST", "body": "{}", "headers": `{"Content-Type": "application/json"}`,
		}))
		if got := r.received(1); strings.Contains(got, "Content-Type: application/json") != want {
			t.Errorf("%d: the second server received:\n%s", status, got)
		}
	}
}

func TestHTTPRedirectReferer(t *testing.T) {
	for _, c := range []struct {
		hops hops
		want string
	}{
		{hops{"http://a.example", ""}, "Referer: http://a.example/0?key=canary"},
		{hops{"http://a.example", "https://a.example"}, "Referer: http://a.example/0?key=canary"},
		{hops{"http://a.example", "http://b.example"}, ""},
		{hops{"http://a.example", "http://a.example:8080", ""}, ""},
	} {
		r := newRoute(t, 302, c.hops)
		wantOK(t, "http", r.run(t, "u:canary-password@", "?key=canary", props{"validateTLS": "false"}))
		got := r.received(len(c.hops) - 1)
		if strings.Contains(got, "Referer") != (c.want != "") || !strings.Contains(got, c.want) {
			t.Errorf("%v: the last server did not receive the Referer %q:\n%s", c.hops, c.want, got)
		}
	}
}

func TestHTTPUnfollowedRedirectWithBody(t *testing.T) {
	r := newRoute(t, 307, hops{"http://a.example", "http://b.example"})
	outcome := r.run(t, "", "", props{"method": "POST", "body": "canary", "followRedirects": "false"})
	wantOK(t, "http", outcome)
	if outcome.Outputs["status"] != 307.0 || outcome.Outputs["finalUrl"] != "http://a.example/0" || r.received(1) != "" {
		t.Errorf("outputs %v, the second server received %q", outcome.Outputs, r.received(1))
	}
}
