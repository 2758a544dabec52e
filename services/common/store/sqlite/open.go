// Package sqlite stores NanoMon's data in one SQLite file, for an installation on one machine.
//
// One goroutine writes: it commits waiting operations together, so that many small writes share one flush to disk. When
// a method that writes returns without an error, its data is on disk.
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
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var _ store.Store = (*Store)(nil)

// Store is an open database file. [Open] creates it; its methods may be called concurrently.
type Store struct {
	lock, readers, writer *sql.DB

	observe store.Observe
	queries statements
	queue   chan *operation
	changes *hub
	// purgeDue contains a value if there may be detached rows to delete.
	purgeDue chan struct{}

	closing    chan struct{}
	stopPurge  context.CancelFunc
	background sync.WaitGroup // runPurger
	writing    sync.WaitGroup // runWriter
	closed     sync.Once
}

// Config configures a [Store].
type Config struct {
	// Path is the database file. SQLite and the lock use more files next to it, whose names begin with its name.
	Path string
	// Observe is called after every operation; it may be nil.
	Observe store.Observe
}

// maxReaders is the maximum number of connections that read. Each has its own page cache.
const maxReaders = 3

// The sizes of the page caches in KiB; the pragma wants them negative. All together have 4 MiB.
const (
	writerCache = "-1900"
	readerCache = "-700"
)

// Open opens the database. It creates missing files and folders, and migrates an older format to the current one. ctx
// limits only the opening. A file can be open in one Store at a time.
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

// createFile creates the folder, the database file and the lock file if they are missing, and checks that both files
// can be written. Only their owner may read them, because monitors contain secrets.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("can't create the folder: %w", err)
	}
	for _, name := range []string{path + lockSuffix, path} {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("can't write to the file: %w: use a folder that this user may write to", err)
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

// connect returns a pool of connections to a file. It opens the first connection when it is used.
func connect(path string, pragmas ...string) (*sql.DB, error) {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	name := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return sql.Open("sqlite", name.String())
}

// lockSuffix is appended to the path of a database to get the path of its lock file.
const lockSuffix = ".lock"

var errInUse = errors.New("another NanoMon process uses this file: stop it or use another file")

// takeLock locks a database until the result is closed. The lock is an SQLite transaction on the empty lock file: this
// works on every operating system, and the lock ends with the process.
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

// explainOpen adds an explanation to an error that SQLite returned while it opened a file.
func explainOpen(err error) error {
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		switch failure.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB:
			return errNotNanoMon
		case sqlite3.SQLITE_CORRUPT:
			return fmt.Errorf("the file is damaged: restore it from a backup, or move it to another folder to start with an empty database: %w", err)
		}
	}
	return explain(err)
}

var errClosed = fmt.Errorf("%w: the database is closed", monitor.ErrUnavailable)

// Close waits for running operations and closes the file. Later calls return [monitor.ErrUnavailable].
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

// closeFiles closes all files that are open. The lock is the last, because closing the others still writes.
func (s *Store) closeFiles() error {
	var failures []error
	for _, db := range []*sql.DB{s.readers, s.writer, s.lock} {
		if db != nil {
			failures = append(failures, db.Close())
		}
	}
	return errors.Join(failures...)
}

// Now returns the time of this computer.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	return monitor.Date(time.Now()), describe("get the time", ctx.Err())
}

// Ping returns an error if the database does not answer.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.row(ctx, "ping", "SELECT one FROM meta", nil, &one)
}
