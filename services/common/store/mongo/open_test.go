package mongo

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
)

// closedAddress returns an address that refuses connections.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	return listener.Addr().String()
}

func TestOpenServerUnavailable(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for name, address := range map[string]string{"refused": closedAddress(t), "silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			var logged strings.Builder
			_, err := Open(t.Context(), Config{
				URI: "mongodb://user:hunter2@" + address, Database: "x", Timeout: time.Second,
				Log: slog.New(slog.NewTextHandler(&logged, nil)),
			})
			if took := time.Since(start); took < time.Second || took > 3*time.Second {
				t.Errorf("Open took %s, the timeout is 1s", took)
			}
			if !errors.Is(err, monitor.ErrUnavailable) {
				t.Fatalf("error %v, want one that wraps ErrUnavailable", err)
			}
			if want := "MongoDB at " + address + " did not answer within 1s: "; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %q doesn't begin with %q", err, want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
			if log := logged.String(); strings.Count(log, "store unavailable, retrying") != 1 || !strings.Contains(log, "hosts="+address) || strings.Contains(log, "hunter2") {
				t.Errorf("the log must be one line with the server and without the password:\n%s", log)
			}
		})
	}
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Config{URI: server, Database: "x", Timeout: time.Minute}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one that wraps context.Canceled", err)
	}
}

func TestInvalidURI(t *testing.T) {
	const advice = "percent-encoded"
	for uri, want := range map[string]string{
		"":                                         "scheme",
		"localhost:27017":                          "scheme",
		"http://user:hunter2@localhost":            "scheme",
		"user:hunter2@localhost":                   "scheme",
		"mongodb://user:hunter2@localhost:port":    "port",
		"mongodb://user:hunter2@localhost:99999":   "port",
		"mongodb://user:hunter2":                   "port that is not a number",
		"mongodb+srv://user:hunter2/nanomon":       "port that is not a number",
		"mongodb://[::1]:hunter2,other:27017":      "port that is not a number",
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

// TestFailedAuthentication checks that Open does not retry after a failed authentication. FerretDB supports none of the
// driver's mechanisms.
func TestFailedAuthentication(t *testing.T) {
	t.Parallel()
	address := mongotest.FerretDB(t).Address()
	start := time.Now()
	_, err := Open(t.Context(), Config{URI: "mongodb://user:hunter2@" + address, Database: "x", Timeout: time.Minute})
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Open took %s", took)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "connect to MongoDB at "+address+": ") || !strings.Contains(err.Error(), "AuthenticationFailed") {
		t.Errorf("error %v, want one about the authentication", err)
	}
	if err != nil && strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows the password: %v", err)
	}
}

func TestTimeoutsOfURI(t *testing.T) {
	opts, err := clientOptions("mongodb://localhost")
	if err != nil {
		t.Fatal(err)
	}
	if *opts.ServerSelectionTimeout != selectionTimeout || *opts.Timeout != operationTimeout {
		t.Errorf("timeouts %s, %s; want the defaults", *opts.ServerSelectionTimeout, *opts.Timeout)
	}
	opts, err = clientOptions("mongodb://localhost/?serverSelectionTimeoutMS=1234&timeoutMS=2345")
	if err != nil {
		t.Fatal(err)
	}
	if *opts.ServerSelectionTimeout != 1234*time.Millisecond || *opts.Timeout != 2345*time.Millisecond {
		t.Errorf("timeouts %s, %s; want those of the URI", *opts.ServerSelectionTimeout, *opts.Timeout)
	}
}

func TestServerUnavailable(t *testing.T) {
	t.Parallel()
	r, uri := startRelay(t, server)
	s := open(t, Config{URI: uri + "&serverSelectionTimeoutMS=500", Database: mongotest.Database(t, server)})

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

	r.resume()
	for deadline := time.Now().Add(10 * time.Second); ; {
		err := s.Ping(t.Context())
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("Ping returns %v although the server is available again", err)
		}
	}
	if err := s.CreateMonitor(t.Context(), newMonitor(1, "a")); err != nil {
		t.Error(err)
	}
}
