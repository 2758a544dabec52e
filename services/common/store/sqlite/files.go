package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"nanomon/services/common/monitor"
)

// fileMagic are the first bytes of every SQLite database.
const fileMagic = "SQLite format 3\x00"

// logSuffix is appended to the path of a database to get the path of its write-ahead log.
const logSuffix = "-wal"

// errFileGone means that writes would be lost: they would go to a file that has no name any more.
var errFileGone = &monitor.UnavailableError{
	Detail: "the database file was deleted or replaced",
	Hint:   "stop NanoMon, put the file back or restore a backup, and start NanoMon again",
}

// errLogGone means that the write-ahead log was deleted. The next write creates a new one.
var errLogGone = &monitor.UnavailableError{
	Detail: "the write-ahead log of the database was deleted or replaced",
	Hint:   "do not change files of the database while NanoMon runs",
}

// files are the files of the open database.
type files struct {
	path string
	// data is the database, open for reading. Closing it releases all locks of this process on the file, so it is closed
	// after SQLite has closed the database.
	data *os.File
	// log identifies the write-ahead log that SQLite has open. Only the writer changes it.
	log os.FileInfo
}

func openFiles(path string) (f files, err error) {
	f.path = path
	f.data, err = os.Open(path)
	return f, err
}

func (f *files) close() error {
	if f.data == nil {
		return nil
	}
	return f.data.Close()
}

// check returns an error if the database file has been deleted, replaced or overwritten, or if it can't be examined.
func (f *files) check() error {
	opened, err := f.data.Stat()
	if err != nil {
		return unreadable(err)
	}
	if err := sameFile(f.path, opened, errFileGone); err != nil {
		return err
	}
	start := make([]byte, len(fileMagic))
	if _, err := f.data.ReadAt(start, 0); err != nil || string(start) != fileMagic {
		return &monitor.UnavailableError{Detail: damaged.detail, Hint: damaged.hint, Err: err}
	}
	return nil
}

// checkLog returns an error if the write-ahead log is not the one that SQLite has open.
func (f *files) checkLog() error { return sameFile(f.path+logSuffix, f.log, errLogGone) }

// identifyLog remembers the write-ahead log that SQLite has opened.
func (f *files) identifyLog() (err error) {
	f.log, err = os.Stat(f.path + logSuffix)
	return err
}

// sameFile returns gone if the file at path is not the opened one.
func sameFile(path string, opened os.FileInfo, gone error) error {
	found, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !os.SameFile(opened, found):
		return gone
	case err != nil:
		return unreadable(err)
	}
	return nil
}

func unreadable(err error) error {
	return &monitor.UnavailableError{
		Detail: "the database file can't be examined", Hint: "make the file and its folder readable for NanoMon", Err: err,
	}
}

// verifyFiles returns an error if a write would be lost, because the database file was deleted or replaced. Otherwise
// it renews the log if necessary. Only the writer calls it, outside a transaction.
func (s *Store) verifyFiles(t *tx) error {
	if err := s.files.check(); errors.Is(err, errFileGone) {
		return err
	}
	return s.renewLog(t)
}

// renewLog moves the content of the write-ahead log to the database file and creates a new log, if the log was deleted.
func (s *Store) renewLog(t *tx) error {
	if err := s.files.checkLog(); !errors.Is(err, errLogGone) {
		return nil
	}
	// SQLite deletes and creates a log only while no other connection uses the file.
	s.readers.SetMaxIdleConns(0)
	defer s.readers.SetMaxIdleConns(maxReaders)
	for _, mode := range []string{"DELETE", "WAL"} {
		if err := t.control("PRAGMA journal_mode = " + mode); err != nil {
			return fmt.Errorf("create a new write-ahead log: %w", err)
		}
	}
	if _, err := t.number("SELECT one FROM meta"); err != nil { // creates the log
		return fmt.Errorf("create a new write-ahead log: %w", err)
	}
	return s.files.identifyLog()
}
