package engine

import (
	"log/slog"
	"os"
)

const (
	// maxConcurrentChecks is the maximum number of checks that run at the same time; further checks wait.
	maxConcurrentChecks = 1024
	// filesPerCheck is the number of descriptors that one check needs at the same time: a name lookup sends two queries,
	// to two name servers if the first one is slow. A connection may be attempted over IPv4 and IPv6.
	filesPerCheck = 4
	// reservedFiles is the number of descriptors that checks leave for the store, notifications and requests.
	reservedFiles = 32
)

// concurrentChecks returns the number of checks that may run at the same time, so that they leave enough of the
// descriptors that this process may open.
func concurrentChecks(log *slog.Logger) int {
	limit, known := openFilesLimit()
	if !known {
		return maxConcurrentChecks
	}
	n := checksWithin(limit, openFiles())
	if n < maxConcurrentChecks {
		log.Info("running fewer checks at the same time because of the limit of open files; raise it with ulimit -n",
			"checks", n, "limit", limit)
	}
	return n
}

// checksWithin returns how many checks may run at the same time if the process may open limit descriptors and has open
// some of them.
func checksWithin(limit uint64, open int) int {
	if limit > 1<<20 {
		return maxConcurrentChecks
	}
	return max(1, min(maxConcurrentChecks, (int(limit)-open-reservedFiles)/filesPerCheck))
}

// openFiles returns the number of descriptors that are open now; 0 if it is unknown.
func openFiles() int {
	files, err := os.ReadDir("/dev/fd")
	if err != nil {
		return 0
	}
	return len(files)
}
