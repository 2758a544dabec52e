package engine

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
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
	// Late50, Late99 and LateMax are how late runs began, in milliseconds: the median, the 99th
	// percentile and the most.
	Late50, Late99, LateMax float64
}

// stats is what Stats is made of. It is safe for concurrent use.
type stats struct {
	dropped, storeErrors atomic.Int64

	mu      sync.Mutex
	runs    [3]int64
	skipped int64
	late    *rollup.Summary
}

func (s *stats) init() { s.late = rollup.New() }

func (s *stats) ran(status monitor.Status, late time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs[status]++
	s.late.Add(monitor.StatusOK, float64(late)/float64(time.Millisecond))
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
	late50, _ := s.late.Quantile(0.5)
	late99, _ := s.late.Quantile(0.99)
	return Stats{
		Monitors: int(e.monitors.Load()),
		Runs:     s.runs, Skipped: s.skipped,
		Queued: queued, Dropped: s.dropped.Load(), StoreErrors: s.storeErrors.Load(),
		Late50: late50, Late99: late99, LateMax: s.late.Max,
	}
}

func (e *Engine) logStop(after time.Duration) {
	s := e.Stats()
	e.log.Info("runner stopped", "after", after.Round(time.Second), "monitors", s.Monitors,
		"ok", s.Runs[monitor.StatusOK], "error", s.Runs[monitor.StatusError], "failed", s.Runs[monitor.StatusFailed],
		"skipped", s.Skipped, "lost", s.Dropped, "storeErrors", s.StoreErrors,
		"late50ms", hundredths(s.Late50), "late99ms", hundredths(s.Late99), "lateMaxMs", hundredths(s.LateMax))
}

func hundredths(x float64) float64 { return math.Round(x*100) / 100 }
