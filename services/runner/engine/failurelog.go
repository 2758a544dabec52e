package engine

import (
	"log/slog"
	"time"
)

// failureLog logs when a store operation starts to fail and when it succeeds again, once each. It is not safe for
// concurrent use.
type failureLog struct {
	operation string
	// since is the time of the first failure; zero while the operation succeeds.
	since time.Time
	stats *stats
	log   *slog.Logger
	// health receives the outcomes of an essential operation; nil for others.
	health *storeHealth
}

func (e *Engine) newFailureLog(operation string) *failureLog {
	return &failureLog{operation: operation, stats: &e.stats, log: e.log}
}

// record records the outcome of one operation. A nil error is a success.
func (f *failureLog) record(err error) {
	if f.health != nil {
		f.health.record(f.operation, err)
	}
	switch {
	case err != nil:
		f.stats.storeErrors.Add(1)
		if f.since.IsZero() {
			f.since = time.Now()
			f.log.Warn("store unavailable, retrying", "operation", f.operation, "error", err)
		}
	case !f.since.IsZero():
		duration := time.Since(f.since).Round(time.Millisecond)
		f.log.Info("store available again", "operation", f.operation, "duration", duration)
		f.since = time.Time{}
	}
}
