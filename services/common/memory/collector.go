package memory

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// headroom is the number of bytes that the heap may grow by between two garbage collections. With Go's default, which
	// is the size of the live heap, a small heap is collected several times a second, and a large one needs much memory.
	headroom = 48 << 20
	// defaultPercent is Go's default.
	defaultPercent = 100
	// minPercent and maxPercent limit the headroom, in percent of the live heap.
	minPercent, maxPercent = 50, 300
	// minProcs is the minimum of GOMAXPROCS. With 1, Go's default on a machine with one CPU, the collector runs for up to
	// 20 ms before it lets a check start. With 2, the system divides the CPU between them.
	minProcs = 2
	// smallHeap is the size below which the default applies, so that a process with little work stays small.
	smallHeap = 12 << 20
)

// SetUp sets up the garbage collector. It keeps the process below 90 % of the memory limit of its container, unless
// GOMEMLIMIT is set, and chooses how much memory may be allocated between two collections, unless GOGC is set. It also
// lets a collection run beside other work on a machine with one CPU, unless GOMAXPROCS is set.
func SetUp() {
	setLimit()
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < minProcs {
		runtime.GOMAXPROCS(minProcs)
	}
	if os.Getenv("GOGC") == "" {
		adjustPercent(defaultPercent)
	}
}

// adjustPercent changes the percentage from current to that for the live heap, now and after each collection: the
// collector then also finds that the sentinel is unused. The memory limit stays in force.
func adjustPercent(current int) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	percent := percentFor(live[0].Value.Uint64())
	if percent != current {
		debug.SetGCPercent(percent) // This stops the program for a moment.
	}
	type sentinel struct{ _ *byte }
	runtime.AddCleanup(new(sentinel), adjustPercent, percent)
}

// percentFor returns the percentage by which a live heap of this size may grow.
func percentFor(live uint64) int {
	if live < smallHeap {
		return defaultPercent
	}
	return int(min(max(headroom*100/live, minPercent), maxPercent))
}
