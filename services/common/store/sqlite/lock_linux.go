package sqlite

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const hasFileLocks = true

// lockedByte is the byte of a database that is locked while a process uses it. SQLite stores nothing in the page at
// 0x40000000 and uses its first 512 bytes for its own locks.
const lockedByte = 0x40000000 + 512

// lockOpenFile locks a byte of the file until it is closed. The lock belongs to the open file and not to the process,
// so it does not end when SQLite closes the same file. A file system without such locks leaves the file unlocked.
func lockOpenFile(f *os.File) error {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: lockedByte, Len: 1}
	err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		return errInUse
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS):
		return nil
	}
	return err
}

// isLocked reports whether a process has locked the file with lockOpenFile.
func isLocked(f *os.File) bool {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: lockedByte, Len: 1}
	err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock)
	return err == nil && lock.Type != unix.F_UNLCK
}
