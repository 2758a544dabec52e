package store

import (
	"log/slog"
	"time"
)

// FailureLog logs the first of several consecutive failures of an operation, and the first success after them. It is
// not safe for concurrent use.
type FailureLog struct {
	Log *slog.Logger
	// Failed is the message of the warning about the first failure, Recovered the message about the first success.
	Failed, Recovered string
	// Args are the attributes of both messages.
	Args []any
	// Observe receives each outcome, for example to count errors; nil if nobody needs them.
	Observe func(err error)

	// since is the time of the first failure; zero while the operation succeeds.
	since time.Time
}

// Record records the outcome of one operation. A nil error is a success.
func (f *FailureLog) Record(err error) {
	if f.Observe != nil {
		f.Observe(err)
	}
	switch {
	case err != nil && f.since.IsZero():
		f.since = time.Now()
		f.Log.With(f.Args...).Warn(f.Failed, "error", err)
	case err == nil && !f.since.IsZero():
		duration := time.Since(f.since).Round(time.Millisecond)
		f.since = time.Time{}
		f.Log.With(f.Args...).Info(f.Recovered, "duration", duration)
	}
}
