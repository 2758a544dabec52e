//go:build !linux

package sqlite

import "os"

// hasFileLocks is false: only Linux has locks that belong to an open file. On other systems the lock file must be
// enough. Windows does not let anyone remove it while it is in use.
const hasFileLocks = false

func lockOpenFile(*os.File) error { return nil }

func isLocked(*os.File) bool { return false }
