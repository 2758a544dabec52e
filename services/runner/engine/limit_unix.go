//go:build !windows

package engine

import "golang.org/x/sys/unix"

// openFilesLimit returns the number of descriptors that this process may open, and whether it is known. Go has raised
// the soft limit to the hard one.
func openFilesLimit() (uint64, bool) {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	return uint64(limit.Cur), err == nil
}
