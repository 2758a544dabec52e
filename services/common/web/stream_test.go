package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/web"
)

// streams starts a service that hands over the stream of each request.
func streams(t *testing.T) (address string, stop func(), opened <-chan *web.Stream) {
	t.Helper()
	taken := make(chan *web.Stream, 1)
	handler := web.LogRequests(slog.New(slog.DiscardHandler))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := web.TakeOver(w, r)
		if err != nil {
			t.Error(err)
		}
		taken <- s
	}))
	url, stop, _ := start(t, handler.ServeHTTP)
	return strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/"), stop, taken
}

// openStream sends a request and returns the connection and the stream.
func openStream(t *testing.T, address, protocol string, opened <-chan *web.Stream) (net.Conn, *web.Stream) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET / %s\r\nHost: localhost\r\n\r\n", protocol)
	s := <-opened
	t.Cleanup(func() { s.Close() })
	return conn, s
}

func TestStreamSendsEachFrame(t *testing.T) {
	address, _, opened := streams(t)
	for _, protocol := range []string{"HTTP/1.1", "HTTP/1.0"} {
		conn, s := openStream(t, address, protocol, opened)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !response.Close {
			t.Errorf("%s: the client may reuse the connection", protocol)
		}
		for _, text := range []string{"a", strings.Repeat("b", 10_000), "c"} {
			frame := web.NewFrame([]byte(text))
			if err := s.Send(frame); err != nil || string(frame.Data()) != text {
				t.Fatalf("%s: sent %q, %v", protocol, frame.Data(), err)
			}
			got := make([]byte, len(text))
			if _, err := io.ReadFull(response.Body, got); err != nil || string(got) != text {
				t.Fatalf("%s: got %q, %v", protocol, got, err)
			}
		}
		if s.HasLeft() {
			t.Errorf("%s: the client has not left", protocol)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if rest, err := io.ReadAll(response.Body); len(rest) > 0 || err != nil {
			t.Errorf("%s: the stream ends with %q, %v", protocol, rest, err)
		}
	}
}

func TestStreamNoticesThatItsClientHasLeft(t *testing.T) {
	address, _, opened := streams(t)
	conn, s := openStream(t, address, "HTTP/1.1", opened)
	fmt.Fprint(conn, "ignored")
	if s.HasLeft() {
		t.Error("the client has only sent something")
	}
	conn.Close()
	for deadline := time.Now().Add(10 * time.Second); !s.HasLeft(); {
		if time.Now().After(deadline) {
			t.Fatal("the client has left")
		}
	}
}

// TestStopEndsBlockedWrites stops the service while a client receives nothing.
func TestStopEndsBlockedWrites(t *testing.T) {
	address, stop, opened := streams(t)
	_, s := openStream(t, address, "HTTP/1.1", opened)
	ended, frame := make(chan error, 1), web.NewFrame(make([]byte, 1<<20))
	go func() {
		for {
			if err := s.Send(frame); err != nil {
				ended <- err
				return
			}
		}
	}()
	before, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	<-before.Done()
	stop()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("a write is blocked")
	}
}
