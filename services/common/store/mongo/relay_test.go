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

// relay forwards connections to a server until cut is called. It may answer commands itself.
type relay struct {
	answers
	address, server string
	// tls is the TLS configuration for clients; nil means no TLS. The connection to the server never uses TLS.
	tls                   *tls.Config
	listener              net.Listener
	accepting, forwarding sync.WaitGroup
	conns                 []net.Conn // used by the accepting goroutine, and by cut after that has ended
}

// startRelay starts a relay to the server at uri and returns the URI of the server through the relay.
func startRelay(t *testing.T, uri string) (r *relay, through string) {
	t.Helper()
	r = &relay{address: "127.0.0.1:0", server: host(t, uri)}
	r.serve(t)
	t.Cleanup(r.cut)
	return r, uriThrough(t, uri, r.address)
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
			r.forward(client)
		}
	})
}

func (r *relay) forward(client net.Conn) {
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		client.Close()
		return
	}
	r.conns = append(r.conns, client, server)
	r.forwarding.Go(func() { io.Copy(client, server); client.Close() })
	r.forwarding.Go(func() { r.answers.copyCommands(server, client); server.Close() })
}

// cut closes all connections and stops listening.
func (r *relay) cut() {
	r.listener.Close()
	r.accepting.Wait()
	for _, conn := range r.conns {
		conn.Close()
	}
	r.conns = nil
	r.forwarding.Wait()
}
