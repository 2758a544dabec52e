//go:build !windows

package quarantine

import (
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// mapping is the content of a file in memory. The kernel writes it to the file, also after the process has ended.
type mapping []byte

func mapFile(file *os.File, length int) (mapping, error) {
	return unix.Mmap(int(file.Fd()), 0, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// write ignores that the file was truncated, which makes the access to its memory panic: without the list, no monitor
// becomes a suspect.
func (m mapping) write(offset int, data []byte) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { _ = recover() }()
	copy(m[offset:], data)
}

func (m mapping) close() error { return unix.Munmap(m) }
