package sqlite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"nanomon/services/common/monitor"
)

// testInterval is the minimum time between two test writes.
const testInterval = time.Second

// maxCommitTime is the maximum duration of one commit of the writer on a disk that works.
const maxCommitTime = 10 * time.Second

// errHangs means that the writer waits for the disk.
var errHangs = &monitor.UnavailableError{
	Detail: "the disk with the database does not respond", Hint: "check the disk and the system log",
}

// testOperation is the name of a test write.
const testOperation = "test write"

// openOperation is the name for opening a connection, which any read may need. A read that failed because of it may never
// be made again, so Ping tests it.
const openOperation = "open a connection"

// health remembers which operations fail for a reason that lies in the database or its disk. It is safe for concurrent
// use.
type health struct {
	mu sync.Mutex
	// reads and writes hold the last error of each operation that fails, by its name.
	reads, writes map[string]error
	// damage is the first error that showed damage. It stays, because a damaged file is replaced while NanoMon is stopped.
	damage error
	// tested is the time of the last test write.
	tested time.Time
	// committing is the time at which the current commit of the writer began; zero if there is none.
	committing time.Time
}

func newHealth() *health {
	return &health{reads: make(map[string]error), writes: make(map[string]error)}
}

func (h *health) recordRead(operation string, err error) {
	var failure *sqlite.Error
	if errors.As(err, &failure) && failure.Code()&0xff == sqlite3.SQLITE_CANTOPEN {
		operation = openOperation
	}
	h.record(h.reads, operation, err)
}

// cannotOpen reports whether the last attempt to open a connection failed.
func (h *health) cannotOpen() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reads[openOperation] != nil
}

func (h *health) recordWrite(operation string, err error) { h.record(h.writes, operation, err) }

// record records the outcome of an operation. A success ends the failure of the same operation only: a small write may
// succeed on a full disk.
func (h *health) record(failing map[string]error, operation string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var unavailable *monitor.UnavailableError
	err = explain(err)
	switch {
	case err == nil:
		delete(failing, operation)
	case isDamage(err) && h.damage == nil:
		h.damage = err
	case errors.As(err, &unavailable):
		failing[operation] = err
	}
}

// testDue reports whether it is time for a test write, which tells whether writes succeed again. If it returns true,
// the caller makes the write.
func (h *health) testDue(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.writes) == 0 || now.Sub(h.tested) < testInterval {
		return false
	}
	h.tested = now
	return true
}

// clearWrites forgets the failed writes.
func (h *health) clearWrites() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.writes)
}

// setCommitting sets the time at which a commit began; zero when it has ended.
func (h *health) setCommitting(began time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.committing = began
}

// problem returns what is wrong at the given time; nil if nothing is. While nothing changes, it returns the same error.
func (h *health) problem(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.damage != nil:
		return h.damage
	case !h.committing.IsZero() && now.Sub(h.committing) > maxCommitTime:
		return errHangs
	}
	for _, failing := range []map[string]error{h.writes, h.reads} {
		for _, operation := range slices.Sorted(maps.Keys(failing)) {
			return fmt.Errorf("%s: %w", operation, failing[operation])
		}
	}
	return nil
}

// Ping returns an error if the database can't be read, if its file was deleted, replaced or damaged, or if a write
// hangs or failed and none has succeeded since. While writes fail, it tries one, at most once a second.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.ping(ctx); err != nil {
		return fmt.Errorf("database %s: %w", s.files.path, err)
	}
	return nil
}

func (s *Store) ping(ctx context.Context) error {
	readError := s.row(ctx, "ping", "SELECT one FROM meta", nil, new(int))
	if errors.Is(readError, errClosed) {
		return readError
	}
	if err := s.files.check(); err != nil {
		return err
	}
	if readError != nil {
		return readError
	}
	if s.health.cannotOpen() {
		s.health.recordRead(openOperation, s.testOpen(ctx))
	}
	if s.health.testDue(time.Now()) {
		s.testWrite(ctx)
	}
	return s.health.problem(time.Now())
}

// testOpen opens a connection of its own and reads.
func (s *Store) testOpen(ctx context.Context) error {
	db, err := connect(s.files.path, "busy_timeout(5000)", "query_only(1)")
	if err != nil {
		return err
	}
	err = db.QueryRowContext(ctx, "SELECT one FROM meta").Scan(new(int))
	return errors.Join(err, db.Close())
}

// testWrite writes and deletes as much data as a large batch of results needs. If that succeeds, all writes should.
func (s *Store) testWrite(ctx context.Context) {
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS test_write AS SELECT zeroblob(262144) AS space", "DROP TABLE IF EXISTS test_write",
	} {
		if err := s.write(ctx, testOperation, func(t *tx) error { return t.control(statement) }); err != nil {
			return
		}
	}
	s.health.clearWrites()
}
