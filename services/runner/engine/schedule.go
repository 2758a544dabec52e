package engine

import (
	"container/heap"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/runner/cluster"
)

const (
	// grid is the step to which due times are rounded up, so that several checks share one wake-up.
	grid = 25 * time.Millisecond
	// startSpread is the time over which the first checks of many monitors are spread.
	startSpread = 30 * time.Second
	// suspendThreshold is the delay from which on the engine assumes that the whole process was suspended.
	suspendThreshold = time.Second
	// maxImmediateChecks is the maximum number of monitors in one change that are checked immediately.
	maxImmediateChecks = 5
	// fallbackInterval replaces an invalid interval.
	fallbackInterval = time.Minute
)

// clock returns the time since the Unix epoch. It reads the wall clock once and then uses the monotonic clock: if the
// wall clock is set forward or back, checks neither stop nor run all at once.
type clock struct{ base time.Time }

func (c clock) now() time.Duration {
	return time.Duration(c.base.UnixNano()) + time.Since(c.base)
}

// timing determines the due times of a monitor: phase plus a multiple of interval. It is computed from the id and the
// interval alone, so a monitor keeps its due times after a restart and on another runner.
type timing struct {
	hash            uint64
	interval, phase time.Duration
}

func timingOf(m monitor.Monitor) timing {
	interval := min(m.Every(), monitor.MaxInterval)
	if interval < monitor.MinInterval {
		interval = fallbackInterval
	}
	hash := cluster.Hash(m.ID)
	return timing{hash: hash, interval: interval, phase: time.Duration(hash % uint64(interval))}
}

// dueFrom returns the first due time at or after t.
func (p timing) dueFrom(t time.Duration) time.Duration {
	ahead := (p.phase - t) % p.interval
	if ahead < 0 {
		ahead += p.interval
	}
	return roundUp(t + ahead)
}

// firstDue returns the first due time of a monitor that starts at now. If immediate is false, first checks are spread
// over the shorter of interval and startSpread, less 5 %, so that the first round is complete within that time of the
// process start.
func (p timing) firstDue(now time.Duration, immediate bool) time.Duration {
	switch {
	case immediate:
		return now
	case p.interval <= startSpread && p.dueFrom(now)-now <= p.interval*19/20:
		return p.dueFrom(now)
	default:
		spread := min(p.interval, startSpread) * 19 / 20
		return roundUp(now + time.Duration(p.hash%uint64(spread)))
	}
}

// nextDue returns the due time that follows due. If due is off the phase, the next due time is at least half an
// interval later. Due times up to now are skipped; missed counts them.
func (p timing) nextDue(due, now time.Duration) (next time.Duration, missed int) {
	next = p.dueFrom(due + p.interval/2)
	if next > now {
		return next, 0
	}
	future := p.dueFrom(now + 1)
	return future, int((future - next + p.interval/2) / p.interval)
}

// dueAfterSuspend returns the next due time of a monitor whose last due time, due, was during a suspension of the
// process. The checks of all monitors are spread again. missed counts the skipped checks, including the last one unless
// the next one replaces it.
func (p timing) dueAfterSuspend(due, now time.Duration) (next time.Duration, missed int) {
	missed = int((now - due) / p.interval)
	if p.interval <= startSpread {
		missed++
	}
	return p.firstDue(now, false), missed
}

func roundUp(t time.Duration) time.Duration {
	return (t + grid - 1) / grid * grid
}

// schedule orders entries by due time.
type schedule struct{ entries dueHeap }

func (s *schedule) add(e *entry)    { heap.Push(&s.entries, e) }
func (s *schedule) remove(e *entry) { heap.Remove(&s.entries, e.index) }

// reorderFirst moves the first entry to its new position after a change of its due time.
func (s *schedule) reorderFirst() { heap.Fix(&s.entries, 0) }

// reorder moves an entry to its new position after a change of its due time.
func (s *schedule) reorder(e *entry) { heap.Fix(&s.entries, e.index) }

// first returns the entry that is due next, or nil if there is none.
func (s *schedule) first() *entry {
	if len(s.entries) == 0 {
		return nil
	}
	return s.entries[0]
}

type dueHeap []*entry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due < h[j].due }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *dueHeap) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
