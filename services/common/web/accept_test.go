package web_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/web"
)

// fullListener returns an error of the operating system until it is closed, and counts the calls.
type fullListener struct {
	closed chan struct{}
	calls  int
}

func (l *fullListener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	default:
		l.calls++
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
}

func (l *fullListener) Close() error { close(l.closed); return nil }

func (l *fullListener) Addr() net.Addr { return &net.TCPAddr{Port: 8000} }

func TestFailureToAcceptConnectionsIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ln := &fullListener{closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- web.Serve(ctx, ln, http.NotFoundHandler(), slog.New(slog.NewTextHandler(&log, nil))) }()
		<-time.After(10 * time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := strings.Count(log.String(), "too many open files"); n != 1 || ln.calls < 600 {
			t.Errorf("%d lines about %d failures, want one", n, ln.calls)
		}
	})
}
