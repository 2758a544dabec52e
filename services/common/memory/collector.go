package memory

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// headroom is the number of bytes that a medium-sized heap may grow by between two garbage collections. With Go's
	// default, which is the size of the live heap, it is collected several times a second.
	headroom = 48 << 20
	// defaultPercent is Go's default. It also applies to a heap that is larger than headroom.
	defaultPercent = 100
	// maxPercent limits the headroom, in percent of the live heap.
	maxPercent = 300
	// smallHeap is the size below which the default applies, so that a process with little work stays small.
	smallHeap = 12 << 20
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

// percentFor returns the percentage by which a live heap of this size may grow.
func percentFor(live uint64) int {
	if live < smallHeap {
		return defaultPercent
	}
	return int(min(max(headroom*100/live, defaultPercent), maxPercent))
}
