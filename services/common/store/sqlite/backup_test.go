package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/fulldisk"
)

func quiet(string, float64) {}

// TestBackupWhileWriting writes without a pause during backups. Each backup must be of one moment: it has whole
// batches, and all results that were acknowledged before it began.
func TestBackupWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	s := openAt(t, path)
	if err := s.CreateMonitor(t.Context(), monitor.Monitor{ID: sampleMonitors(1)[0], Name: "Shop"}); err != nil {
		t.Fatal(err)
	}
	written := make(chan int)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := 0; ; n++ {
			if err := s.AppendBatch(context.Background(), store.Batch{Results: crashResults(n)}); err != nil {
				t.Error(err)
			}
			select {
			case written <- (n + 1) * crashBatch:
			case <-stop:
				return
			default:
			}
		}
	})
	for i := range 5 {
		before := <-written
		file := filepath.Join(t.TempDir(), fmt.Sprint(i))
		content, err := Backup(t.Context(), path, file, quiet)
		if err != nil {
			t.Fatal(err)
		}
		rows := content.Rows["results"]
		if rows < before || rows%crashBatch != 0 || content.Rows["monitors"] != 1 {
			t.Errorf("the backup has %v, want at least %d results in whole batches and a monitor", content.Rows, before)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() != content.Size {
			t.Errorf("the file is %v, error %v", info, err)
		}
		wantFiles(t, filepath.Dir(file), fmt.Sprint(i))
		if list, err := openAt(t, file).Results(t.Context(), store.ResultFilter{Limit: 1000000}); err != nil || len(list) != rows {
			t.Errorf("%d results in the backup, error %v; want %d", len(list), err, rows)
		}
	}
	close(stop)
	writing.Wait()
}

// wantFiles fails the test unless a folder has exactly the files.
func wantFiles(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if got, want := strings.Join(names, " "), strings.Join(want, " "); got != want {
		t.Errorf("the folder has the files %s, want %s", got, want)
	}
}

// closedFile returns the path of a database with a monitor that is not in use.
func closedFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nanomon.db")
	s := openAt(t, path)
	if err := s.CreateMonitor(t.Context(), monitor.Monitor{ID: monitor.NewID(start), Name: name}); err != nil {
		t.Fatal(err)
	}
	must(t, "", s.Close())
	return path
}

// oldFile returns a database of format 1.
func oldFile(t *testing.T) string {
	t.Helper()
	return fileWith(t, migrations[0], "PRAGMA user_version = 1")
}

func TestBackupOfOlderFormatKeepsIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "backup.db")
	if _, err := Backup(t.Context(), oldFile(t), file, quiet); err != nil {
		t.Fatal(err)
	}
	db, err := connect(file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var version int
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != 1 {
		t.Errorf("the backup has format %d, error %v; want 1", version, err)
	}
}

func TestBackupToRelativePath(t *testing.T) {
	path := closedFile(t, "Shop")
	t.Chdir(t.TempDir())
	content, err := Backup(t.Context(), path, "backup.db", quiet)
	if err != nil || content.Size == 0 {
		t.Fatalf("content %v, error %v", content, err)
	}
	wantFiles(t, ".", "backup.db")
	if _, err := restore(t, filepath.Join("data", "nanomon.db"), "backup.db"); err != nil {
		t.Fatal(err)
	}
	wantMonitor(t, filepath.Join("data", "nanomon.db"), "Shop")
}

// damage overwrites the page that begins at 4096 bytes times page.
func damage(t *testing.T, path string, page int64) string {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt([]byte(strings.Repeat("x", 4096)), 4096*page)
	}
	return must(t, path, errors.Join(err, f.Close()))
}

func TestBackupErrors(t *testing.T) {
	existing := writeFile(t, filepath.Join(t.TempDir(), "existing"), []byte("before"))
	for name, c := range map[string]struct{ path, file, want string }{
		"no database":         {filepath.Join(t.TempDir(), "nanomon.db"), "", "there is no database"},
		"folder":              {closedFile(t, ""), t.TempDir(), "is a folder: add the name of the new file"},
		"missing folder":      {closedFile(t, ""), filepath.Join(t.TempDir(), "x", "y"), "does not exist: create it"},
		"name of a folder":    {closedFile(t, ""), filepath.Join(t.TempDir(), "x") + "/", "is a folder: add the name"},
		"existing file":       {closedFile(t, ""), existing, "exists and was not changed"},
		"damaged database":    {damage(t, closedFile(t, ""), 3), "", "the database is damaged"},
		"unreadable database": {damage(t, closedFile(t, ""), 0), "", "not a NanoMon database"},
		"other program":       {fileWith(t, "CREATE TABLE monitors (id INTEGER)"), "", "not a NanoMon database"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if c.file == "" {
				c.file = filepath.Join(folder, "backup.db")
			}
			if _, err := Backup(t.Context(), c.path, c.file, quiet); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that contains %q", err, c.want)
			}
			wantFiles(t, folder)
		})
	}
	if content, err := os.ReadFile(existing); err != nil || string(content) != "before" {
		t.Errorf("the existing file has %q, error %v", content, err)
	}
}

// changed returns a closed database after a statement.
func changed(t *testing.T, statement string) string {
	t.Helper()
	path := closedFile(t, "")
	changeFile(t, path, statement)
	return path
}

func TestBackupToFullDisk(t *testing.T) {
	disk := fulldisk.Mount(t)
	disk.Fill(t)
	_, err := Backup(t.Context(), closedFile(t, ""), filepath.Join(disk.Dir, "backup.db"), quiet)
	if want := ": database or disk is full (13): free disk space"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v, want one that ends with %q", err, want)
	}
}

// TestBackupFromFullDisk makes a backup to another disk while NanoMon is stopped.
func TestBackupFromFullDisk(t *testing.T) {
	disk := fulldisk.Mount(t)
	path := filepath.Join(disk.Dir, "nanomon.db")
	copyFile(t, closedFile(t, "Shop"), path)
	disk.Fill(t)
	file := filepath.Join(t.TempDir(), "backup.db")
	if _, err := Backup(t.Context(), path, file, quiet); err != nil {
		t.Fatal(err)
	}
	wantMonitor(t, file, "Shop")
}

func TestBackupOfRunningDatabaseByLink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	openAt(t, path)
	link := filepath.Join(t.TempDir(), "nanomon.db")
	must(t, "", os.Symlink(path, link))
	if _, err := Backup(t.Context(), link, filepath.Join(t.TempDir(), "backup.db"), quiet); err != nil {
		t.Error(err)
	}
}

// TestBackupOfRunningDatabaseByAnotherName makes a backup of a file without its write-ahead log, as if only this file was
// mounted into a container.
func TestBackupOfRunningDatabaseByAnotherName(t *testing.T) {
	if !hasFileLocks {
		t.Skip("another process can't be found by the file on this operating system")
	}
	path := filepath.Join(t.TempDir(), "nanomon.db")
	openAt(t, path)
	name := filepath.Join(t.TempDir(), "nanomon.db")
	must(t, "", os.Link(path, name))
	_, err := Backup(t.Context(), name, filepath.Join(t.TempDir(), "backup.db"), quiet)
	if err == nil || !strings.Contains(err.Error(), "set DATA_DIR to the folder that NanoMon uses") {
		t.Errorf("error %v", err)
	}
}

func TestCancelledBackupLeavesNoFile(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	folder := t.TempDir()
	_, err := Backup(ctx, closedFile(t, ""), filepath.Join(folder, "backup.db"), func(string, float64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	wantFiles(t, folder)
}

// restore restores backup to path.
func restore(t *testing.T, path, backup string) (kept string, err error) {
	t.Helper()
	return Restore{Path: path, Backup: backup, Progress: quiet, Confirm: func(string, Content) error { return nil }}.Run(t.Context())
}

func wantMonitor(t *testing.T, path, want string) {
	t.Helper()
	s := openAt(t, path)
	list, err := s.Monitors(t.Context())
	if err != nil || len(list) != 1 || list[0].Name != want {
		t.Errorf("%s has the monitors %v, error %v; want %s", path, list, err, want)
	}
	must(t, "", s.Close())
}

func TestRestoreKeepsPreviousDatabase(t *testing.T) {
	path, backup := closedFile(t, "previous"), closedFile(t, "backup")
	kept, err := restore(t, path, backup)
	if err != nil {
		t.Fatal(err)
	}
	wantFiles(t, filepath.Dir(path), filepath.Base(path), filepath.Base(kept), "nanomon.db.lock")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database is %v, error %v", info, err)
	}
	wantMonitor(t, path, "backup")
	wantMonitor(t, kept, "previous")
	wantMonitor(t, backup, "backup")
}

// TestRestoreKeepsLogOfPreviousDatabase restores after a crash, when everything is in the write-ahead log.
func TestRestoreKeepsLogOfPreviousDatabase(t *testing.T) {
	running := filepath.Join(t.TempDir(), "nanomon.db")
	s := openAt(t, running)
	if err := s.CreateMonitor(t.Context(), monitor.Monitor{ID: monitor.NewID(start), Name: "previous"}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "nanomon.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(running + suffix)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, path+suffix, content)
	}
	kept, err := restore(t, path, closedFile(t, "backup"))
	if err != nil {
		t.Fatal(err)
	}
	wantMonitor(t, path, "backup")
	wantMonitor(t, kept, "previous")
}

func TestRestoreReplacesDamagedDatabase(t *testing.T) {
	path := damage(t, closedFile(t, "previous"), 0)
	writeFile(t, path+"-wal", []byte("a log of the damaged file"))
	kept, err := restore(t, path, closedFile(t, "backup"))
	if err != nil {
		t.Fatal(err)
	}
	wantFiles(t, filepath.Dir(path), "nanomon.db", filepath.Base(kept), "nanomon.db.lock")
	wantMonitor(t, path, "backup")
}

func TestRestoresInOneSecondKeepAllDatabases(t *testing.T) {
	path, kept := closedFile(t, "first"), make(map[string]bool)
	for range 5 {
		name, err := restore(t, path, closedFile(t, "backup"))
		if err != nil {
			t.Fatal(err)
		}
		kept[name] = true
	}
	if len(kept) != 5 {
		t.Errorf("kept %v", kept)
	}
	for name := range kept {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

func TestRestoreWithoutPreviousDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "nanomon.db")
	if kept, err := restore(t, path, closedFile(t, "backup")); err != nil || kept != "" {
		t.Fatalf("kept %q, error %v", kept, err)
	}
	wantFiles(t, filepath.Dir(path), "nanomon.db", "nanomon.db.lock")
	wantMonitor(t, path, "backup")
}

func TestRestoreRemovesRemaindersOfKilledRestore(t *testing.T) {
	path := closedFile(t, "previous")
	writeFile(t, filepath.Join(filepath.Dir(path), "restore.123.partial"), nil)
	writeFile(t, filepath.Join(filepath.Dir(path), "restore.123.partial-journal"), nil)
	kept, err := restore(t, path, closedFile(t, "backup"))
	if err != nil {
		t.Fatal(err)
	}
	wantFiles(t, filepath.Dir(path), "nanomon.db", filepath.Base(kept), "nanomon.db.lock")
}

func TestRestoreErrors(t *testing.T) {
	path := closedFile(t, "previous")
	inUse := filepath.Join(t.TempDir(), "nanomon.db")
	openAt(t, inUse)
	other := fileWith(t, "CREATE TABLE monitors (id INTEGER)")
	newer := fileWith(t, migrations[0], "PRAGMA user_version = 99")
	for name, c := range map[string]struct{ path, backup, want string }{
		"missing":           {path, filepath.Join(t.TempDir(), "x"), "no such file"},
		"folder":            {path, t.TempDir(), "is not a file"},
		"the same file":     {path, path, "is the database itself"},
		"database in use":   {inUse, closedFile(t, ""), errInUse.Error()},
		"text":              {path, writeFile(t, filepath.Join(t.TempDir(), "x"), []byte(strings.Repeat("text ", 2000))), "not a NanoMon database"},
		"empty":             {path, writeFile(t, filepath.Join(t.TempDir(), "x"), nil), "contains no tables"},
		"other program":     {path, other, "not a NanoMon database"},
		"negative format":   {path, fileWith(t, migrations[0], "PRAGMA user_version = -3"), "not a NanoMon database"},
		"no format":         {path, fileWith(t, migrations[0]), "not a NanoMon database"},
		"missing table":     {path, changed(t, "DROP TABLE monitors"), "the database is damaged: monitors."},
		"missing column":    {path, changed(t, "ALTER TABLE states DROP COLUMN seq"), "the database is damaged: states.seq is missing"},
		"newer format":      {path, newer, "has format 99 and this version of NanoMon supports"},
		"damaged":           {path, damage(t, closedFile(t, ""), 3), "the database is damaged"},
		"damaged elsewhere": {path, damage(t, closedFile(t, ""), 9), "the database is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := restore(t, c.path, c.backup); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that contains %q", err, c.want)
			}
			wantFiles(t, filepath.Dir(path), "nanomon.db", "nanomon.db.lock")
		})
	}
	wantMonitor(t, path, "previous")
}

func TestUnconfirmedRestoreChangesNothing(t *testing.T) {
	path, no := closedFile(t, "previous"), errors.New("no")
	var asked Content
	r := Restore{Path: path, Backup: closedFile(t, "backup"), Progress: quiet, Confirm: func(_ string, c Content) error {
		asked = c
		return no
	}}
	if _, err := r.Run(t.Context()); !errors.Is(err, no) || asked.Rows["monitors"] != 1 {
		t.Errorf("error %v, asked about %v", err, asked)
	}
	wantFiles(t, filepath.Dir(path), "nanomon.db", "nanomon.db.lock")
	wantMonitor(t, path, "previous")
}
