package memory

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// headroom is the number of bytes that a process allocates between two garbage collections. Go's default is the size
	// of the live heap: a small heap is then collected several times a second, and a large one takes twice its size.
	headroom = 48 << 20
	// minPercent and maxPercent limit the headroom, in percent of the live heap.
	minPercent, maxPercent = 50, 300
	// smallHeap is the size below which Go's default applies, so that a process with little work stays small.
	smallHeap      = 8 << 20
	defaultPercent = 100
)

// SetUp sets up the garbage collector: its memory limit, see [SetLimit], and the memory that may be allocated between
// two collections. GOGC takes precedence.
func SetUp() {
	SetLimit()
	if os.Getenv("GOGC") == "" {
		adjustPercent()
	}
}

// adjustPercent sets the percentage for the next collection, now and after every collection: the collector then also
// finds that the sentinel is unused. The memory limit stays in force.
func adjustPercent() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(percentFor(live[0].Value.Uint64()))
	type sentinel struct{ _ *byte }
	runtime.AddCleanup(new(sentinel), func(struct{}) { adjustPercent() }, struct{}{})
}

// percentFor returns the percentage at which a live heap of this size may grow by headroom.
func percentFor(live uint64) int {
	if live < smallHeap {
		return defaultPercent
	}
	return int(min(max(headroom*100/live, minPercent), maxPercent))
}
