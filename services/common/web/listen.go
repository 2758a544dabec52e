// Package web contains what the HTTP services share: listening and stopping, middleware, and errors as problem
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
	// stopGrace is the time that running requests have after the service was told to stop.
	stopGrace = 10 * time.Second
	// requestTime limits reading a request, and writing its response. [ExtendDeadlines] replaces it.
	requestTime = time.Minute
)

// Listen opens a TCP port on all addresses; 0 picks a free port. The error names the port and says what to do.
func Listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", fmt.Sprintf(":%d", port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d is in use: stop the other program or set another port", port)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not open port %d: set a port above 1023", port)
	case err != nil:
		return nil, fmt.Errorf("listen on port %d: %w", port, err)
	}
	return ln, nil
}

// Serve handles requests on ln until ctx ends. Then it gives running requests up to ten seconds to finish and closes
// ln. Handlers that run for longer must use [UntilStop].
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
	go func() { ended <- server.Serve(&patientListener{Listener: ln, log: log}) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(base, stopGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		log.Warn("requests were still running after the grace period", "grace", stopGrace)
		server.Close()
	}
	<-ended
	return nil
}

type stopKey struct{}

// UntilStop returns the context of a request that also ends when the service is told to stop. Only handlers that wait
// for something need it.
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

// ExtendDeadlines gives a request d from now to finish, instead of the usual minute. It has no effect on a
// http.ResponseWriter without deadlines.
func ExtendDeadlines(w http.ResponseWriter, d time.Duration) {
	control, until := http.NewResponseController(w), time.Now().Add(d)
	// The request's context ends at the read deadline too.
	_ = control.SetReadDeadline(until)
	_ = control.SetWriteDeadline(until)
}
