package web

import (
	"log/slog"
	"net"
	"time"
)

const (
	// acceptRetry is the time between two attempts to accept a connection while that fails.
	acceptRetry = 100 * time.Millisecond
	// acceptQuiet is the time without a failure after which the next failure is logged again.
	acceptQuiet = time.Minute
)

// patientListener retries while no connection can be accepted, for example because there are too many open files. It
// logs the first failure; [http.Server] would log each attempt.
type patientListener struct {
	net.Listener
	log *slog.Logger
	// failed is the time of the last failure. Only the goroutine that calls Accept uses it.
	failed time.Time
}

// Accept returns an error only if the listener can't be used any more.
func (l *patientListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if temporary, ok := err.(interface{ Temporary() bool }); !ok || !temporary.Temporary() {
			return conn, err
		}
		if time.Since(l.failed) > acceptQuiet {
			l.log.Error("can't accept connections, retrying", "address", l.Addr().String(), "error", err)
		}
		l.failed = time.Now()
		<-time.After(acceptRetry)
	}
}
