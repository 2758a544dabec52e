package mongo

import (
	"crypto/tls"
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// relay forwards connections to a server, except between cut and resume. It may answer commands itself. It listens
// until the end of the test, so that no other program takes its port.
type relay struct {
	answers
	address, server       string
	accepting, forwarding sync.WaitGroup

	// mu protects the fields below.
	mu    sync.Mutex
	isCut bool
	conns []net.Conn
}

// startRelay starts a relay to the server at uri and returns the URI of the server through the relay.
func startRelay(t *testing.T, uri string) (r *relay, through string) {
	t.Helper()
	r = newRelay(t, uri, nil)
	return r, uriThrough(t, uri, r.address)
}

// newRelay starts a relay to the server at uri. tlsConfig is the TLS configuration for clients; nil means no TLS. The
// connection to the server never uses TLS.
func newRelay(t *testing.T, uri string, tlsConfig *tls.Config) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: listener.Addr().String(), server: host(t, uri)}
	if tlsConfig != nil {
		listener = tls.NewListener(listener, tlsConfig)
	}
	r.accepting.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.forward(client)
		}
	})
	t.Cleanup(func() {
		listener.Close()
		r.accepting.Wait()
		r.cut()
	})
	return r
}

// host returns the host of a URI. It skips the test if the URI has several.
func host(t *testing.T, uri string) string {
	t.Helper()
	hosts := options.Client().ApplyURI(uri).Hosts
	if len(hosts) != 1 {
		t.Skip("the relay supports one host, and the URI has several")
	}
	return hosts[0]
}

// uriThrough returns uri with the address of a relay.
func uriThrough(t *testing.T, uri, address string) string {
	t.Helper()
	through, settings, _ := strings.Cut(strings.Replace(uri, host(t, uri), address, 1), "?")
	return strings.TrimSuffix(through, "/") + "/?directConnection=true&" + settings
}

// changedURI returns uri with another scheme, another host and other settings. It keeps the user name and password.
func changedURI(t *testing.T, uri, scheme, host string, settings map[string]string) string {
	t.Helper()
	changed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	changed.Scheme, changed.Host = scheme, host
	query := changed.Query()
	for name, value := range settings {
		query.Set(name, value)
	}
	changed.Path, changed.RawQuery = "/"+strings.TrimPrefix(changed.Path, "/"), query.Encode()
	return changed.String()
}

// balancedURI returns uri with the address of a relay that answers hello with [loadBalancer].
func balancedURI(t *testing.T, uri, address, readPreference string) string {
	t.Helper()
	settings := map[string]string{"loadBalanced": "true", "readPreference": readPreference}
	uri = regexp.MustCompile(`(replicaSet|directConnection)=[^&]*&?`).ReplaceAllString(uri, "")
	return changedURI(t, uri, "mongodb", address, settings)
}

func (r *relay) forward(client net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isCut {
		client.Close()
		return
	}
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		client.Close()
		return
	}
	r.conns = append(r.conns, client, server)
	r.forwarding.Go(func() { r.answers.copyReplies(client, server); client.Close() })
	r.forwarding.Go(func() { r.answers.copyCommands(server, client); server.Close() })
}

// cut closes all connections, and closes new ones at once until resume is called.
func (r *relay) cut() {
	r.mu.Lock()
	r.isCut = true
	for _, conn := range r.conns {
		conn.Close()
	}
	r.conns = nil
	r.mu.Unlock()
	r.forwarding.Wait()
}

// resume forwards new connections again.
func (r *relay) resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.isCut = false
}
