package mongo

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/tests/mongotest"
)

// closedAddress is one that nobody listens on.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	return listener.Addr().String()
}

func TestOpenWithServerAway(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, address := range map[string]string{"refused": closedAddress(t), "silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := Open(t.Context(), Config{URI: "mongodb://user:hunter2@" + address, Database: "x", Timeout: time.Second})
			if took := time.Since(start); took < time.Second || took > 3*time.Second {
				t.Errorf("Open took %s, the timeout is 1s", took)
			}
			if !errors.Is(err, monitor.ErrUnavailable) {
				t.Fatalf("error %v, want one that wraps ErrUnavailable", err)
			}
			if want := "mongodb at " + address + " did not answer within 1s: "; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %q doesn't begin with %q", err, want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Config{URI: server, Database: "x", Timeout: time.Minute}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one that wraps context.Canceled", err)
	}
}

func TestBadURI(t *testing.T) {
	const advice = "percent-encoded"
	for uri, want := range map[string]string{
		"":                                         "scheme",
		"localhost:27017":                          "scheme",
		"http://user:hunter2@localhost":            "scheme",
		"user:hunter2@localhost":                   "scheme",
		"mongodb://user:hunter2@localhost:port":    "port",
		"mongodb://user:hunter2@localhost:99999":   "port",
		"mongodb://user:hunter2@":                  "host",
		"mongodb://user:hunter2%zz@localhost":      advice,
		"mongodb://user:hun/ter2@localhost":        advice,
		"mongodb://user:@hunter2:@localhost":       advice,
		"mongodb://user:hunter2?@localhost/?w=a%z": "a%z",
		"mongodb://localhost/?tls=true&tlsCertificateKeyFilePassword=hunter2%zz":    advice,
		"mongodb://localhost/?sslClientCertificateKeyPassword=hunter2%zz&tls=yes":   "tls",
		"mongodb://localhost/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2%zz": "authMechanism property",
		"mongodb://user:hunter2@localhost/?maxPoolSize=many":                        "maxPoolSize",
	} {
		_, err := Open(t.Context(), Config{URI: uri, Database: "x", Timeout: time.Second})
		if err == nil {
			t.Errorf("%s: no error", uri)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %q, want one that contains %q", uri, err, want)
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: the error shows the password: %v", uri, err)
		}
	}
}

func TestTimeoutsOfTheURIGoFirst(t *testing.T) {
	opts, err := clientOptions("mongodb://localhost")
	if err != nil {
		t.Fatal(err)
	}
	if *opts.ServerSelectionTimeout != selectionTimeout || *opts.Timeout != operationTimeout {
		t.Errorf("timeouts %s, %s; want ours", *opts.ServerSelectionTimeout, *opts.Timeout)
	}
	opts, err = clientOptions("mongodb://localhost/?serverSelectionTimeoutMS=1234&timeoutMS=2345")
	if err != nil {
		t.Fatal(err)
	}
	if *opts.ServerSelectionTimeout != 1234*time.Millisecond || *opts.Timeout != 2345*time.Millisecond {
		t.Errorf("timeouts %s, %s; want those of the URI", *opts.ServerSelectionTimeout, *opts.Timeout)
	}
}

// relay passes connections on to a server until it is cut.
type relay struct {
	address, server string
	listener        net.Listener
	running         sync.WaitGroup

	mutex sync.Mutex
	conns []net.Conn
}

func (r *relay) serve(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	r.listener, r.address = listener, listener.Addr().String()
	r.running.Go(func() {
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
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.conns = append(r.conns, client, server)
	r.running.Go(func() { io.Copy(client, server); client.Close() })
	r.running.Go(func() { io.Copy(server, client); server.Close() })
}

// cut ends all connections and takes no more.
func (r *relay) cut() {
	r.listener.Close()
	r.mutex.Lock()
	for _, conn := range r.conns {
		conn.Close()
	}
	r.conns = nil
	r.mutex.Unlock()
	r.running.Wait()
}

func TestOutage(t *testing.T) {
	opts := options.Client().ApplyURI(server)
	if len(opts.Hosts) != 1 {
		t.Skip("the server is not a single one")
	}
	r := &relay{address: "127.0.0.1:0", server: opts.Hosts[0]}
	r.serve(t)
	defer func() { r.cut() }()
	uri, settings, _ := strings.Cut(strings.Replace(server, opts.Hosts[0], r.address, 1), "?")
	uri = strings.TrimSuffix(uri, "/") + "/?directConnection=true&serverSelectionTimeoutMS=500&" + settings
	s, err := Open(t.Context(), Config{URI: uri, Database: mongotest.Database(t, server), Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.WithoutCancel(t.Context()))

	r.cut()
	start := time.Now()
	if err := s.CreateMonitor(t.Context(), newMonitor(1, "a")); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("error %v, want one that wraps ErrUnavailable", err)
	}
	if _, err := s.Monitors(t.Context()); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("error %v, want one that wraps ErrUnavailable", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("two operations took %s", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one that wraps context.Canceled", err)
	}

	r.serve(t)
	for deadline := time.Now().Add(10 * time.Second); ; {
		err := s.Ping(t.Context())
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server is back, and Ping says %v", err)
		}
	}
	if err := s.CreateMonitor(t.Context(), newMonitor(1, "a")); err != nil {
		t.Error(err)
	}
}
