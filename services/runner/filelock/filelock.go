// Package filelock locks files, so that only one process uses them. The operating system releases a lock when its
// process ends, also after a crash.
package filelock

import (
	"errors"
	"fmt"
	"os"
)

// ErrLocked means that another process holds the lock of a file.
var ErrLocked = errors.New("locked by another process")

// Lock opens the file at path, creates it if it does not exist, and locks it until it is closed. It waits while another
// process holds the lock.
func Lock(path string) (*os.File, error) { return open(path, true) }

// TryLock is like [Lock], but returns [ErrLocked] if another process holds the lock.
func TryLock(path string) (*os.File, error) { return open(path, false) }

func open(path string, wait bool) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f, wait); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}
