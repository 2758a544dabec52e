package engine

import (
	"container/heap"
	"hash/fnv"
	"time"

	"nanomon/services/common/monitor"
)

const (
	// grid is what due times are rounded up to, so that runs share wake-ups.
	grid = 25 * time.Millisecond
	// firstRunWithin is the time over which the first runs of many monitors are spread.
	firstRunWithin = 30 * time.Second
	// stall is how late a monitor can be found due only if the whole process stood still.
	stall = time.Second
	// fewAtOnce is how many monitors may change in one go and still run at once.
	fewAtOnce = 5
	// fallbackInterval is that of a monitor whose own can't be used.
	fallbackInterval = time.Minute
)

// clock tells the time since the Unix epoch as it was when the clock was made, and from then on by
// the monotonic clock: a step of the wall clock neither stops nor storms what is due by it.
type clock struct{ base time.Time }

func (c clock) now() time.Duration {
	return time.Duration(c.base.UnixNano()) + time.Since(c.base)
}

// timing is a monitor's place in time. It follows from id and interval alone, so that it stays over
// restarts and from runner to runner.
type timing struct {
	hash         uint64
	every, phase time.Duration
}

func timingOf(m monitor.Monitor) timing {
	every := min(m.Every(), monitor.MaxInterval)
	if every < monitor.MinInterval {
		every = fallbackInterval
	}
	hash := hashOf(m.ID)
	return timing{hash: hash, every: every, phase: time.Duration(hash % uint64(every))}
}

// hashOf is FNV-1a with the finalizer of MurmurHash3: alone, FNV spreads ids that were counted up too evenly to
// be taken modulo an interval.
func hashOf(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	x := h.Sum64()
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// at is the first due time not before t.
func (p timing) at(t time.Duration) time.Duration {
	ahead := (p.phase - t) % p.every
	if ahead < 0 {
		ahead += p.every
	}
	return snap(t + ahead)
}

// first is when a monitor runs that is new at now: at once when it is one of few, else spread over its
// interval or 30 s, less a twentieth, so that the starting of the process itself fits in too.
func (p timing) first(now time.Duration, few bool) time.Duration {
	switch {
	case few:
		return now
	case p.every <= firstRunWithin && p.at(now)-now <= p.every*19/20:
		return p.at(now)
	default:
		within := min(p.every, firstRunWithin) * 19 / 20
		return snap(now + time.Duration(p.hash%uint64(within)))
	}
}

// next is the due time that follows due, which may be off the phase: then at least half an interval lies
// between them. Due times up to now are passed over, and missed says how many they were.
func (p timing) next(due, now time.Duration) (next time.Duration, missed int) {
	next = p.at(due + p.every/2)
	if next > now {
		return next, 0
	}
	future := p.at(now + 1)
	return future, int((future - next + p.every/2) / p.every)
}

// resume is when a monitor that was due at due runs after a time in which the process stood still: not all at
// once with the others. Missed says how many runs fell out: the last one too, unless the next stands in for it.
func (p timing) resume(due, now time.Duration) (next time.Duration, missed int) {
	missed = int((now - due) / p.every)
	if p.every <= firstRunWithin {
		missed++
	}
	return p.first(now, false), missed
}

func snap(t time.Duration) time.Duration {
	return (t + grid - 1) / grid * grid
}

// schedule holds the monitors in the order in which they are due; use it by its methods only.
type schedule struct{ entries dueHeap }

func (s *schedule) add(e *entry)    { heap.Push(&s.entries, e) }
func (s *schedule) remove(e *entry) { heap.Remove(&s.entries, e.index) }

// move puts the first entry in its new place after its due time has changed.
func (s *schedule) move() { heap.Fix(&s.entries, 0) }

// first is the entry that is due next, nil when there is none.
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
