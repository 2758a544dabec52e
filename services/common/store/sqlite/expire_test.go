package sqlite

import (
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// fillMonitors stores monitors and n results for each of them.
func fillMonitors(t *testing.T, s *Store, ids []string, n int) {
	t.Helper()
	for _, id := range ids {
		if err := s.CreateMonitor(t.Context(), monitor.Monitor{ID: id, Name: id, Updated: start}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		if err := s.AppendBatch(t.Context(), sampleBatch(ids, i, true)); err != nil {
			t.Fatal(err)
		}
	}
}

func expire(t *testing.T, s *Store, keep time.Duration) int {
	t.Helper()
	n, err := s.Expire(t.Context(), start.Add(24*time.Hour), store.Retention{Results: keep, Rollups: keep})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func pages(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.row(t.Context(), "count pages", "SELECT page_count FROM pragma_page_count", nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPurgeDeletedRows(t *testing.T) {
	ids := sampleMonitors(20)
	for _, test := range []struct {
		name   string
		remove func(s *Store) error
		left   int
	}{
		{"DeleteMonitors", func(s *Store) error { return s.DeleteMonitors(t.Context()) }, 0},
		{"DeleteResults", func(s *Store) error { return s.DeleteResults(t.Context(), start) }, 0},
		{"DeleteMonitor", func(s *Store) error { return s.DeleteMonitor(t.Context(), ids[0]) }, 19 * 100},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := openNew(t)
			empty := pages(t, s)
			fillMonitors(t, s, ids, 100)
			full := pages(t, s)
			if err := test.remove(s); err != nil {
				t.Fatal(err)
			}
			list, err := s.Results(t.Context(), store.ResultFilter{Limit: 100000})
			if err != nil || len(list) != test.left {
				t.Errorf("%d results after the deletion, error %v; want %d", len(list), err, test.left)
			}
			if n := expire(t, s, 48*time.Hour); n != 0 {
				t.Errorf("Expire counted %d results that had been deleted already", n)
			}
			for table, want := range map[string]int{"results": test.left, "refs": test.left / 100, "labels": test.left / 100, "dirty": test.left / 100} {
				if n := count(t, s, table); n != want {
					t.Errorf("%d rows in %s at the end, want %d", n, table, want)
				}
			}
			if n := pages(t, s); test.left == 0 && n-empty > (full-empty)/4 {
				t.Errorf("the file has %d pages, %d when it was full and %d when it was new: want fewer", n, full, empty)
			}
		})
	}
}

func TestExpireDataOfMonitorsNotImported(t *testing.T) {
	s := openNew(t)
	fillMonitors(t, s, sampleMonitors(3), 10)
	if err := s.ImportMonitors(t.Context(), []monitor.Monitor{{ID: sampleMonitors(1)[0]}}); err != nil {
		t.Fatal(err)
	}
	if n := expire(t, s, 48*time.Hour); n != 0 || count(t, s, "refs") != 3 {
		t.Errorf("%d results expired and %d refs are left, want none and 3", n, count(t, s, "refs"))
	}
	if n := expire(t, s, time.Hour); n != 30 {
		t.Errorf("%d results expired, want 30", n)
	}
	for table, want := range map[string]int{"refs": 1, "labels": 1, "states": 1, "dirty": 1} {
		if n := count(t, s, table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
}

func TestCursorAfterDeletion(t *testing.T) {
	s := openNew(t)
	ids := sampleMonitors(2)
	fillMonitors(t, s, ids, 10)
	_, cursor, err := s.ResultsSince(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteResults(t.Context(), start); err != nil {
		t.Fatal(err)
	}
	expire(t, s, time.Hour)
	if n := count(t, s, "results"); n != 0 {
		t.Fatalf("%d results after they were deleted", n)
	}
	path := ""
	if err := s.row(t.Context(), "find the file", "SELECT file FROM pragma_database_list", nil, &path); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	if err := s.AppendBatch(t.Context(), sampleBatch(ids, 0, false)); err != nil {
		t.Fatal(err)
	}
	list, _, err := s.ResultsSince(t.Context(), cursor, 10)
	if err != nil || len(list) != 2 {
		t.Errorf("%d results since the deletion, error %v; want 2", len(list), err)
	}
}

func selectionOf(t *testing.T, f store.ResultFilter) selection {
	t.Helper()
	f.Limit = 1
	s, err := newSelection(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestResultQueriesUseIndexes(t *testing.T) {
	failed, notOK := []monitor.Status{monitor.StatusFailed}, []monitor.Status{monitor.StatusError, monitor.StatusFailed}
	rowQuery := func(f store.ResultFilter) string {
		text, _ := selectionOf(t, f).rowQuery()
		return text
	}
	blockQuery := func(f store.ResultFilter) string {
		text, _ := selectionOf(t, f).blockQuery(0)
		return text
	}
	s := openNew(t)
	for _, query := range []struct{ text, index string }{
		{rowQuery(store.ResultFilter{MonitorID: "x"}), "results_by_ref"},
		{rowQuery(store.ResultFilter{}), "results_by_date"},
		{rowQuery(store.ResultFilter{Statuses: []monitor.Status{monitor.StatusOK, monitor.StatusFailed}}), "results_by_date"},
		{rowQuery(store.ResultFilter{Statuses: failed, MonitorID: "x"}), "results_failed_by_ref"},
		{rowQuery(store.ResultFilter{Statuses: failed}), "results_failed_by_date"},
		{rowQuery(store.ResultFilter{Statuses: notOK, MonitorID: "x"}), "results_error_by_ref"},
		{rowQuery(store.ResultFilter{Statuses: notOK, MonitorID: "x"}), "results_failed_by_ref"},
		{rowQuery(store.ResultFilter{Statuses: notOK}), "results_error_by_date"},
		{rowQuery(store.ResultFilter{Statuses: notOK}), "results_failed_by_date"},
		{selectResultsSince, "INTEGER PRIMARY KEY"},
		{selectBlocksOfMonitor, "blocks_by_ref"}, {selectNumbers, "results_by_ref"}, {selectDates, "COVERING INDEX results_by_ref"},
		{deleteOldResults, "results_by_date"}, {deleteOldBlocks, "blocks_by_date"}, {deleteSealed, "results_by_date"},
		{deleteDetached[0].statement, "blocks_by_ref"}, {deleteDetached[1].statement, "results_by_ref"},
		{blockQuery(store.ResultFilter{MonitorID: "x", Statuses: failed}), "USING INDEX blocks_by_ref"},
		{blockQuery(store.ResultFilter{}), "blocks_by_date"},
		{blockQuery(store.ResultFilter{Statuses: failed}), "blocks_failed_by_date"},
		{blockQuery(store.ResultFilter{Statuses: notOK}), "blocks_error_by_date"},
		{blockQuery(store.ResultFilter{Statuses: notOK}), "blocks_failed_by_date"},
		{blockQuery(store.ResultFilter{Statuses: []monitor.Status{monitor.StatusOK}}), "blocks_ok_by_date"},
	} {
		wantPlan(t, s, query.text, query.index)
	}
}

// TestQueriesOfDatesSeek checks that each date is looked up in an index. Sorting what is found is allowed.
func TestQueriesOfDatesSeek(t *testing.T) {
	s := openNew(t)
	for _, c := range []struct {
		filter       store.ResultFilter
		rows, blocks string
	}{
		{store.ResultFilter{MonitorID: "x"}, "results_by_ref (ref=? AND date=?)", "blocks_by_ref (ref=? AND hour=?"},
		{store.ResultFilter{}, "results_by_date (era=? AND date=?)", "blocks_by_date (era=? AND hour=?"},
	} {
		c.filter.Dates = []time.Time{time.Now()}
		selected := selectionOf(t, c.filter)
		rowQuery, _ := selected.rowQuery()
		blockQuery, _ := selected.blockQuery(0)
		for query, index := range map[string]string{rowQuery: c.rows, blockQuery: c.blocks} {
			if plan := strings.Join(planOf(t, s, query), "\n"); !strings.Contains(plan, index) {
				t.Errorf("%s\ndoes not use %s:\n%s", query, index, plan)
			}
		}
	}
}

// wantPlan fails unless a query uses the index and neither scans a table nor sorts rows.
func wantPlan(t *testing.T, s *Store, query, index string) {
	t.Helper()
	plan := planOf(t, s, query)
	for _, step := range plan {
		fullScan := strings.HasPrefix(step, "SCAN") && step != "SCAN meta" && !strings.Contains(step, "VIRTUAL TABLE")
		// Sorting the results of one millisecond is allowed.
		if fullScan || strings.Contains(step, "TEMP B-TREE") && !strings.Contains(step, "LAST TERM OF ORDER BY") {
			t.Errorf("%s\nscans or sorts a table: %s", query, step)
		}
	}
	if all := strings.Join(plan, "\n"); !strings.Contains(all, index) {
		t.Errorf("%s\ndoes not use %s:\n%s", query, index, all)
	}
}

// planOf returns the steps of the plan of a query.
func planOf(t *testing.T, s *Store, query string) []string {
	t.Helper()
	args := make([]any, strings.Count(query, "?"))
	rows, err := s.readers.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, step)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return plan
}
