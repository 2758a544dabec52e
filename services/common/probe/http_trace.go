package probe

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// httpTrace records the steps of one check. The transport calls its hooks from several goroutines, some of them after
// the check has timed out.
type httpTrace struct {
	// check is the context of the requests.
	check context.Context

	mu sync.Mutex
	// tried reports whether a connection was tried, and made whether there was one, in any request.
	tried, made bool
	requestTrace
}

// requestTrace records the steps of one request. A redirect starts a new one.
type requestTrace struct {
	current progress
	started struct{ dns, connect, tls, sent time.Time }
}

// progress holds the durations of the steps of a request; after redirects, of the last request.
type progress struct {
	dns, connect, tls, firstByte time.Duration
	// answered is set when the first byte arrives. The transport may report the request as sent only later.
	answered bool
	address  string
	// expiry is the date on which the first certificate of all requests of the check expires; zero if there is none.
	expiry time.Time
	// askedCertificate is set if the server has asked for a client certificate.
	askedCertificate bool
	// step describes the step that started last, such as "connecting to 10.0.0.1:80".
	step string
}

// traceKey is the key of the httpTrace in the context of a check.
type traceKey struct{}

// context returns a context for the requests of one check.
func (t *httpTrace) context(ctx context.Context) context.Context {
	t.check = context.WithValue(httptrace.WithClientTrace(ctx, t.hooks()), traceKey{}, t)
	return t.check
}

// checkContext returns the context of the check for which a transport opens a connection in ctx. A transport lets
// connections open after the end of the request, which no other check can use.
func checkContext(ctx context.Context) context.Context {
	if trace, ok := ctx.Value(traceKey{}).(*httpTrace); ok {
		return trace.check
	}
	return ctx
}

// hooks returns the callbacks for one check.
func (t *httpTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(hostPort string) {
			t.record(func() {
				t.requestTrace = requestTrace{current: progress{step: "connecting to " + hostPort, expiry: t.current.expiry}}
			})
		},
		DNSStart: func(info httptrace.DNSStartInfo) {
			t.record(func() { t.started.dns, t.current.step = time.Now(), "looking up "+info.Host })
		},
		DNSDone: func(httptrace.DNSDoneInfo) {
			t.record(func() { t.current.dns = time.Since(t.started.dns) })
		},
		ConnectStart: func(_, address string) {
			t.record(func() {
				t.current.step, t.tried = "connecting to "+address, true
				if t.started.connect.IsZero() {
					t.started.connect = time.Now()
				}
			})
		},
		ConnectDone: func(_, _ string, err error) {
			t.record(func() {
				if err == nil {
					t.current.connect, t.made = time.Since(t.started.connect), true
				}
			})
		},
		TLSHandshakeStart: func() {
			t.record(func() { t.started.tls, t.current.step = time.Now(), "performing the TLS handshake" })
		},
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			t.record(func() { t.current.tls = time.Since(t.started.tls) })
		},
		GotConn: func(info httptrace.GotConnInfo) {
			t.record(func() {
				t.current.address, t.current.step = hostOf(info.Conn.RemoteAddr()), "sending the request"
				t.made = true // also if the connection was kept
				if conn, ok := info.Conn.(*tls.Conn); ok {
					t.current.expiry = earlier(t.current.expiry, connectionExpiry(conn.ConnectionState()))
				}
			})
		},
		WroteRequest: func(httptrace.WroteRequestInfo) {
			t.record(func() {
				if !t.current.answered {
					t.started.sent, t.current.step = time.Now(), "waiting for the response"
				}
			})
		},
		GotFirstResponseByte: func() {
			t.record(func() {
				t.current.answered, t.current.step = true, "reading the response"
				if !t.started.sent.IsZero() {
					t.current.firstByte = time.Since(t.started.sent)
				}
			})
		},
	}
}

func (t *httpTrace) record(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
}

// progress returns the steps up to now.
func (t *httpTrace) progress() progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current
}

// contact returns whether there was a connection, for a check that ended with err.
func (t *httpTrace) contact(parent context.Context, err error) Contact {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.made:
		return ContactMade
	case t.tried:
		return contactOf(parent, err)
	}
	return ContactUnknown
}

// addTo adds the durations as outputs if there was a connection, and that of the wait for the response if it ended.
func (p progress) addTo(outputs map[string]any) {
	if p.address == "" {
		return
	}
	outputs["ipAddress"] = p.address
	outputs["dnsTime"] = millis(p.dns)
	outputs["connectTime"] = millis(p.connect)
	outputs["tlsTime"] = millis(p.tls)
	if p.answered {
		outputs["firstByteTime"] = millis(p.firstByte)
	}
}
