package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/fulldisk"
)

// wantProblem checks that Ping reports a problem whose text for clients contains part.
func wantProblem(t *testing.T, s *Store, part string) {
	t.Helper()
	var problem *monitor.UnavailableError
	if err := s.Ping(t.Context()); !errors.As(err, &problem) || !strings.Contains(problem.Detail, part) {
		t.Fatalf("Ping returns %v, want a problem with %q", err, part)
	}
}

// pingNow pings as if the last test write was long ago.
func (s *Store) pingNow(t *testing.T) error {
	s.health.mu.Lock()
	s.health.tested = time.Time{}
	s.health.mu.Unlock()
	return s.Ping(t.Context())
}

func TestPingOnFullDisk(t *testing.T) {
	disk := fulldisk.Mount(t)
	s := openAt(t, filepath.Join(disk.Dir, "nanomon.db"))
	monitors := sampleMonitors(20)
	if err := s.AppendBatch(t.Context(), sampleBatch(monitors, 0, true)); err != nil {
		t.Fatal(err)
	}
	disk.Fill(t)
	stored := len(monitors)
	var err error
	for ; err == nil; stored += len(monitors) {
		err = s.AppendBatch(t.Context(), sampleBatch(monitors, stored, true))
	}
	wantProblem(t, s, "the disk with the database is full")
	if err := s.RemoveRunner(t.Context(), "none"); err == nil {
		wantProblem(t, s, "the disk with the database is full") // A small write may succeed.
	}
	if _, err := s.Monitors(t.Context()); err != nil {
		t.Error("reading fails:", err)
	}
	if err := s.pingNow(t); err == nil {
		t.Error("Ping returns no error, but the disk is still full")
	}
	disk.Empty(t)
	if err := s.pingNow(t); err != nil {
		t.Error("Ping fails when the disk has space again:", err)
	}
	if err := s.AppendBatch(t.Context(), sampleBatch(monitors, stored, true)); err != nil {
		t.Error(err)
	}
}

func TestOpenOnFullDisk(t *testing.T) {
	disk := fulldisk.Mount(t)
	disk.Fill(t)
	_, err := Open(t.Context(), Config{Path: filepath.Join(disk.Dir, "nanomon.db")})
	if err == nil || !strings.Contains(err.Error(), "the disk with the database is full: free disk space") {
		t.Errorf("error %v, want one that says that the disk is full", err)
	}
}

// TestLostFile deletes, replaces and damages the open database file. The store must report it and refuse writes that
// would be lost.
func TestLostFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not delete open files")
	}
	tests := []struct {
		name, want string
		change     func(t *testing.T, path string) error
	}{
		{"deleted", "was deleted or replaced", func(_ *testing.T, path string) error { return os.Remove(path) }},
		{"moved", "was deleted or replaced", func(_ *testing.T, path string) error { return os.Rename(path, path+".old") }},
		{"replaced by a backup", "was deleted or replaced", func(t *testing.T, path string) error {
			other := filepath.Join(t.TempDir(), "backup.db")
			if err := openAt(t, other).Ping(t.Context()); err != nil {
				return err
			}
			return os.Rename(other, path)
		}},
		{"folder deleted", "was deleted or replaced", func(_ *testing.T, path string) error { return os.RemoveAll(filepath.Dir(path)) }},
		{"overwritten", "is damaged", func(_ *testing.T, path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("x", 4096)), 0o600)
		}},
		{"emptied", "is damaged", func(_ *testing.T, path string) error { return os.Truncate(path, 0) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data", "nanomon.db")
			s := openAt(t, path)
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := test.change(t, path); err != nil {
				t.Fatal(err)
			}
			wantProblem(t, s, test.want)
			if !strings.Contains(test.want, "deleted") {
				return
			}
			err := s.AppendBatch(t.Context(), sampleBatch(sampleMonitors(1), 0, true))
			if !errors.Is(err, monitor.ErrUnavailable) {
				t.Errorf("a write that would be lost returns %v", err)
			}
		})
	}
}

func TestFileMovedBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	s := openAt(t, path)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s, "was deleted or replaced")
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	if err := s.pingNow(t); err != nil {
		t.Error(err)
	}
}

// TestConnectionWhileFileWasMoved makes a read that needs a new connection while the file has another name. That read is
// never made again.
func TestConnectionWhileFileWasMoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	s := openAt(t, path)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	s.readers.SetMaxIdleConns(0)
	if _, err := s.Keys(t.Context()); !errors.Is(err, monitor.ErrUnavailable) {
		t.Fatalf("error %v, want one that wraps ErrUnavailable", err)
	}
	wantProblem(t, s, "was deleted or replaced")
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	if err := s.pingNow(t); err != nil {
		t.Error(err)
	}
}

// TestDeletedLog deletes the write-ahead log. No data may be lost, also if the process ends without closing the store:
// the test opens a copy of the files.
func TestDeletedLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	s := openAt(t, path)
	monitors := sampleMonitors(2)
	if err := s.AppendBatch(t.Context(), sampleBatch(monitors, 0, true)); err != nil {
		t.Fatal(err)
	}
	count(t, s, "results") // opens a reader
	if err := errors.Join(os.Remove(path+"-wal"), os.Remove(path+"-shm")); err != nil {
		t.Fatal(err)
	}
	// A write fails if the log can't be created again because a background task reads at that moment.
	eventually(t, "a write after the log was deleted", func() bool {
		return s.AppendBatch(t.Context(), sampleBatch(monitors, len(monitors), true)) == nil
	})
	if n := count(t, s, "results"); n != 2*len(monitors) {
		t.Errorf("%d results, want %d", n, 2*len(monitors))
	}
	wantInFiles(t, path, 2*len(monitors))
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestLogDeletedDuringWrite deletes the log after a group of operations has begun. What the group stores must be in the
// files, although no further write follows.
func TestLogDeletedDuringWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	s := openAt(t, path)
	monitors := sampleMonitors(2)
	prepared, err := newBatch(sampleBatch(monitors, 0, true))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.write(t.Context(), "append batch", func(t *tx) error {
		return errors.Join(t.append(prepared), os.Remove(path+"-wal"), os.Remove(path+"-shm"))
	}); err != nil {
		t.Fatal(err)
	}
	wantInFiles(t, path, len(monitors))
}

// wantInFiles checks the number of results in a copy of the files of a database.
func wantInFiles(t *testing.T, path string, want int) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "nanomon.db")
	for _, suffix := range []string{"", "-wal"} {
		copyFile(t, path+suffix, copied+suffix)
	}
	if n := count(t, openAt(t, copied), "results"); n != want {
		t.Errorf("%d results in a copy of the files, want %d", n, want)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	source, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(target, source)
	if err := errors.Join(err, target.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedPages overwrites all pages but the first: the damage must be reported, as a failure that is not caused by
// the data of the call.
func TestDamagedPages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	s := openAt(t, path)
	monitors := sampleMonitors(2)
	if err := s.AppendBatch(t.Context(), sampleBatch(monitors, 0, true)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // moves everything to the database file
		t.Fatal(err)
	}
	s = openAt(t, path)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("x", int(info.Size())-8192)), 8192); err != nil {
		t.Fatal(err)
	}
	// Closing f would release the locks of this process.
	t.Cleanup(func() { _ = f.Close() })
	if err := s.AppendBatch(t.Context(), sampleBatch(monitors, len(monitors), true)); !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("AppendBatch returns %v", err)
	}
	wantProblem(t, s, "is damaged")
}

// TestProblemStaysTheSame checks that one of several failures is reported each time: the API logs each change.
func TestProblemStaysTheSame(t *testing.T) {
	h := newHealth()
	for i := range 20 {
		h.recordWrite(fmt.Sprint("operation ", i), &monitor.UnavailableError{Detail: fmt.Sprint(i)})
	}
	first := h.problem(time.Now())
	for range 100 {
		if next := h.problem(time.Now()); next.Error() != first.Error() {
			t.Fatalf("problem %q after %q", next, first)
		}
	}
}

func TestPingWhileDiskHangs(t *testing.T) {
	s := openNew(t)
	release := holdWriter(t, s)
	defer release()
	if err := s.Ping(t.Context()); err != nil {
		t.Error("Ping fails during a commit that has just begun:", err)
	}
	s.health.setCommitting(time.Now().Add(-maxCommitTime - time.Second))
	wantProblem(t, s, "does not respond")
	release()
	if err := s.RemoveRunner(t.Context(), "none"); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
