package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// lockSuffix is appended to the path of a database to get the path of its lock file.
const lockSuffix = ".lock"

var errInUse = errors.New("another NanoMon process uses this file: stop it or use another file")

// fileLock holds the locks of a database file. They end with the process at the latest.
type fileLock struct {
	// path is the absolute path of the database, without symbolic links.
	path string
	// beside holds the lock on the lock file.
	beside *sql.DB
	// file is the database, opened and locked; nil if the operating system can lock only the lock file.
	file *os.File
}

// lockDatabase locks a database, and creates its folder, its file and its lock file if they are missing. Only their
// owner may read the files, because monitors contain secrets. There are two locks: one on the lock file, which works on
// every operating system and finds another process by the path; and, on Linux, one on the database itself, which also
// finds it if it has opened the file by a hard link or a mount, or if somebody has removed the lock file.
func lockDatabase(ctx context.Context, path string) (*fileLock, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("can't create the folder: %w", err)
	}
	if path, err = withoutLinks(path); err != nil {
		return nil, err
	}
	l := &fileLock{path: path}
	if l.beside, err = lockBeside(ctx, path+lockSuffix); err != nil {
		return nil, err
	}
	if err := l.lockFile(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// withoutLinks resolves the symbolic links in a path whose folder exists.
func withoutLinks(path string) (string, error) {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved, nil
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(folder, filepath.Base(path)), err
}

// lockBeside locks a lock file until the result is closed. The lock is an SQLite transaction on this empty file.
func lockBeside(ctx context.Context, path string) (*sql.DB, error) {
	f, err := openOrCreate(path)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	lock, err := connect(path, "busy_timeout(500)")
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

// lockFile creates the database if it is missing, and locks it. The file that was opened may have been replaced before
// it was locked.
func (l *fileLock) lockFile() error {
	f, err := openOrCreate(l.path)
	if err != nil {
		return err
	}
	if !hasFileLocks {
		return f.Close()
	}
	l.file = f
	if err := lockOpenFile(f); err != nil {
		return err
	}
	locked, err := f.Stat()
	if err != nil {
		return err
	}
	if current, err := os.Stat(l.path); err != nil || !os.SameFile(locked, current) {
		return errInUse
	}
	return nil
}

func openOrCreate(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("can't write to the file: %w: use a folder that this user may write to", err)
	}
	return f, nil
}

// Close releases the locks. SQLite must have closed the database before, because closing the file also releases the
// locks of SQLite on it.
func (l *fileLock) Close() error {
	var err error
	if l.file != nil {
		err = l.file.Close()
	}
	return errors.Join(err, l.beside.Close())
}
