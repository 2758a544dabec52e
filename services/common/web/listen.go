// Package web is what the HTTP services share: listening and stopping, middleware, and errors as problem
// documents.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	// stopGrace is how long requests may go on after the service is told to stop.
	stopGrace = 10 * time.Second
	// requestTime bounds reading a request and writing its answer, each; see [Extend].
	requestTime = time.Minute
)

// Listen opens a TCP port on all addresses; 0 takes any free one. The error names the port and
// says what to do.
func Listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", fmt.Sprintf(":%d", port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d is in use: stop the other program or set another port", port)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %d may not be opened by this user: set a port above 1023", port)
	case err != nil:
		return nil, fmt.Errorf("listen on port %d: %w", port, err)
	}
	return ln, nil
}

// Serve answers requests on ln until ctx ends, lets the running ones finish for up to ten seconds
// and closes ln. Handlers that run for long end by [UntilStop].
func Serve(ctx context.Context, ln net.Listener, handler http.Handler, log *slog.Logger) error {
	base := context.WithValue(context.WithoutCancel(ctx), stopKey{}, ctx)
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	log.Info("listening", "address", ln.Addr().String())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(base, stopGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		log.Warn("requests were still running at the end of the grace time", "grace", stopGrace)
		server.Close()
	}
	<-ended
	return nil
}

type stopKey struct{}

// UntilStop is the context of a request, and ends also when the service is told to stop. Only handlers
// that wait for something need it.
func UntilStop(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	service, served := ctx.Value(stopKey{}).(context.Context)
	if !served {
		return ctx, cancel
	}
	detach := context.AfterFunc(service, cancel)
	return ctx, func() {
		detach()
		cancel()
	}
}

// Extend gives a request d from now to be answered, in place of the usual minute. What can't be
// extended keeps its time.
func Extend(w http.ResponseWriter, d time.Duration) {
	control, until := http.NewResponseController(w), time.Now().Add(d)
	// The read deadline counts too: where it passes, the request's context ends.
	_ = control.SetReadDeadline(until)
	_ = control.SetWriteDeadline(until)
}
