package health

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// Operation is an operation of the store that is retried. It logs when the operation starts to fail and when it succeeds
// again, once each. It is not safe for concurrent use.
type Operation struct {
	name string
	// since is the time of the first failure; zero while the operation succeeds.
	since  time.Time
	errors *atomic.Int64
	log    *slog.Logger
	// essential receives the outcomes of an essential operation; nil for others.
	essential *Runner
}

// Record records the outcome of one attempt. A nil error is a success.
func (o *Operation) Record(err error) {
	if o.essential != nil {
		o.essential.record(o.name, err)
	}
	switch {
	case err != nil:
		o.errors.Add(1)
		if o.since.IsZero() {
			o.since = time.Now()
			o.log.Warn("store unavailable, retrying", "operation", o.name, "error", err)
		}
	case !o.since.IsZero():
		duration := time.Since(o.since).Round(time.Millisecond)
		o.log.Info("store available again", "operation", o.name, "duration", duration)
		o.since = time.Time{}
	}
}
