package sqlite

import (
	"fmt"
	"path/filepath"

	"nanomon/services/common/monitor"
)

const (
	// spareSpace is the disk space that sealing leaves to storing, in bytes. On a small disk it is a part of the disk.
	spareSpace = 64 << 20
	sparePart  = 4
)

// checkSpace returns an error if the disk with the database has too little space left for sealing, which needs space
// before it saves some.
func (s *Store) checkSpace() error {
	free, size, err := diskSpace(filepath.Dir(s.files.path))
	spare := min(spareSpace, size/sparePart)
	if err != nil || free >= spare { // SQLite reports a disk that fails.
		return nil
	}
	return &monitor.UnavailableError{
		Detail: fmt.Sprintf("the disk with the database has only %d MB left, and sealing needs %d MB", free>>20, spare>>20),
		Hint:   "free disk space; until then results are stored but take more space",
	}
}
