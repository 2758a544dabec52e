package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Restore describes a replacement of a database by a backup.
type Restore struct {
	// Path is the database. No process may use it.
	Path string
	// Backup is a file that [Backup] has written, or a copy of a database that was not in use.
	Backup string
	// Progress is called while the backup is copied.
	Progress Progress
	// Confirm is called before the database is replaced, with its absolute path and the content of the backup. If it
	// returns an error, nothing is changed.
	Confirm func(path string, backup Content) error
}

// Run checks the backup and replaces the database by a copy of it. It returns the path at which it has kept the
// previous database, or no path if there was none. If the process is killed, the database is either the previous one or
// the restored one.
func (r Restore) Run(ctx context.Context) (kept string, err error) {
	backup, err := filepath.Abs(r.Backup)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(backup)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a file: use the path of a backup", backup)
	}
	lock, err := lockDatabase(ctx, r.Path)
	if err != nil {
		return "", fmt.Errorf("restore database %s: %w", r.Path, explain(err))
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if current, err := os.Stat(lock.path); err == nil && os.SameFile(info, current) {
		return "", fmt.Errorf("%s is the database itself: use the path of a backup", backup)
	}
	return r.replace(ctx, lock, backup)
}

// replace does the work of Run while the database is locked.
func (r Restore) replace(ctx context.Context, lock *fileLock, backup string) (kept string, err error) {
	folder := filepath.Dir(lock.path)
	if err := removeRemainders(folder); err != nil {
		return "", err
	}
	partial, err := createPartial(folder, partialRestore)
	if err != nil {
		return "", err
	}
	defer removePartial(partial)
	content, err := copyDatabase(ctx, databaseFile{path: backup, unused: true}, partial, r.Progress)
	if errors.Is(err, errDamaged) {
		err = fmt.Errorf("%w: use another backup", err)
	}
	if err != nil {
		return "", fmt.Errorf("can't restore %s: %w", backup, err)
	}
	if err := r.Confirm(lock.path, content); err != nil {
		return "", err
	}
	if err := inheritOwner(ownedLike(lock.path), partial, lock.path+lockSuffix); err != nil {
		return "", err
	}
	if kept, err = keep(ctx, lock.path); err != nil {
		return "", fmt.Errorf("keep the previous database: %w", err)
	}
	if err := os.Rename(partial, lock.path); err != nil {
		return kept, err
	}
	return kept, syncFolder(folder)
}

// ownedLike returns the path whose owner the restored database gets: that of the previous database or, if this is new
// and empty, of its folder.
func ownedLike(path string) string {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return path
	}
	return filepath.Dir(path)
}

// partialRestore is the pattern of the name of an incomplete copy of a backup.
const partialRestore = "restore.*.partial"

// removeRemainders removes the incomplete copies of restores that were killed. No other restore runs in a folder whose
// database is locked.
func removeRemainders(folder string) error {
	names, err := fs.Glob(os.DirFS(folder), partialRestore)
	for _, name := range names {
		removePartial(filepath.Join(folder, name))
	}
	return err
}

// keep gives the database at path a second name with the date, and returns it. It returns no name if the file is empty.
func keep(ctx context.Context, path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() == 0 && missing(path+"-wal") {
		return "", nil
	}
	kept := unusedName(path + "." + time.Now().Format("2006-01-02T15-04-05"))
	err = mergeLog(ctx, path)
	if isDamage(err) {
		// SQLite can't use the file. The log must not stay beside the restored database, because it belongs to this one.
		err = moveLog(path, kept)
	}
	if err != nil {
		return "", explain(err)
	}
	return kept, linkOrMove(path, kept)
}

// unusedName returns a path that no file has: path itself or, after another restore in the same second, path and a number.
func unusedName(path string) string {
	name := path
	for n := 2; !missing(name); n++ {
		name = fmt.Sprintf("%s-%d", path, n)
	}
	return name
}

// mergeLog moves the write-ahead log into the database and removes it, so that the database is a single file.
func mergeLog(ctx context.Context, path string) (err error) {
	db, err := connect(path, "busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var mode string
	return db.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode)
}

// moveLog moves the write-ahead log and the rollback journal to another database name. SQLite recreates the file -shm
// when it needs it.
func moveLog(path, name string) error {
	for _, suffix := range []string{"-wal", "-journal"} {
		if err := os.Rename(path+suffix, name+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// linkOrMove gives a file a second name and keeps the first one, so that a killed process leaves a database. If the
// file system has no hard links, it moves the file.
func linkOrMove(path, name string) error {
	err := os.Link(path, name)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return renameNew(path, name)
	}
	return err
}
