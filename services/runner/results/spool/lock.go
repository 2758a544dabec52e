package spool

import (
	"errors"
	"fmt"
	"os"
)

// ErrLocked means that another process holds the lock of a file.
var ErrLocked = errors.New("locked by another process")

// lockFile opens the file at path, creates it if necessary, and locks it until it is closed or the process ends. If
// another process holds the lock, lockFile waits for it or returns ErrLocked.
func lockFile(path string, wait bool) (*os.File, error) {
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

// LockFile opens the file at path, creates it if necessary, and locks it until it is closed or the process ends. It
// returns [ErrLocked] if another process holds the lock.
func LockFile(path string) (*os.File, error) { return lockFile(path, false) }
