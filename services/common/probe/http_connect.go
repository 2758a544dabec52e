package probe

import (
	"context"
	"net"
	"net/http"
	"time"

	"nanomon/services/common/weakmap"
)

// http2Buffer is the maximum number of bytes of a response that wait in memory while the check does not read, because
// it waits for memory itself. It is enough for 1 MiB/s at a round-trip time of 100 ms.
const http2Buffer = 128 << 10

// maxHeaders is the maximum size of the headers of a response, in bytes. Parsed headers may take ten times that. They are
// not part of the memory budget.
const maxHeaders = 24 << 10

// httpBuffer is the size of the buffers for reading and writing of a connection, in bytes. Each check without keepAlive
// allocates both. Most requests and the headers of most responses fit.
const httpBuffer = 1 << 10

// idleTimeout is how long a connection stays open between two checks with keepAlive.
const idleTimeout = 90 * time.Second

// connectionSettings are the settings of the connections of a probe.
type connectionSettings struct {
	timeout time.Duration
	// unverified accepts all certificates.
	unverified bool
	tlsMin     uint16
	// network is a value of the property network.
	network   string
	keepAlive bool
}

// sharedConnections contains the connections of all probes of a registry.
type sharedConnections struct {
	weakmap.Map[connectionSettings, connections]
}

// get returns the connections of a probe. They are the same for all probes with the same settings.
func (s *sharedConnections) get(guard Guard, settings connectionSettings) *connections {
	shared, _ := s.Get(settings, func() (*connections, error) { // never fails
		return newConnections(settings.transports(guard)), nil
	})
	return shared
}

// connections open the connections of the checks of probes.
type connections struct {
	// newTransport returns a transport that no other probe uses.
	newTransport func() *http.Transport
	// plain sends the requests to http URLs of all checks without keepAlive. It keeps no connection and does not use
	// HTTP/2, so no check can get a connection of another one.
	plain *http.Transport
}

func newConnections(newTransport func() *http.Transport) *connections {
	plain := newTransport()
	plain.ForceAttemptHTTP2 = false
	plain.Protocols = new(http.Protocols)
	plain.Protocols.SetHTTP1(true)
	return &connections{newTransport: newTransport, plain: plain}
}

// transports returns a function that returns a new transport. The timeouts of a transport end work that continues after
// a check has timed out.
func (c connectionSettings) transports(guard Guard) func() *http.Transport {
	dialer := &familyDialer{Dialer: guard.dialer(), network: c.network}
	idle := idleTimeout
	if !c.keepAlive {
		dialer.KeepAlive = -1 // Avoids system calls for a connection that is used once.
		idle = c.timeout      // An HTTP/2 connection that opens after the end of the check is idle.
	}
	proxy := guard.checkProxied(http.ProxyFromEnvironment)
	return func() *http.Transport {
		return &http.Transport{
			Proxy: proxy,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialer.DialContext(checkContext(ctx), network, address)
			},
			TLSClientConfig:        tlsConfig(c.unverified, c.tlsMin),
			TLSHandshakeTimeout:    c.timeout,
			DisableKeepAlives:      !c.keepAlive,
			DisableCompression:     true, // The probe decodes bodies itself.
			IdleConnTimeout:        idle,
			MaxResponseHeaderBytes: maxHeaders,
			ReadBufferSize:         httpBuffer,
			WriteBufferSize:        httpBuffer,
			ForceAttemptHTTP2:      true,
			HTTP2:                  &http.HTTP2Config{MaxReceiveBufferPerStream: http2Buffer},
		}
	}
}

// checkTransport sends the requests of one check without keepAlive, one after the other.
type checkTransport struct {
	*connections
	// secure sends the requests to https URLs. HTTP/2 could give a connection to two checks, so each check has its own.
	secure *http.Transport
}

// RoundTrip sends a request.
func (t *checkTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme == "http" {
		return t.plain.RoundTrip(request)
	}
	if t.secure == nil {
		t.secure = t.newTransport()
	}
	return t.secure.RoundTrip(request)
}

// close closes the connections that the check leaves behind.
func (t *checkTransport) close() {
	if t.secure != nil {
		t.secure.CloseIdleConnections()
	}
}
