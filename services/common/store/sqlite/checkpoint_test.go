package sqlite

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

// TestCopyOfFileAloneHasDefinitions copies only the database file, as many backup tools do, while the store is open.
func TestCopyOfFileAloneHasDefinitions(t *testing.T) {
	ctx := context.Background()
	for name, define := range map[string]func(s *Store, id string) error{
		"monitor":            func(s *Store, id string) error { return s.CreateMonitor(ctx, monitor.Monitor{ID: id}) },
		"import":             func(s *Store, id string) error { return s.ImportMonitors(ctx, []monitor.Monitor{{ID: id}}) },
		"maintenance window": func(s *Store, id string) error { return s.CreateMaintenanceWindow(ctx, maintenance.Window{ID: id}) },
		"status page":        func(s *Store, id string) error { return s.CreateStatusPage(ctx, statuspage.Page{ID: id}) },
		"API key": func(s *Store, id string) error {
			return s.CreateKey(ctx, store.Key{ID: id, Hash: sha256.Sum256([]byte(id)), Created: start})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "nanomon.db")
			s := openAt(t, path)
			if err := define(s, monitor.NewID(start)); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a definition in a copy of the file alone", func() bool { return definitionsInCopy(t, path) == 1 })
		})
	}
}

// definitionsInCopy copies the database file without its log and returns the number of definitions in the copy, -1 if
// it has no tables yet.
func definitionsInCopy(t *testing.T, path string) int {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect(writeFile(t, filepath.Join(t.TempDir(), "copy.db"), content))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	const count = `SELECT (SELECT count(*) FROM monitors) + (SELECT count(*) FROM maintenance) + (SELECT count(*) FROM keys) +
		(SELECT count(*) FROM status_pages)`
	if err := db.QueryRow(count).Scan(&n); err != nil {
		return -1
	}
	return n
}

// eventually waits up to 30 seconds until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for !condition() {
		select {
		case <-limit.C:
			t.Fatalf("timed out waiting for %s", what)
		case <-retry.C:
		}
	}
}
