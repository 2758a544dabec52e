package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite/block"
	"nanomon/tests/support/fulldisk"
)

// newSealed returns a store with n sealed results of each monitor, 10 s apart, and with the monitors.
func newSealed(t *testing.T, monitors []string, n int) *Store {
	t.Helper()
	s := openNew(t)
	fillMonitors(t, s, monitors, n)
	if err := s.Seal(t.Context(), farFuture); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, s, map[string]int{"results": 0})
	return s
}

// wantCounts checks the numbers of rows of tables.
func wantCounts(t *testing.T, s *Store, want map[string]int) {
	t.Helper()
	for table, n := range want {
		if got := count(t, s, table); got != n {
			t.Errorf("%d rows in %s, want %d", got, table, n)
		}
	}
}

func allResults(t *testing.T, s *Store) []monitor.Result {
	t.Helper()
	list, err := s.Results(t.Context(), store.ResultFilter{Limit: 1e6})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestSealOnlyClosedHours seals at several times. An hour is sealed ten minutes after its end.
func TestSealOnlyClosedHours(t *testing.T) {
	s := openNew(t)
	fillMonitors(t, s, sampleMonitors(2), 400) // from 10:00 to 11:06:40
	want := allResults(t, s)
	for _, step := range []struct {
		after        time.Duration
		rows, blocks int
	}{{70*time.Minute - time.Millisecond, 800, 0}, {70 * time.Minute, 80, 2}, {130 * time.Minute, 0, 4}} {
		if err := s.Seal(t.Context(), start.Add(step.after)); err != nil {
			t.Fatal(err)
		}
		wantCounts(t, s, map[string]int{"results": step.rows, "blocks": step.blocks})
	}
	if diff := cmp.Diff(want, allResults(t, s)); diff != "" {
		t.Errorf("sealing changes the results:\n%s", diff)
	}
}

func TestPurgeAndExpireBlocks(t *testing.T) {
	ids := sampleMonitors(3)
	s := newSealed(t, ids, 800)
	wantCounts(t, s, map[string]int{"blocks": 9, "refs": 3})
	// The results of a deleted monitor that are not purged yet would expire too.
	if err := errors.Join(s.DeleteMonitor(t.Context(), ids[0]), s.purge(t.Context())); err != nil {
		t.Fatal(err)
	}
	// At 35 minutes past the hour, the hour from 10:00 has expired as a whole, and the next one stays.
	n, err := s.Expire(t.Context(), start.Add(24*time.Hour), store.Retention{Results: 22*time.Hour + 25*time.Minute, Rollups: 1000 * time.Hour})
	if err != nil || n != 2*360 {
		t.Errorf("%d results expired, error %v; want 720", n, err)
	}
	wantCounts(t, s, map[string]int{"blocks": 4, "refs": 2})
	if n := expire(t, s, time.Hour); n != 2*440 {
		t.Errorf("%d results expired, want 880", n)
	}
	wantCounts(t, s, map[string]int{"blocks": 0, "refs": 2})
	if err := s.ImportMonitors(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	expire(t, s, time.Hour)
	wantCounts(t, s, map[string]int{"refs": 0, "labels": 0})
}

// TestCursorAfterSealing opens a file again whose results are all in blocks.
func TestCursorAfterSealing(t *testing.T) {
	path, ids := newPath(t), sampleMonitors(2)
	s := openAt(t, path)
	fillMonitors(t, s, ids, 10)
	if err := s.Seal(t.Context(), farFuture); err != nil {
		t.Fatal(err)
	}
	_, cursor, err := s.ResultsSince(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	if _, again, err := s.ResultsSince(t.Context(), "", 1); err != nil || again != cursor {
		t.Errorf("the cursor is %q, error %v; want %q", again, err, cursor)
	}
	batch := sampleBatch(ids, 10, false)
	for range 2 { // The second time, the results are sealed.
		if err := (sealedStore{Store: s}).AppendBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	list, _, err := s.ResultsSince(t.Context(), cursor, 10)
	if diff := cmp.Diff(batch.Results, list); err != nil || diff != "" {
		t.Errorf("error %v, results since the restart:\n%s", err, diff)
	}
}

// TestDamagedBlock damages the block of one hour. Errors must name the monitor and the hour, other hours must stay
// readable, and storing and sealing must go on.
func TestDamagedBlock(t *testing.T) {
	ids := sampleMonitors(2)
	for _, column := range []string{"head", "data"} {
		s := newSealed(t, ids, 400)
		err := s.write(t.Context(), "damage", func(t *tx) error {
			_, err := t.exec(fmt.Sprintf("UPDATE blocks SET %[1]s = CAST(substr(%[1]s, 1, length(%[1]s) - 1) || x'99' AS BLOB) WHERE block = 1", column))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("results of monitor %s from 2026-01-15T10:00:00Z", ids[0])
		wantDamage := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, block.ErrDamaged) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: error %v, want one with %q", what, err, name)
			}
		}
		_, err = s.Results(t.Context(), store.ResultFilter{Limit: 10000})
		wantDamage("list", err)
		_, _, err = s.ResultsSince(t.Context(), "0", 10000)
		wantDamage("read in the order of storing", err)
		numbers := store.NumberFilter{MonitorID: ids[0], From: start, To: start.Add(time.Hour), Limit: 400, Section: time.Hour}
		_, err = s.EachNumber(t.Context(), numbers, func(time.Time, []float64) {})
		wantDamage("read numbers", err)
		if list, err := s.Results(t.Context(), store.ResultFilter{MonitorID: ids[0], Limit: 40}); err != nil || len(list) != 40 {
			t.Errorf("%d results of the next hour, error %v; want 40", len(list), err)
		}
		late := sampleBatch(ids, 0, false)
		for i := range late.Results {
			late.Results[i].ID = monitor.NewID(start)
		}
		if err := s.AppendBatch(t.Context(), late); err != nil {
			t.Error("store beside the damaged block:", err)
		}
		wantDamage("seal", s.Seal(t.Context(), farFuture))
		wantCounts(t, s, map[string]int{"results": 1, "blocks": 4})
	}
}

// TestUnreadableRowIsNotSealed damages the outputs of a result: its row must stay.
func TestUnreadableRowIsNotSealed(t *testing.T) {
	s := openNew(t)
	fillMonitors(t, s, sampleMonitors(2), 10)
	err := s.write(t.Context(), "damage", func(t *tx) error {
		_, err := t.exec("UPDATE results SET outputs = CAST(outputs || x'00' AS BLOB) WHERE seq = 1")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := allResults(t, s)
	if err := s.Seal(t.Context(), farFuture); !errors.Is(err, errEncoding) || !strings.Contains(err.Error(), sampleMonitors(1)[0]) {
		t.Errorf("error %v, want %v with the monitor", err, errEncoding)
	}
	wantCounts(t, s, map[string]int{"results": 10, "blocks": 1})
	if diff := cmp.Diff(want, allResults(t, s)); diff != "" {
		t.Errorf("the results differ:\n%s", diff)
	}
}

// TestFullDiskStopsSealing fills the disk up to less than the spare space.
func TestFullDiskStopsSealing(t *testing.T) {
	disk := fulldisk.Mount(t)
	s := openAt(t, filepath.Join(disk.Dir, "nanomon.db"))
	ids := sampleMonitors(20)
	fillMonitors(t, s, ids, 10)
	disk.Fill(t)
	var problem *monitor.UnavailableError
	if err := s.Seal(t.Context(), farFuture); !errors.As(err, &problem) || problem.Detail != "the disk with the database has only 0 MB left, and sealing needs 3 MB" {
		t.Errorf("error %v, want one about the disk space", err)
	}
	wantCounts(t, s, map[string]int{"results": 200, "blocks": 0})
	if err := s.Ping(t.Context()); err != nil {
		t.Error("the database is unhealthy:", err)
	}
	disk.Empty(t)
	if err := s.Seal(t.Context(), farFuture); err != nil {
		t.Error(err)
	}
	wantCounts(t, s, map[string]int{"results": 0, "blocks": 20})
}

// TestKeepSealing lets the disk be full at first, and stores results of an old hour and of the current one.
func TestKeepSealing(t *testing.T) {
	disk := fulldisk.Mount(t)
	s := openAt(t, filepath.Join(disk.Dir, "nanomon.db"))
	fillMonitors(t, s, sampleMonitors(2), 10)
	current := sampleResult(sampleMonitors(1)[0], 0, time.Now())
	if err := s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{current}}); err != nil {
		t.Fatal(err)
	}
	disk.Fill(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	failures := 0
	s.keepSealing(ctx, time.Millisecond, func(err error) {
		switch {
		case err == nil:
			stop()
		case failures == 0:
			disk.Empty(t)
			fallthrough
		default:
			failures++
		}
	})
	if failures != 1 {
		t.Errorf("%d attempts failed, want the one on the full disk", failures)
	}
	wantCounts(t, s, map[string]int{"results": 1, "blocks": 2})
}

func TestBackupCountsSealedResults(t *testing.T) {
	ids := sampleMonitors(3)
	s := newSealed(t, ids, 400)
	newest := start.Add(399*10*time.Second + 2*time.Millisecond)
	for added, batch := range []int{0, 1000} {
		file := filepath.Join(t.TempDir(), "backup.db")
		content, err := Backup(t.Context(), s.files.path, file, func(string, float64) {})
		if err != nil || content.Rows["results"] != 1200+3*added || !content.Newest.Equal(newest) {
			t.Errorf("the backup has %d results, the newest of %s, error %v; want %d, %s", content.Rows["results"], content.Newest, err, 1200+3*added, newest)
		}
		copied := openAt(t, file)
		if diff := cmp.Diff(allResults(t, s), allResults(t, copied)); diff != "" {
			t.Errorf("the copy differs:\n%s", diff)
		}
		next := sampleBatch(ids, batch, false)
		if err := (sealedStore{s, true}).AppendBatch(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		newest = next.Results[2].Date
	}
}

// TestTooLargeHour stores an hour that is too large for a block. Its rows must stay, and all other hours are sealed.
func TestTooLargeHour(t *testing.T) {
	s := openNew(t)
	ids := sampleMonitors(3)
	fillMonitors(t, s, ids, 400)
	large := sampleResult(ids[0], 1000, start)
	large.Message = strings.Repeat("x", 17<<20)
	if err := s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{large}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Seal(t.Context(), farFuture); !errors.Is(err, block.ErrTooLarge) || !strings.Contains(err.Error(), ids[0]) {
			t.Errorf("error %v, want %v with the monitor", err, block.ErrTooLarge)
		}
	}
	wantCounts(t, s, map[string]int{"results": 361, "blocks": 5})
}
