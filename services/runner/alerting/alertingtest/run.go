package alertingtest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
)

// ErrUnavailable is the error of a store that is unavailable.
var ErrUnavailable = fmt.Errorf("test store: %w", monitor.ErrUnavailable)

// StoreUnavailable makes all calls of a [Memory] fail.
func StoreUnavailable(context.Context, string, string) error { return ErrUnavailable }

// StoreHangs makes all calls of a [Memory] hang until their context ends.
func StoreHangs(ctx context.Context, _, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// QuietLog returns a log that nobody reads.
func QuietLog() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// Start runs the given function until stop is called, or until the test ends.
func Start(t *testing.T, run func(ctx context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		run(ctx)
	}()
	stop = func() {
		cancel()
		<-stopped
	}
	t.Cleanup(stop)
	return stop
}

// Wait lets the given time pass and waits until all goroutines of the synctest bubble are blocked.
func Wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
