//go:build !linux && !darwin

package sqlite

import "errors"

// diskSpace returns an error: only SQLite notices that the disk is full.
func diskSpace(string) (free, size uint64, err error) {
	return 0, 0, errors.ErrUnsupported
}
