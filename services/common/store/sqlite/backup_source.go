package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// copyUnused copies a database that no process uses. It writes nothing beside it, so that this works on a full disk. It
// returns an error if the database is in use, or was while it was copied.
func copyUnused(ctx context.Context, path, target string, progress Progress) (Content, error) {
	before, err := unusedFile(path)
	if err != nil {
		return Content{}, err
	}
	content, err := copyDatabase(ctx, databaseFile{path: path, unused: true}, target, progress)
	if err != nil {
		return content, err
	}
	after, err := unusedFile(path)
	if err == nil && !after.ModTime().Equal(before.ModTime()) {
		err = errInUse
	}
	return content, err
}

// unusedFile returns the file of a database that no process uses. Otherwise it returns an error.
func unusedFile(path string) (os.FileInfo, error) {
	if !missing(path+logSuffix) || !missing(path+"-journal") || !hasFileLocks {
		return nil, errInUse
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if isLocked(f) {
		return nil, errInUse
	}
	return f.Stat()
}

// checkLog returns an error if a process uses the database but its write-ahead log is not beside it: for example, if only
// the file itself is mounted here. A copy would lack the latest changes.
func checkLog(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if isLocked(f) && missing(path+logSuffix) {
		return fmt.Errorf("a NanoMon process uses %s, but its file %s is not in the same folder: "+
			"set DATA_DIR to the folder that NanoMon uses", path, filepath.Base(path)+logSuffix)
	}
	return nil
}
