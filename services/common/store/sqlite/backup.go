package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Content describes what a database file contains.
type Content struct {
	// Rows has the number of rows of each table.
	Rows map[string]int
	// Newest is the date of the newest result, zero if there is none.
	Newest time.Time
	// Size is the size of the file in bytes.
	Size int64
}

// Progress is called during a long operation with the step that runs, for example "copying", and the part of it that is
// done, from 0 to 1.
type Progress func(step string, done float64)

// Backup copies the database at path, which may be in use, to a new file. It checks the copy before the file appears
// under its name. All data in it is of one moment. The format of the database stays as it is.
func Backup(ctx context.Context, path, file string, progress Progress) (Content, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return Content{}, fmt.Errorf("there is no database %s: set DATA_DIR to the folder of nanomon.db", path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return Content{}, err
	}
	if path, err = withoutLinks(path); err != nil {
		return Content{}, err
	}
	if err := checkLog(path); err != nil {
		return Content{}, err
	}
	if file, err = newFilePath(file); err != nil {
		return Content{}, err
	}
	partial, err := createPartial(filepath.Dir(file), filepath.Base(file)+".*.partial")
	if err != nil {
		return Content{}, fmt.Errorf("can't create %s: %w: use a folder that this user may write to", file, err)
	}
	defer removePartial(partial)
	content, err := copyUnused(ctx, path, partial, progress)
	if err != nil {
		content, err = copyDatabase(ctx, databaseFile{path: path}, partial, progress)
	}
	if errors.Is(err, errDamaged) {
		err = fmt.Errorf("%w: stop NanoMon, copy its folder, and restore an earlier backup", err)
	}
	if err != nil {
		return Content{}, fmt.Errorf("back up %s to %s: %w", path, file, err)
	}
	return content, publish(partial, file)
}

// newFilePath returns the absolute path of a new file, or an error if no new file can have this path.
func newFilePath(file string) (string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(path)
	isFolder := err == nil && info.IsDir() || strings.HasSuffix(filepath.ToSlash(file), "/")
	switch {
	case isFolder:
		return "", fmt.Errorf("%s is a folder: add the name of the new file", path)
	case err == nil:
		return "", errExists(path)
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return "", fmt.Errorf("the folder %s does not exist: create it, or use another one", filepath.Dir(path))
	}
	return path, nil
}

func errExists(file string) error {
	return fmt.Errorf("%s exists and was not changed: use another name, or remove the file", file)
}

// createPartial creates an empty file that only its owner may read, and returns its path.
func createPartial(folder, pattern string) (string, error) {
	f, err := os.CreateTemp(folder, pattern)
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// removePartial removes a file and what SQLite has left beside it.
func removePartial(path string) {
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		_ = os.Remove(path + suffix)
	}
}

// publish moves a complete file to its final path, unless another file has this path.
func publish(partial, file string) error {
	err := os.Link(partial, file)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = renameNew(partial, file) // the file system has no hard links
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return errExists(file)
	case err != nil:
		return err
	}
	return syncFolder(filepath.Dir(file))
}

func renameNew(partial, file string) error {
	if _, err := os.Lstat(file); err == nil {
		return fs.ErrExist
	}
	return os.Rename(partial, file)
}

// syncFolder makes sure that the names in a folder are on disk. Windows can't do that.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// databaseFile is a database to copy.
type databaseFile struct {
	path string
	// unused reports whether no process has the file open. Then nothing is written beside it.
	unused bool
}

// open returns a pool for reading. A file that may be in use is opened for writing too, because SQLite may have to undo
// an incomplete change of a process that was killed.
func (f databaseFile) open() (*sql.DB, error) {
	options := url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(5000)", "query_only(1)"}}
	if f.unused {
		options.Set("mode", "ro")
		if missing(f.path+"-wal") && missing(f.path+"-journal") {
			options.Set("immutable", "1")
		}
	}
	return sql.Open("sqlite", fileURL(f.path, options))
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// copyDatabase copies a NanoMon database to an empty file and checks the copy. It holds one read transaction, which
// lets other processes write, but lets the write-ahead log grow until the copy is complete.
func copyDatabase(ctx context.Context, source databaseFile, target string, progress Progress) (Content, error) {
	want, err := copyPages(ctx, source, target, progress)
	if err != nil {
		return Content{}, explainCopy(err)
	}
	progress("checking", 0)
	got, err := checkCopy(ctx, target)
	if err == nil && !maps.Equal(got.Rows, want.Rows) {
		err = fmt.Errorf("%w: it has %v rows instead of %v", errDamaged, got.Rows, want.Rows)
	}
	if err != nil {
		return Content{}, explainCopy(err)
	}
	progress("checking", 1)
	return got, nil
}

// copyPages copies the pages of source and returns what source contains.
func copyPages(ctx context.Context, source databaseFile, target string, progress Progress) (content Content, err error) {
	db, err := source.open()
	if err != nil {
		return content, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return content, err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return content, err
	}
	if content, err = contentOf(ctx, conn); err != nil {
		return content, err
	}
	return content, conn.Raw(func(driver any) error {
		backup, err := driver.(interface {
			NewBackup(target string) (*sqlite.Backup, error)
		}).NewBackup(fileURL(target, nil))
		if err != nil {
			return err
		}
		err = runBackup(ctx, backup, progress)
		if finish := backup.Finish(); err == nil { // after a failed step, Finish returns its error again
			err = finish
		}
		return err
	})
}

// stepPages is how many pages are copied between two calls of Progress.
const stepPages = 1024

func runBackup(ctx context.Context, b *sqlite.Backup, progress Progress) error {
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if more, err = b.Step(stepPages); err != nil {
			return err
		}
		progress("copying", 1-float64(b.Remaining())/float64(max(1, b.PageCount())))
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// explainCopy adds an explanation to an error of SQLite.
func explainCopy(err error) error {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return err
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_NOTADB:
		return errNotNanoMon
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", errDamaged, err)
	default:
		// The text is that of the connection, which has no error of its own while another file is written.
		text := strings.Replace(err.Error(), ": not an error", "", 1)
		return fmt.Errorf("%s: %s", text, causeOf(failure.Code()).hint)
	}
}
