package spool

import (
	"errors"
	"fmt"
	"os"
)

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked by another process")

// lockFile opens the file at path, which is made if it isn't there, and locks it until it is closed or the process ends. When
// another holds the lock it waits, or returns errLocked.
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
