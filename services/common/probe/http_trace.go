package probe

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// httpTrace follows the steps of one run. The transport calls its hooks from several goroutines, some
// of them after the run has timed out.
type httpTrace struct {
	mu sync.Mutex
	requestTrace
}

// requestTrace is what was seen of one request; a redirect begins another.
type requestTrace struct {
	now    steps
	opened struct{ dns, connect, tls, sent time.Time }
	// answered is set with the first byte. The transport may report the request as sent only after it.
	answered bool
}

// steps is how far a request came; of a chain of redirects, the last request.
type steps struct {
	dns, connect, tls, firstByte time.Duration
	address                      string
	// doing is the step that was begun last.
	doing string
}

// hooks are the callbacks for one run.
func (t *httpTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(hostPort string) {
			t.note(func() { t.requestTrace = requestTrace{now: steps{doing: "connecting to " + hostPort}} })
		},
		DNSStart: func(info httptrace.DNSStartInfo) {
			t.note(func() { t.opened.dns, t.now.doing = time.Now(), "looking up "+info.Host })
		},
		DNSDone: func(httptrace.DNSDoneInfo) {
			t.note(func() { t.now.dns = time.Since(t.opened.dns) })
		},
		ConnectStart: func(_, address string) {
			t.note(func() {
				t.now.doing = "connecting to " + address
				if t.opened.connect.IsZero() {
					t.opened.connect = time.Now()
				}
			})
		},
		ConnectDone: func(_, _ string, err error) {
			t.note(func() {
				if err == nil {
					t.now.connect = time.Since(t.opened.connect)
				}
			})
		},
		TLSHandshakeStart: func() {
			t.note(func() { t.opened.tls, t.now.doing = time.Now(), "in the TLS handshake" })
		},
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			t.note(func() { t.now.tls = time.Since(t.opened.tls) })
		},
		GotConn: func(info httptrace.GotConnInfo) {
			t.note(func() {
				t.now.address, t.now.doing = hostOf(info.Conn.RemoteAddr()), "sending the request"
			})
		},
		WroteRequest: func(httptrace.WroteRequestInfo) {
			t.note(func() {
				if !t.answered {
					t.opened.sent, t.now.doing = time.Now(), "waiting for the response"
				}
			})
		},
		GotFirstResponseByte: func() {
			t.note(func() {
				t.answered, t.now.doing = true, "reading the response"
				if !t.opened.sent.IsZero() {
					t.now.firstByte = time.Since(t.opened.sent)
				}
			})
		},
	}
}

func (t *httpTrace) note(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
}

// steps is what is known now.
func (t *httpTrace) steps() steps {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// addTo adds the steps as outputs, once there was a connection.
func (s steps) addTo(outputs map[string]any) {
	if s.address == "" {
		return
	}
	outputs["ipAddress"] = s.address
	outputs["dnsTime"] = millis(s.dns)
	outputs["connectTime"] = millis(s.connect)
	outputs["tlsTime"] = millis(s.tls)
	outputs["firstByteTime"] = millis(s.firstByte)
}
