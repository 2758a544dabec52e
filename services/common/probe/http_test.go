package probe

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// runHTTP runs a new probe of url once.
func runHTTP(t *testing.T, url string, properties props) Outcome {
	t.Helper()
	return newProbe(t, "http", url, properties).Run(context.Background())
}

func TestHTTPAcceptsEveryStatus(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		if status == http.StatusSwitchingProtocols {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			io.Copy(io.Discard, conn)
			conn.Close()
			return
		}
		w.WriteHeader(status)
	})
	for _, status := range []int{101, 200, 204, 304, 404, 500, 599} {
		outcome := runHTTP(t, fmt.Sprintf("%s/%d", server.URL, status), nil)
		wantOK(t, "http", outcome)
		o := outcome.Outputs
		if o["status"] != float64(status) || o["ipAddress"] != "127.0.0.1" || o["bodyLen"] != 0.0 || o["body"] != "" || o["bodyTruncated"] != false {
			t.Errorf("%d: outputs %v", status, o)
		}
		if outcome.Value <= 0 || outcome.Value != o["respTime"] || o["finalUrl"] != fmt.Sprintf("%s/%d", server.URL, status) {
			t.Errorf("%d: value %v, outputs %v", status, outcome.Value, o)
		}
		for _, name := range []string{"certExpiryDays", "regexMatch", "regexText"} {
			if _, ok := o[name]; ok {
				t.Errorf("%d: unexpected output %s", status, name)
			}
		}
	}
}

func TestHTTPRequest(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s %s %s %s %s %s %s:%s", r.Method, r.Host, r.UserAgent(), r.Header.Get("X-Key"), r.Header.Get("Connection"), body, user, password)
	})
	host := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct {
		url   string
		props props
		want  string
	}{
		{server.URL, nil, "GET " + host + " NanoMon/1.0  close  :"},
		{server.URL, props{"method": "POST", "body": "hello", "headers": `{"x-key": "k", "Host": "site.example"}`},
			"POST site.example NanoMon/1.0 k close hello :"},
		{server.URL, props{"userAgent": "me"}, "GET " + host + " me  close  :"},
		{server.URL, props{"userAgent": "me", "headers": `{"User-Agent": "you"}`}, "GET " + host + " you  close  :"},
		{"http://u:p@" + host, props{"method": "OPTIONS"}, "OPTIONS " + host + " NanoMon/1.0  close  u:p"},
	} {
		p := newProbe(t, "http", c.url, c.props)
		for range 2 { // The second check must send the same request.
			outcome := p.Run(context.Background())
			wantOK(t, "http", outcome)
			if outcome.Outputs["body"] != c.want {
				t.Errorf("%v:\n got %s\nwant %s", c.props, outcome.Outputs["body"], c.want)
			}
			if url := outcome.Outputs["finalUrl"].(string); strings.Contains(url, "@") {
				t.Errorf("finalUrl %s shows the password", url)
			}
		}
	}
	head := runHTTP(t, server.URL, props{"method": "HEAD"})
	wantOK(t, "http", head)
	if head.Outputs["body"] != "" {
		t.Errorf("HEAD has the body %q", head.Outputs["body"])
	}
}

func TestHTTPInvalidProperties(t *testing.T) {
	for _, c := range []struct{ name, value, detail string }{
		{"method", "get", `property method: "get" is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS`},
		{"headers", `{"a b": "c"}`, `property headers: "a b" is not a header name`},
		{"headers", `{"Authorization": "secret\n"}`, `property headers: the value of Authorization contains characters that are not allowed in a header`},
		{"headers", `{"host": "a b"}`, `property headers: the value of host is not a host name`},
		{"userAgent", "a\x01", `property userAgent: contains characters that are not allowed in a header`},
		{"maxBody", "65MiB", `property maxBody: 68157440 is too large, at most 67108864 is allowed`},
		{"bodyRegex", "(", "property bodyRegex: not a regular expression"},
		{"keepalive", "true", `unknown property 'keepalive' for type http; known properties: method, timeout, `},
	} {
		_, err := tryProbe("http", "http://localhost", props{c.name: c.value})
		wantInvalid(t, err, c.detail)
	}
}

func TestHTTPBodyLimit(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var size int
		fmt.Sscanf(r.URL.Path, "/%d", &size)
		if r.URL.RawQuery == "chunked" {
			w.(http.Flusher).Flush()
		}
		if r.URL.RawQuery == "gzip" {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			io.WriteString(z, strings.Repeat("x", size))
			return
		}
		io.WriteString(w, strings.Repeat("x", size))
	})
	for _, c := range []struct {
		size, limit, want int
		truncated         bool
	}{
		{0, 10, 0, false}, {9, 10, 9, false}, {10, 10, 10, false}, {11, 10, 10, true}, {5000, 10, 10, true}, {511, 1 << 20, 511, false},
		{512, 1 << 20, 512, false}, {513, 513, 513, false}, {1 << 20, 1 << 20, 1 << 20, false}, {3 << 20, 1 << 20, 1 << 20, true}, {2, 1, 1, true},
	} {
		for _, how := range []string{"", "chunked", "gzip"} {
			outcome := runHTTP(t, fmt.Sprintf("%s/%d?%s", server.URL, c.size, how), props{"maxBody": fmt.Sprint(c.limit)})
			wantOK(t, "http", outcome)
			o := outcome.Outputs
			if o["bodyLen"] != float64(c.want) || len(o["body"].(string)) != c.want || o["bodyTruncated"] != c.truncated {
				t.Errorf("%d bytes %s, at most %d: bodyLen %v, truncated %v", c.size, how, c.limit, o["bodyLen"], o["bodyTruncated"])
			}
		}
	}
}

func TestHTTPRegexMatch(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "load=12.5; name=web \xff; big="+strings.Repeat("y", 2000)+"; inf=inf; date=2024-01-02; huge=1e999")
	})
	for regex, want := range map[string]any{
		`load=([0-9.]+)`: 12.5, `[0-9]+`: 12.0, `name=(\w+)`: "web", `name=\w+`: "name=web", `name=(\w+) (.)`: "web", `nothing`: nil,
		`web (.)`: "\uFFFD", `big=(y+)`: strings.Repeat("y", 2000), `inf=(inf)`: "inf", `date=([0-9-]+)`: "2024-01-02", `(zz)?load`: "", `huge=(.*)`: "1e999",
	} {
		outcome := runHTTP(t, server.URL, props{"bodyRegex": regex})
		wantOK(t, "http", outcome)
		if got := outcome.Outputs["regexMatch"]; got != want {
			t.Errorf("%s: got %v, want %v", regex, got, want)
		}
		if text, isText := want.(string); isText && outcome.Outputs["regexText"] != text {
			t.Errorf("%s: regexText is %v, want %s", regex, outcome.Outputs["regexText"], text)
		}
		wantValue := outcome.Outputs["respTime"]
		if number, ok := want.(float64); ok {
			wantValue = number
		}
		if outcome.Value != wantValue {
			t.Errorf("%s: value %v, want %v", regex, outcome.Value, wantValue)
		}
		if body := outcome.Outputs["body"].(string); !strings.Contains(body, "web \uFFFD;") {
			t.Errorf("invalid UTF-8 in the body is not replaced: %.40q", body)
		}
	}
}

func TestHTTPRegexTextKeepsTheForm(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "version 1.10, build 007, at 1e3, load 5")
	})
	for regex, want := range map[string]struct {
		text   string
		number float64
	}{
		`version ([0-9.]+)`: {"1.10", 1.1}, `build (\d+)`: {"007", 7}, `at (\S+),`: {"1e3", 1000}, `load (\d)`: {"5", 5},
	} {
		outcome := runHTTP(t, server.URL, props{"bodyRegex": regex})
		wantOK(t, "http", outcome)
		if o := outcome.Outputs; o["regexText"] != want.text || o["regexMatch"] != want.number || outcome.Value != want.number {
			t.Errorf("%s: value %v, outputs %v", regex, outcome.Value, o)
		}
	}
}

func TestHTTPRedirects(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var left int
		fmt.Sscanf(r.URL.Path, "/%d", &left)
		switch {
		case r.URL.Path == "/loop":
			http.Redirect(w, r, "/loop?token=hidden", http.StatusFound)
		case r.URL.Path == "/mail":
			http.Redirect(w, r, "mailto:hidden@example.org", http.StatusFound)
		case r.URL.Path == "/broken":
			w.Header().Set("Location", "http://u:hidden@[bad/")
			w.WriteHeader(http.StatusFound)
		case r.URL.Path == "/user":
			http.Redirect(w, r, "http://u:hidden@"+r.Host+"/0", http.StatusFound)
		case left > 0:
			http.Redirect(w, r, fmt.Sprintf("/%d", left-1), http.StatusFound)
		}
	})
	for _, path := range []string{"/0", "/1", "/10", "/user"} {
		outcome := runHTTP(t, server.URL+path, nil)
		wantOK(t, "http", outcome)
		if outcome.Outputs["finalUrl"] != server.URL+"/0" || outcome.Outputs["status"] != 200.0 {
			t.Errorf("%s ends at %v with %v", path, outcome.Outputs["finalUrl"], outcome.Outputs["status"])
		}
	}
	unfollowed := runHTTP(t, server.URL+"/1", props{"followRedirects": "false"})
	wantOK(t, "http", unfollowed)
	if unfollowed.Outputs["finalUrl"] != server.URL+"/1" || unfollowed.Outputs["status"] != 302.0 {
		t.Errorf("without redirects, the check ends at %v with %v", unfollowed.Outputs["finalUrl"], unfollowed.Outputs["status"])
	}
	for path, message := range map[string]string{
		"/11": "more than 10 redirects", "/loop": "more than 10 redirects, probably a redirect loop",
		"/broken": "the target redirects to an invalid URL", "/mail": "unsupported protocol scheme",
	} {
		outcome := runHTTP(t, server.URL+path, nil)
		wantFailure(t, "http", outcome, message)
		if strings.Contains(outcome.Err.Error(), "hidden") {
			t.Errorf("%s: the message shows a secret: %v", path, outcome.Err)
		}
	}
}

// rawServer answers every connection with text, after it has read the request's head, and closes it.
func rawServer(t *testing.T, text string) string {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			http.ReadRequest(bufio.NewReader(conn))
			io.WriteString(conn, text)
			if text == "reset" {
				conn.(*net.TCPConn).SetLinger(0)
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestHTTPBrokenTargets(t *testing.T) {
	closed := closedPort(t)
	for _, c := range []struct{ name, host, scheme, message string }{
		{"refused", closed, "http", "connection to " + closed + " refused: nothing is listening on this port"},
		{"closed", rawServer(t, ""), "http", "the other side closed the connection without a response"},
		{"garbage", rawServer(t, "SSH-2.0-x\r\n"), "http", `malformed HTTP response "SSH-2.0-x"`},
		{"cut", rawServer(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), "http", "incomplete response: the other side closed the connection"},
		{"no TLS", serve(t, func(http.ResponseWriter, *http.Request) {}).Listener.Addr().String(), "https", "the target does not use TLS on this port: use http://"},
		{"garbage for TLS", rawServer(t, "SSH-2.0-xxxxxxxxxxxxx\r\n"), "https", "the target does not use TLS on this port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			outcome := runHTTP(t, c.scheme+"://me:hidden@"+c.host+"/?key=hidden", nil)
			wantFailure(t, "http", outcome, c.message)
			if strings.Contains(outcome.Err.Error(), "hidden") {
				t.Errorf("the message shows a secret: %v", outcome.Err)
			}
			if c.name == "cut" && outcome.Outputs["status"] != 200.0 {
				t.Errorf("the outputs from before the error are missing: %v", outcome.Outputs)
			}
		})
	}
	outcome := runHTTP(t, "http://me:hidden@"+rawServer(t, "reset")+"/?key=hidden", nil)
	wantFailure(t, "http", outcome)
}

func TestHTTPSlowTarget(t *testing.T) {
	started := make(chan struct{}, 10)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			io.WriteString(w, "abc")
			w.(http.Flusher).Flush()
		}
		started <- struct{}{}
		<-r.Context().Done()
	})
	for path, message := range map[string]string{
		"/head": "no answer within 300ms while waiting for the response", "/body": "no answer within 300ms while reading the response",
	} {
		outcome := runHTTP(t, server.URL+path, props{"timeout": "300ms"})
		wantFailure(t, "http", outcome, message)
		receive(t, started, "the request")
		if outcome.Outputs["ipAddress"] != "127.0.0.1" {
			t.Errorf("%s: outputs %v", path, outcome.Outputs)
		}
	}
	p := newProbe(t, "http", server.URL, props{"timeout": "10m"})
	wantFailure(t, "http", runCancelled(t, p, started), "the check was stopped while waiting for the response")
}

func TestHTTPSilentHandshake(t *testing.T) {
	l := listen(t, "127.0.0.1:0") // The kernel accepts connections; no program answers.
	outcome := runHTTP(t, "https://"+l.Addr().String(), props{"timeout": "300ms"})
	wantFailure(t, "http", outcome, "no answer within 300ms while performing the TLS handshake")
}

func TestHTTPNameLookup(t *testing.T) {
	useResolverAt := func(p Probe, address string) {
		changeTransport(p, func(used *http.Transport) {
			used.DialContext = (&net.Dialer{Resolver: resolverAt(address)}).DialContext
		})
	}
	gone := newProbe(t, "http", "http://me:hidden@gone.example/", nil)
	useResolverAt(gone, newDNSServer(t, &zone{rcodes: map[string]int{}}))
	wantFailure(t, "http", gone.Run(context.Background()), "can't resolve gone.example: no such host")

	silent, received := silentServer(t)
	slow := newProbe(t, "http", "http://slow.example/", props{"timeout": "300ms"})
	useResolverAt(slow, silent)
	wantFailure(t, "http", slow.Run(context.Background()), "no answer within 300ms while looking up slow.example")
	long := newProbe(t, "http", "http://slow.example/", props{"timeout": "10m"})
	useResolverAt(long, silent)
	wantFailure(t, "http", runCancelled(t, long, received), "the check was stopped while")

	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	named := newProbe(t, "http", "http://here.example:"+port, nil)
	useResolverAt(named, newDNSServer(t, &zone{records: map[string][]string{"here.example. A": {"here.example. 60 IN A 127.0.0.1"}}}))
	outcome := named.Run(context.Background())
	wantOK(t, "http", outcome)
	if o := outcome.Outputs; o["dnsTime"].(float64) <= 0 || o["connectTime"].(float64) <= 0 || o["tlsTime"] != 0.0 || o["ipAddress"] != "127.0.0.1" {
		t.Errorf("outputs %v", o)
	}
}

func TestHTTPOverIPv6(t *testing.T) {
	needIPv6(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Listener.Close()
	server.Listener = listen(t, "[::1]:0")
	server.Start()
	defer server.Close()
	outcome := runHTTP(t, server.URL, nil)
	wantOK(t, "http", outcome)
	if outcome.Outputs["ipAddress"] != "::1" {
		t.Errorf("outputs %v", outcome.Outputs)
	}
}
