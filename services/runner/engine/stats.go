package engine

import (
	"iter"
	"maps"
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

// Stats counts events since the start of the engine.
type Stats struct {
	// Monitors is the number of monitors that this runner runs now.
	Monitors int
	// Problems is the number of problems of this runner itself now.
	Problems int
	// Checks counts the checks that gave a result, by status.
	Checks [3]int64
	// NotChecked counts the checks that this runner could not make, by cause.
	NotChecked map[probe.Cause]int64
	// Skipped counts the checks that did not start because the previous check was still running or the process was
	// suspended.
	Skipped int64
	// Queued is the number of results that are not written yet, in memory and in the spool.
	Queued int
	// Dropped counts lost results.
	Dropped int64
	// StoreErrors counts failed store operations.
	StoreErrors int64
	// StoreHealthy is false while results or heartbeats can't be written.
	StoreHealthy bool
}

// stats holds the counters behind Stats. It is safe for concurrent use.
type stats struct {
	mu         sync.Mutex
	checks     [3]int64
	notChecked map[probe.Cause]int64
	skipped    int64
}

func (s *stats) countCheck(status monitor.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks[status]++
}

func (s *stats) countNotChecked(cause probe.Cause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notChecked == nil {
		s.notChecked = make(map[probe.Cause]int64)
	}
	s.notChecked[cause]++
}

func (s *stats) countSkipped(n int) {
	if n == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipped += int64(n)
}

// Stats returns the current counts.
func (e *Engine) Stats() Stats {
	s := &e.scheduler.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Monitors: len(*e.scheduler.running.Load()), Problems: len(e.health.Problems.List()),
		Checks: s.checks, NotChecked: maps.Clone(s.notChecked), Skipped: s.skipped,
		Queued: e.results.Queued(), Dropped: e.results.Dropped(), StoreErrors: e.health.Errors(), StoreHealthy: e.health.Healthy(),
	}
}

func (e *Engine) logStop(uptime time.Duration) {
	s := e.Stats()
	notChecked := int64(0)
	for _, n := range s.NotChecked {
		notChecked += n
	}
	e.log.Info("runner stopped", "duration", uptime.Round(time.Second), "monitors", s.Monitors,
		"checks_ok", s.Checks[monitor.StatusOK], "checks_error", s.Checks[monitor.StatusError],
		"checks_failed", s.Checks[monitor.StatusFailed], "not_checked", notChecked,
		"skipped", s.Skipped, "dropped", s.Dropped, "store_errors", s.StoreErrors)
}

// Running returns the monitors that this runner runs, each with its newest result or nil before the first one. The
// results may not be stored yet. Running does not block.
func (e *Engine) Running() iter.Seq2[monitor.Monitor, *monitor.Result] {
	return func(yield func(monitor.Monitor, *monitor.Result) bool) {
		for _, en := range *e.scheduler.running.Load() {
			var latest *monitor.Result
			if s := en.state.Load(); s != nil {
				latest = &s.Latest
			}
			if !yield(en.monitor, latest) {
				return
			}
		}
	}
}
