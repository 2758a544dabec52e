package health

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Runner is the health of one runner. It remembers which of the essential store operations fail: writing results, and
// heartbeats with a check of the store. A failure of one does not end when another succeeds: on a full disk, a small
// write may succeed. It is safe for concurrent use.
type Runner struct {
	// Problems are the other things that are wrong.
	Problems Problems

	log     *slog.Logger
	errors  atomic.Int64
	changed func(since time.Time, err error)

	mu      sync.Mutex
	failing map[string]failure
}

type failure struct {
	since time.Time
	err   error
}

// New returns the health of a runner whose store works. The function changed is called after each attempt at an
// essential operation that failed or ended a failure, with the error that has lasted longest and the time since which it
// occurs, or with nil once none is left. It must not block.
func New(log *slog.Logger, changed func(since time.Time, err error)) *Runner {
	return &Runner{log: log, changed: changed, failing: make(map[string]failure)}
}

// Operation returns the log of an operation whose failures are counted. The name appears in log lines.
func (r *Runner) Operation(name string) *store.FailureLog {
	return r.operation(name, func(error) {})
}

// Essential returns the log of an operation whose failures also make the runner unhealthy.
func (r *Runner) Essential(name string) *store.FailureLog {
	return r.operation(name, func(err error) { r.record(name, err) })
}

func (r *Runner) operation(name string, record func(err error)) *store.FailureLog {
	return &store.FailureLog{
		Log: r.log, Failed: "store unavailable, retrying", Recovered: "store available again", Args: []any{"operation", name},
		Observe: func(err error) {
			record(err)
			if err != nil {
				r.CountError()
			}
		},
	}
}

// CountError counts a failure of an operation that has no log from [Runner.Operation] or [Runner.Essential].
func (r *Runner) CountError() { r.errors.Add(1) }

// Errors returns the number of failed operations.
func (r *Runner) Errors() int64 { return r.errors.Load() }

// Healthy reports whether no essential operation fails.
func (r *Runner) Healthy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failing) == 0
}

// record records the outcome of an essential operation. An invalid document is no failure of the store.
func (r *Runner) record(operation string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, failed := r.failing[operation]
	switch {
	case err == nil && !failed, monitor.IsInvalid(err):
		return
	case err == nil:
		delete(r.failing, operation)
	case !failed:
		f.since = time.Now()
		fallthrough
	default:
		f.err = err
		r.failing[operation] = f
	}
	r.changed(r.longest())
}

// longest returns the failure that lasts longest; zero if there is none. The caller holds mu.
func (r *Runner) longest() (since time.Time, err error) {
	for _, f := range r.failing {
		if err == nil || f.since.Before(since) {
			since, err = f.since, f.err
		}
	}
	return since, err
}
