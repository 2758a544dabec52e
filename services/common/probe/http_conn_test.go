package probe

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// changeTransport changes the transports of p.
func changeTransport(p Probe, change func(*http.Transport)) {
	h := p.(*httpProbe)
	original := h.connections.newTransport
	h.connections = newConnections(func() *http.Transport {
		used := original()
		change(used)
		return used
	})
	if h.kept != nil {
		h.kept = h.connections.newTransport()
	}
}

func silentLog() *log.Logger { return log.New(io.Discard, "", 0) }

// connectionCounter counts the connections of a server.
type connectionCounter struct {
	mu           sync.Mutex
	opened, open int
}

func (c *connectionCounter) note(_ net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.opened++
		c.open++
	case http.StateClosed:
		c.open--
	}
}

func (c *connectionCounter) counts() (opened, open int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened, c.open
}

// countingServer returns a server that counts its connections, with or without TLS.
func countingServer(t *testing.T, secure bool) (*httptest.Server, *connectionCounter) {
	t.Helper()
	c := &connectionCounter{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("x", 5000))
	}))
	server.Config.ConnState = c.note
	server.Config.ErrorLog = silentLog()
	if server.EnableHTTP2 = secure; secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server, c
}

func TestHTTPConnections(t *testing.T) {
	for _, c := range []struct {
		name   string
		secure bool
		keep   string
		opened int
	}{
		{"new for every check", false, "false", 5},
		{"reused", false, "true", 1},
		{"TLS, new for every check", true, "false", 5},
		{"TLS, reused", true, "true", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, seen := countingServer(t, c.secure)
			before := runtime.NumGoroutine()
			p := newProbe(t, "http", server.URL, props{"keepAlive": c.keep, "validateTLS": "false"})
			for range 5 {
				wantOK(t, "http", p.Run(context.Background()))
			}
			if opened, _ := seen.counts(); opened != c.opened {
				t.Errorf("5 runs opened %d connections, want %d", opened, c.opened)
			}
			if c.keep == "true" {
				outcome := p.Run(context.Background())
				if outcome.Outputs["connectTime"] != 0.0 || outcome.Outputs["ipAddress"] != "127.0.0.1" {
					t.Errorf("a check with a reused connection: %v", outcome.Outputs)
				}
				if _, open := seen.counts(); open != 1 {
					t.Errorf("%d connections are open, want 1", open)
				}
			}
			p.Close()
			eventually(t, "the connections to be closed", func() bool { _, open := seen.counts(); return open == 0 })
			eventually(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

func TestHTTPCleanUpAfterTimeout(t *testing.T) {
	for _, keep := range []string{"false", "true"} {
		before := runtime.NumGoroutine()
		l := listen(t, "127.0.0.1:0") // The kernel accepts connections; no program answers.
		for _, scheme := range []string{"http", "https"} {
			p := newProbe(t, "http", scheme+"://"+l.Addr().String(), props{"timeout": "30ms", "keepAlive": keep})
			wantFailure(t, "http", p.Run(context.Background()), "no answer within 30ms")
			p.Close()
		}
		l.Close()
		eventually(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	}
}

// forbidden is a transport that returns an error for every request.
type forbidden struct{}

func (forbidden) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the shared transport was used")
}

func TestHTTPDoesNotUseTheDefaultTransport(t *testing.T) {
	shared := http.DefaultTransport
	settings := shared.(*http.Transport).Clone()
	http.DefaultTransport = forbidden{}
	defer func() { http.DefaultTransport = shared }()
	server, _ := countingServer(t, false)
	wantOK(t, "http", runHTTP(t, server.URL, props{"validateTLS": "false", "timeout": "3s"}))
	now := shared.(*http.Transport)
	if now.DisableKeepAlives != settings.DisableKeepAlives || now.TLSHandshakeTimeout != settings.TLSHandshakeTimeout ||
		now.TLSClientConfig != nil && now.TLSClientConfig.InsecureSkipVerify {
		t.Error("the shared transport was changed")
	}
}

func TestHTTPKeepsNoCookies(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	})
	p := newProbe(t, "http", server.URL, props{"keepAlive": "true"})
	for range 2 {
		outcome := p.Run(context.Background())
		wantOK(t, "http", outcome)
		if outcome.Outputs["body"] != "" {
			t.Errorf("the check sent the cookie %v", outcome.Outputs["body"])
		}
	}
}

// The two benchmarks compare a check with a bare request.

func BenchmarkHTTPProbe(b *testing.B) {
	server := serve(b, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ready") })
	p := newProbe(b, "http", server.URL, props{"bodyRegex": "ready"})
	b.ReportAllocs()
	for b.Loop() {
		if outcome := p.Run(context.Background()); outcome.Err != nil {
			b.Fatal(outcome.Err)
		}
	}
}

func BenchmarkHTTPBare(b *testing.B) {
	server := serve(b, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ready") })
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	b.ReportAllocs()
	for b.Loop() {
		response, err := client.Get(server.URL)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

func TestHTTPUnreachableProxy(t *testing.T) {
	closed := closedPort(t)
	p := newProbe(t, "http", "http://site.example/?key=hidden", nil)
	changeTransport(p, func(used *http.Transport) {
		used.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: closed, User: url.UserPassword("u", "hidden")})
	})
	outcome := p.Run(context.Background())
	wantFailure(t, "http", outcome, "connection to the proxy "+closed+" refused")
	if strings.Contains(outcome.Err.Error(), "hidden") {
		t.Errorf("the message shows a secret: %v", outcome.Err)
	}
}
