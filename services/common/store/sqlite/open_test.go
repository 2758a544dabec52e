package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// fileWith creates a database file and runs statements in it over a connection of its own.
func fileWith(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	changeFile(t, path, statements...)
	return path
}

func changeFile(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenErrors(t *testing.T) {
	for _, test := range []struct {
		name, want string
		path       func(t *testing.T) string
	}{
		{"a folder that is a file", "can't create the folder", func(t *testing.T) string {
			return filepath.Join(writeFile(t, filepath.Join(t.TempDir(), "file"), nil), "nanomon.db")
		}},
		{"a path that is a folder", "can't write to the file", func(t *testing.T) string { return t.TempDir() }},
		{"a text file", "not a NanoMon database", func(t *testing.T) string {
			return writeFile(t, filepath.Join(t.TempDir(), "text"), bytes.Repeat([]byte("some text\n"), 1000))
		}},
		{"a database of another program", "not a NanoMon database", func(t *testing.T) string {
			return fileWith(t, "CREATE TABLE monitors (id INTEGER)")
		}},
		{"a newer format", "has format 99 and this version of NanoMon supports", func(t *testing.T) string {
			return fileWith(t, fmt.Sprintf("PRAGMA application_id = %d", applicationID), "CREATE TABLE new (id INTEGER)", "PRAGMA user_version = 99")
		}},
		{"a damaged file", "is damaged", func(t *testing.T) string {
			path := fileWith(t, "CREATE TABLE monitors (id INTEGER)")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			copy(content[100:], bytes.Repeat([]byte{0xee}, 1000))
			return writeFile(t, path, content)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := test.path(t)
			before, _ := os.ReadFile(path)
			s, err := Open(t.Context(), Config{Path: path})
			if err == nil {
				t.Fatal("Open returned no error; Close:", s.Close())
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), filepath.Dir(path)) {
				t.Errorf("error %q, want one that contains %q and the path", err, test.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOpenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	first := openAt(t, path)
	if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, errInUse) {
		t.Fatalf("error %v, want %v", err, errInUse)
	}
	if err := first.CreateMonitor(t.Context(), monitor.Monitor{ID: monitor.NewID(start)}); err != nil {
		t.Fatal("the first store fails after the second Open:", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := openAt(t, path).Monitors(t.Context())
	if err != nil || len(list) != 1 {
		t.Errorf("%d monitors after the file was opened again, error %v; want 1", len(list), err)
	}
}

func TestFileMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	s := openAt(t, path)
	if err := s.AppendBatch(t.Context(), sampleBatch(sampleMonitors(1), 0, true)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has the mode %o, want 600", filepath.Base(name), mode)
		}
	}
}

func TestCallsAfterClose(t *testing.T) {
	s := openNew(t)
	ctx := t.Context()
	changes, err := s.Watch(ctx, store.TopicResults)
	if err != nil {
		t.Fatal(err)
	}
	var busy sync.WaitGroup
	for w := range 4 {
		busy.Go(func() {
			for n := 0; ; n++ {
				if err := s.AppendBatch(ctx, sampleBatch(sampleMonitors(w+1), n, true)); err != nil {
					wantClosed(t, "AppendBatch", err)
					return
				}
			}
		})
	}
	<-changes
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	busy.Wait()
	for open := true; open; {
		_, open = <-changes
	}
	_, err = s.Monitors(ctx)
	wantClosed(t, "Monitors", err)
	_, err = s.State(ctx, monitor.NewID(start))
	wantClosed(t, "State", err)
	_, _, err = s.ResultsSince(ctx, "", 1)
	wantClosed(t, "ResultsSince", err)
	_, err = s.Watch(ctx, store.TopicResults)
	wantClosed(t, "Watch", err)
	_, err = s.Expire(ctx, start, store.Retention{})
	wantClosed(t, "Expire", err)
	wantClosed(t, "DeleteMonitors", s.DeleteMonitors(ctx))
	wantClosed(t, "Ping", s.Ping(ctx))
}

func wantClosed(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, monitor.ErrUnavailable) {
		t.Errorf("%s of a closed store: error %v, want one that wraps %q", what, err, monitor.ErrUnavailable)
	}
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "nanomon.db")
	if _, err := Open(ctx, Config{Path: path}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one that wraps %q", err, context.Canceled)
	}
	openAt(t, path)
}
