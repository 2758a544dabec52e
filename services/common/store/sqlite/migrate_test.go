package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// fileOfFormat2 lists the statements that create a file of format 2, from before maintenance windows. It contains one
// monitor with a result of each status, one minute apart.
var fileOfFormat2 = []string{
	migrations[0], migrations[1], "PRAGMA user_version = 2",
	`INSERT INTO monitors VALUES (x'65a500000000000000000001', 'shop', 'http', '1m', 'http://localhost', '', 1, '{}', '', 1768471200000)`,
	`INSERT INTO refs VALUES (1, x'65a500000000000000000001')`,
	`INSERT INTO labels VALUES (1, 1, 'shop', 'http://localhost')`,
	`INSERT INTO shapes VALUES (1, x'06737461747573')`,
	`INSERT INTO results VALUES
		(1, 1, 1768471200000, x'65a500000000000000000002', 0, 0, 1, 1, 1.5, NULL, x'029003'),
		(2, 1, 1768471260000, x'65a500000000000000000003', 1, 0, 1, 1, 1.5, NULL, x'029003'),
		(3, 1, 1768471320000, x'65a500000000000000000004', 2, 0, 1, 1, 1.5, NULL, x'029003')`,
	`INSERT INTO states VALUES (x'65a500000000000000000001', 1768471320000, x'65a500000000000000000004', 2, 1.5, NULL, 'shop',
		'http://localhost', 1, x'029003', 1, 1768471320000, x'` + historyOfFormat2 + `')`,
	`INSERT INTO transitions VALUES (1, 1768471200000, 'status', '', 'ok')`,
}

const historyOfFormat2 = "8084c891f86600000000000000f83fc0a90702000000000000f83fc0a90704000000000000f83f"

// resultsOfFormat2 returns the results in fileOfFormat2, oldest first.
func resultsOfFormat2() []monitor.Result {
	results := make([]monitor.Result, 3)
	for i := range results {
		results[i] = monitor.Result{
			ID: fmt.Sprintf("65a50000000000000000000%d", i+2), Date: date(1768471200000).Add(time.Duration(i) * time.Minute), Status: monitor.Status(i),
			Value: 1.5, MonitorID: "65a500000000000000000001", MonitorName: "shop", MonitorTarget: "http://localhost",
			Outputs: map[string]any{"status": 200.0},
		}
	}
	return results
}

func pointsOf(results []monitor.Result) []store.Point {
	points := make([]store.Point, len(results))
	for i, r := range results {
		points[i] = store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored}
	}
	return points
}

func TestOpenFormat2(t *testing.T) {
	path := fileWith(t, fileOfFormat2...)
	results := resultsOfFormat2()
	wantFile(t, openAt(t, path), results)
}

// TestAppendToFormat2 adds an ignored result to an old file, opens the file again and reads all results.
func TestAppendToFormat2(t *testing.T) {
	path := fileWith(t, fileOfFormat2...)
	s, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	added := resultsOfFormat2()[2]
	added.ID, added.Date, added.Ignored = "65a500000000000000000005", added.Date.Add(time.Minute), monitor.IgnoredMaintenance
	results := append(resultsOfFormat2(), added)
	err = s.AppendBatch(t.Context(), store.Batch{
		Results:    results,
		States:     []store.State{{MonitorID: added.MonitorID, Latest: added, Streak: 2, Since: results[2].Date, History: pointsOf(results)}},
		PushStates: []store.PushState{{MonitorID: added.MonitorID, Sequence: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	wantFile(t, s, results)
	if list, err := s.PushStates(t.Context(), []string{added.MonitorID}); err != nil || len(list) != 1 {
		t.Errorf("push states %v, error %v", list, err)
	}
}

// wantFile checks that a store contains the monitor of fileOfFormat2 with these results, oldest first.
func wantFile(t *testing.T, s *Store, results []monitor.Result) {
	t.Helper()
	latest := results[len(results)-1]
	state, err := s.State(t.Context(), latest.MonitorID)
	if err != nil {
		t.Fatal(err)
	}
	want := store.State{
		MonitorID: latest.MonitorID, Latest: latest, Streak: len(results) - 2, Since: results[2].Date, History: pointsOf(results),
	}
	if diff := cmp.Diff(want, state); diff != "" {
		t.Errorf("the state differs (-want +got):\n%s", diff)
	}
	newestFirst, err := s.Results(t.Context(), store.ResultFilter{MonitorID: latest.MonitorID, Limit: 10})
	if err != nil || len(newestFirst) != len(results) {
		t.Fatalf("%d results, error %v; want %d", len(newestFirst), err, len(results))
	}
	for i, r := range newestFirst {
		if diff := cmp.Diff(results[len(results)-1-i], r); diff != "" {
			t.Errorf("a result differs (-want +got):\n%s", diff)
		}
	}
	failed, err := s.Results(t.Context(), store.ResultFilter{Statuses: []monitor.Status{monitor.StatusFailed}, Limit: 10})
	if err != nil || len(failed) != len(results)-2 {
		t.Errorf("%d failed results, error %v; want %d", len(failed), err, len(results)-2)
	}
	log, err := s.StatusChanges(t.Context(), latest.MonitorID, results[0].Date, latest.Date, 10)
	if err != nil || len(log) != 1 {
		t.Errorf("%d status changes, error %v; want 1", len(log), err)
	}
	if list, err := s.MaintenanceWindows(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%d maintenance windows, error %v; want none", len(list), err)
	}
	if list, err := s.Keys(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%d keys, error %v; want none", len(list), err)
	}
}

// TestRowsEqualFormat2 checks that results that count are stored exactly as in the format before maintenance windows.
func TestRowsEqualFormat2(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "new.db"))
	results := resultsOfFormat2()
	err := s.AppendBatch(t.Context(), store.Batch{
		Results: results,
		States: []store.State{{
			MonitorID: results[2].MonitorID, Latest: results[2], Streak: 1, Since: results[2].Date, History: pointsOf(results),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	old := openAt(t, fileWith(t, fileOfFormat2...))
	for what, query := range map[string]string{
		"results": "SELECT group_concat(concat_ws(',', seq, ref, date, hex(id), status, era, label, shape, value, message, hex(outputs)), ' ') FROM results",
		"states":  "SELECT concat_ws(',', date, hex(id), status, hex(outputs), streak, since, hex(history)) FROM states",
		"columns": "SELECT group_concat(m.name || '.' || c.name, ' ') FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.name IN ('results', 'states')",
	} {
		var was, is string
		if err := old.row(t.Context(), what, query, nil, &was); err != nil {
			t.Fatal(err)
		}
		if err := s.row(t.Context(), what, query, nil, &is); err != nil {
			t.Fatal(err)
		}
		if is != was {
			t.Errorf("%s are now\n%s\nwant\n%s", what, is, was)
		}
	}
}

// TestNewerFormatNamesBackup opens a file of a newer version. The error must name the newest backup from before an upgrade.
func TestNewerFormatNamesBackup(t *testing.T) {
	path := fileWith(t, migrations[0], "PRAGMA user_version = 99")
	for _, name := range []string{"", "before-upgrade-2026-11-29T10-00-00.db", "before-upgrade-2026-11-30T10-00-00.db", "mine.db"} {
		want := "or stop NanoMon and restore the backup that was made before the upgrade"
		if backup := filepath.Join(filepath.Dir(path), "backups", name); name != "" {
			if err := os.MkdirAll(filepath.Dir(backup), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(backup, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			want = "or stop NanoMon and restore the backup " + filepath.Join(filepath.Dir(backup), min(name, "before-upgrade-2026-11-30T10-00-00.db"))
		}
		if _, err := Open(t.Context(), Config{Path: path}); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error %v, want one that ends with %q", err, want)
		}
	}
}
