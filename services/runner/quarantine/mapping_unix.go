//go:build !windows

package quarantine

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapping is the content of a file in memory. The kernel writes it to the file, also after the process has ended.
type mapping []byte

func mapFile(file *os.File, length int) (mapping, error) {
	return unix.Mmap(int(file.Fd()), 0, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func (m mapping) write(offset int, data []byte) { copy(m[offset:], data) }

func (m mapping) close() error { return unix.Munmap(m) }
