package mongo

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// relay passes connections on to a server until it is cut.
type relay struct {
	address, server string
	// tls, unless it is nil, is what clients of the relay speak; the server is spoken to in clear.
	tls                *tls.Config
	listener           net.Listener
	accepting, passing sync.WaitGroup
	conns              []net.Conn // of the accepting goroutine, and then of who waited for its end
}

// startRelay starts one in front of the server at uri, and gives the URI of the server through it.
func startRelay(t *testing.T, uri string) (r *relay, through string) {
	t.Helper()
	r = &relay{address: "127.0.0.1:0", server: host(t, uri)}
	r.serve(t)
	t.Cleanup(r.cut)
	return r, uriThrough(t, uri, r.address)
}

// host is that of a URI, which must name a single one.
func host(t *testing.T, uri string) string {
	t.Helper()
	hosts := options.Client().ApplyURI(uri).Hosts
	if len(hosts) != 1 {
		t.Skip("a relay stands in front of one host, and the URI names several")
	}
	return hosts[0]
}

// uriThrough is uri by way of a relay's address.
func uriThrough(t *testing.T, uri, address string) string {
	t.Helper()
	through, settings, _ := strings.Cut(strings.Replace(uri, host(t, uri), address, 1), "?")
	return strings.TrimSuffix(through, "/") + "/?directConnection=true&" + settings
}

func (r *relay) serve(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	r.address = listener.Addr().String()
	if r.tls != nil {
		listener = tls.NewListener(listener, r.tls)
	}
	r.listener = listener
	r.accepting.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.pass(client)
		}
	})
}

func (r *relay) pass(client net.Conn) {
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		client.Close()
		return
	}
	r.conns = append(r.conns, client, server)
	r.passing.Go(func() { io.Copy(client, server); client.Close() })
	r.passing.Go(func() { io.Copy(server, client); server.Close() })
}

// cut ends all connections and takes no more.
func (r *relay) cut() {
	r.listener.Close()
	r.accepting.Wait()
	for _, conn := range r.conns {
		conn.Close()
	}
	r.conns = nil
	r.passing.Wait()
}
