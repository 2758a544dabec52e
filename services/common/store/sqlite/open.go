// Package sqlite keeps NanoMon's data in one SQLite file, for an installation on one machine.
//
// One goroutine writes: it takes the operations that wait and commits them together, so that many
// small writes share one flush to disk. What a method has returned without an error for is on disk.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var _ store.Store = (*Store)(nil)

// Store is an open database file. Make one with [Open]; its methods may be called concurrently.
type Store struct {
	lock, readers, writer *sql.DB

	observe store.Observe
	queries statements
	queue   chan *operation
	changes *hub
	// purgeDue holds a value when there may be detached rows to remove.
	purgeDue chan struct{}

	closing    chan struct{}
	stopPurge  context.CancelFunc
	background sync.WaitGroup // the purger
	writing    sync.WaitGroup // the writer
	closed     sync.Once
}

// Config says where the database is.
type Config struct {
	// Path is that of its file; beside it there are files whose names begin with its name.
	Path string
	// Observe is told of every operation; it may be nil.
	Observe store.Observe
}

// maxReaders bounds the connections that read; each has a page cache of its own.
const maxReaders = 3

// The page caches, in KiB as the pragma takes them (negative), sum up to 4 MiB.
const (
	writerCache = "-1900"
	readerCache = "-700"
)

// Open opens the database; it creates the file and its folder where they are missing, and
// brings an older format up to date. ctx bounds the opening alone. Only one Store at a time can have a file open.
func Open(ctx context.Context, c Config) (*Store, error) {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", c.Path, err)
	}
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s := &Store{
		observe: c.Observe,
		queue:   make(chan *operation), changes: newHub(), purgeDue: make(chan struct{}, 1), closing: make(chan struct{}),
	}
	if err := s.open(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, explainOpen(err)), s.closeFiles())
	}
	return s, nil
}

// createFile makes sure that the file and those beside it can be written, and that it is readable by its owner
// alone: it holds the secrets of monitors.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("can't create the folder: %w", err)
	}
	for _, name := range []string{path + lockSuffix, path} {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("can't write there: %w", err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) open(ctx context.Context, path string) error {
	var err error
	if s.lock, err = takeLock(ctx, path); err != nil {
		return err
	}
	if s.writer, err = connect(path, "busy_timeout(5000)"); err != nil {
		return err
	}
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	t, err := prepareFile(ctx, conn)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	s.readers, err = connect(path, "busy_timeout(5000)", "cache_size("+readerCache+")", "query_only(1)")
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	s.readers.SetMaxOpenConns(maxReaders)
	s.readers.SetMaxIdleConns(maxReaders)
	s.queries.prepare = s.readers.PrepareContext

	s.writing.Go(func() { s.runWriter(t) })
	purging, stop := context.WithCancel(context.Background())
	s.stopPurge = stop
	s.background.Go(func() { s.runPurger(purging) })
	return nil
}

// connect makes a pool of connections to a file; it connects when it is first used.
func connect(path string, pragmas ...string) (*sql.DB, error) {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	name := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return sql.Open("sqlite", name.String())
}

// lockSuffix is appended to a database's path for the file whose lock says that it is in use.
const lockSuffix = ".lock"

var errInUse = errors.New("another NanoMon is using this file; stop it, or use another file")

// takeLock takes the lock of a database for as long as the result is open. The lock is that of an SQLite
// transaction on an empty file: it works on every system, and it goes when the process does.
func takeLock(ctx context.Context, path string) (*sql.DB, error) {
	lock, err := connect(path+lockSuffix, "busy_timeout(500)")
	if err != nil {
		return nil, err
	}
	lock.SetMaxOpenConns(1)
	_, err = lock.ExecContext(ctx, "BEGIN EXCLUSIVE")
	var failure *sqlite.Error
	if errors.As(err, &failure) && failure.Code()&0xff == sqlite3.SQLITE_BUSY {
		err = errInUse
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// explainOpen says in words what is wrong with a file.
func explainOpen(err error) error {
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		switch failure.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB:
			return errForeign
		case sqlite3.SQLITE_CORRUPT:
			return fmt.Errorf("the file is damaged; restore it from a backup, or move it away to start anew: %w", err)
		}
	}
	return explain(err)
}

var errClosed = fmt.Errorf("%w: it is closed", monitor.ErrUnavailable)

// Close waits for the operations under way, writes all to the file and gives it free. Calls that
// come later fail.
func (s *Store) Close() error {
	err := error(nil)
	s.closed.Do(func() {
		s.stopPurge()
		s.background.Wait()
		close(s.closing)
		s.writing.Wait()
		s.changes.close()
		err = s.closeFiles()
	})
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// closeFiles closes what is open, the lock last.
func (s *Store) closeFiles() error {
	var failures []error
	for _, db := range []*sql.DB{s.readers, s.writer, s.lock} {
		if db != nil {
			failures = append(failures, db.Close())
		}
	}
	return errors.Join(failures...)
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.row(ctx, "ping", "SELECT one FROM meta", nil, &one)
}
