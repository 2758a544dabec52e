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
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var _ store.Store = (*Store)(nil)

// Store is an open database file. [Open] creates it; its methods may be called concurrently.
type Store struct {
	lock            *fileLock
	readers, writer *sql.DB

	files   files
	health  *health
	observe store.Observe
	queries statements
	queue   chan *operation
	surplus store.SurplusLog
	damage  store.DamageLog
	changes *hub
	// monitorChanges, stateChanges and pageChanges count the transactions that changed monitors, states, or status pages or
	// their messages. The writer increases them after the commit, before it reports the result.
	monitorChanges, stateChanges, pageChanges atomic.Int64
	// purgeDue contains a value if there may be detached rows to delete.
	purgeDue chan struct{}
	// checkpointDue contains a value if a definition has changed since the last checkpoint.
	checkpointDue chan struct{}
	// sealing is held by the only call of Seal that runs.
	sealing sync.Mutex
	// failedHours holds the hours that could not be sealed. It belongs to the holder of sealing.
	failedHours map[int64]failedHour

	closing        chan struct{}
	stopBackground context.CancelFunc
	background     sync.WaitGroup // runPurger, runCheckpoints
	writing        sync.WaitGroup // runWriter
	closed         sync.Once
}

// Config configures a [Store].
type Config struct {
	// Path is the database file. SQLite and the lock use more files next to it, whose names begin with its name.
	Path string
	// Observe is called after every operation; it may be nil.
	Observe store.Observe
	// Log receives a line when waiting pings are deleted; it may be nil.
	Log *slog.Logger
}

// maxReaders is the maximum number of connections that read. Each has its own page cache.
const maxReaders = 3

// The sizes of the page caches in KiB; the pragma wants them negative. All together have 4 MiB.
const (
	writerCache = "-1900"
	readerCache = "-700"
)

// Open opens the database. It creates missing files and folders, and migrates an older format to the current one. ctx
// limits only the opening. A file can be open in one Store at a time, whichever paths lead to it.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	lock, err := lockDatabase(ctx, c.Path)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", c.Path, explain(err))
	}
	s := &Store{
		lock: lock, observe: c.Observe, health: newHealth(),
		queue: make(chan *operation), changes: newHub(), closing: make(chan struct{}),
		purgeDue: make(chan struct{}, 1), checkpointDue: make(chan struct{}, 1),
		failedHours: make(map[int64]failedHour), surplus: store.SurplusLog{Log: c.Log},
		damage: store.DamageLog{Log: c.Log},
	}
	if err := s.open(ctx, lock.path); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", lock.path, explainOpen(err)), s.closeFiles())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	var err error
	if s.files, err = openFiles(path); err != nil {
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
	if err == nil {
		err = s.files.identifyLog()
	}
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
	background, stop := context.WithCancel(context.Background())
	s.stopBackground = stop
	s.background.Go(func() { s.runPurger(background) })
	s.background.Go(func() { s.runCheckpoints(background) })
	return nil
}

// connect returns a pool of connections to a file. It opens the first connection when it is used.
func connect(path string, pragmas ...string) (*sql.DB, error) {
	return sql.Open("sqlite", fileURL(path, url.Values{
		"_pragma": pragmas,
		"mode":    {"rw"}, // creates no file in place of a deleted one
	}))
}

// fileURL returns the name of a file for SQLite, with options. The path must be absolute.
func fileURL(path string, options url.Values) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	name := url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}
	return name.String()
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
		s.stopBackground()
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

// closeFiles closes all files that are open. The connections are closed before the lock, because closing them writes.
func (s *Store) closeFiles() error {
	var failures []error
	for _, db := range []*sql.DB{s.readers, s.writer} {
		if db != nil {
			failures = append(failures, db.Close())
		}
	}
	failures = append(failures, s.files.close(), s.lock.Close())
	return errors.Join(failures...)
}

// Now returns the time of this computer.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	return monitor.Date(time.Now()), describe("get the time", ctx.Err())
}
