package servicetest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy forwards TCP connections to a server until the test ends.
type Proxy struct {
	// Address is the host:port on which the proxy listens.
	Address string
	server  string

	mu      sync.Mutex
	blocked bool
	conns   map[net.Conn]bool
}

// NewProxy starts a proxy for the server at address.
func NewProxy(t testing.TB, address string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: listener.Addr().String(), server: address, conns: make(map[net.Conn]bool)}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		p.CloseConnections()
		serving.Wait()
	})
	return p
}

// Block closes all connections, and each new one until Unblock.
func (p *Proxy) Block() {
	p.setBlocked(true)
	p.CloseConnections()
}

// Unblock ends what Block has begun.
func (p *Proxy) Unblock() { p.setBlocked(false) }

func (p *Proxy) setBlocked(blocked bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blocked = blocked
}

// CloseConnections closes all connections and returns their number. The proxy still accepts new ones.
func (p *Proxy) CloseConnections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		conn.Close()
	}
	closed := len(p.conns) / 2
	clear(p.conns)
	return closed
}

// serve forwards data in both directions between a client and the server until either closes the connection.
func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	if p.blocked {
		p.mu.Unlock()
		return
	}
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()

	var responses sync.WaitGroup
	responses.Go(func() { forward(client, server) })
	forward(server, client)
	responses.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, client)
	delete(p.conns, server)
}

// forward copies data until either connection is closed, then closes both.
func forward(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	to.Close()
	from.Close()
}
