package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"nanomon/services/common/monitor"
)

// describe adds the name of the operation to an error and maps it, see explain.
func describe(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, explain(err))
}

// explain maps an error of SQLite to the errors of package monitor. An error that the data of the call did not cause
// becomes a [monitor.UnavailableError], because the same call may succeed later.
func explain(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return monitor.ErrNotFound
	}
	var (
		failure   *sqlite.Error
		explained *monitor.UnavailableError
	)
	if errors.As(err, &explained) || !errors.As(err, &failure) {
		return err
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE:
		return err
	}
	c := causeOf(failure.Code())
	return &monitor.UnavailableError{Detail: c.detail, Hint: c.hint, Err: err}
}

// cause is the explanation of an error code for an operator.
type cause struct{ detail, hint string }

func causeOf(code int) cause {
	if code == sqlite3.SQLITE_IOERR_SHMSIZE {
		code = sqlite3.SQLITE_FULL
	}
	if c, known := causes[code&0xff]; known {
		return c
	}
	return cause{"the database reports an error", "see the log of NanoMon"}
}

// causes maps error codes to their causes.
var causes = map[int]cause{
	sqlite3.SQLITE_FULL:     {"the disk with the database is full", "free disk space"},
	sqlite3.SQLITE_IOERR:    {"the disk with the database fails", "check the disk, its quota and the system log"},
	sqlite3.SQLITE_READONLY: {"the database is read-only", "make the file and its folder writable for NanoMon"},
	sqlite3.SQLITE_CANTOPEN: {"the database can't be opened", "make the file and its folder readable and writable for NanoMon"},
	sqlite3.SQLITE_CORRUPT:  damaged,
	sqlite3.SQLITE_NOTADB:   damaged,
	sqlite3.SQLITE_BUSY:     {"another program uses the database", "stop other programs that use the file"},
	sqlite3.SQLITE_LOCKED:   {"another program uses the database", "stop other programs that use the file"},
	sqlite3.SQLITE_NOMEM:    {"NanoMon has too little memory", "give it more memory"},
}

var damaged = cause{"the database file is damaged", "stop NanoMon and restore the file from a backup"}

// isDamage reports whether err shows that the content of the file is damaged.
func isDamage(err error) bool {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return false
	}
	code := failure.Code() & 0xff
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}
