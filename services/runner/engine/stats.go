package engine

import (
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
)

// Stats are counts since the engine was started.
type Stats struct {
	// Monitors is how many this runner has.
	Monitors int
	// Runs are the runs that gave a result, by its status.
	Runs [3]int64
	// Skipped are the runs that didn't begin: the monitor was still running, or the process stood still.
	Skipped int64
	// Queued is how many results wait to be written.
	Queued int
	// Dropped are the results that were lost.
	Dropped int64
	// StoreErrors are the failed operations on the store.
	StoreErrors int64
}

// stats is what Stats is made of. It is safe for concurrent use.
type stats struct {
	dropped, storeErrors atomic.Int64

	mu      sync.Mutex
	runs    [3]int64
	skipped int64
}

func (s *stats) ran(status monitor.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[status]++
}

func (s *stats) skip(n int) {
	if n == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipped += int64(n)
}

// Stats tells what the engine has done so far.
func (e *Engine) Stats() Stats {
	queued := e.writer.waiting()
	s := &e.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Monitors: len(*e.running.Load()),
		Runs:     s.runs, Skipped: s.skipped,
		Queued: queued, Dropped: s.dropped.Load(), StoreErrors: s.storeErrors.Load(),
	}
}

func (e *Engine) logStop(after time.Duration) {
	s := e.Stats()
	e.log.Info("runner stopped", "after", after.Round(time.Second), "monitors", s.Monitors,
		"ok", s.Runs[monitor.StatusOK], "error", s.Runs[monitor.StatusError], "failed", s.Runs[monitor.StatusFailed],
		"skipped", s.Skipped, "lost", s.Dropped, "storeErrors", s.StoreErrors)
}

// Running gives the monitors that this runner runs, each with its newest result, nil before the first. They are told without
// waiting for anything, and as far as they aren't stored yet too.
func (e *Engine) Running() iter.Seq2[monitor.Monitor, *monitor.Result] {
	return func(yield func(monitor.Monitor, *monitor.Result) bool) {
		for _, en := range *e.running.Load() {
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
