package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// TestHoursOfEarlierFormat opens a file of format 8 with a row for each hour of a year and of a day.
func TestHoursOfEarlierFormat(t *testing.T) {
	const id, hours = "65a500000000000000000001", 365 * 24
	end := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	first := end.Add(-hours * time.Hour)
	a := rollup.New()
	a.Add(monitor.StatusOK, 41.272)
	statements := append([]string{}, migrations[:8]...)
	statements = append(statements, "PRAGMA user_version = 8", "INSERT INTO refs VALUES (1, x'"+id+"')", fmt.Sprintf(
		`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d)
		INSERT INTO rollups SELECT 1, 'hour', %d + 3600000 * i, CAST('%s' AS BLOB) FROM n`, hours, first.UnixMilli(), a.EncodeJSON()))
	statements = append(statements, fmt.Sprintf("INSERT INTO rollups VALUES (1, 'day', %d, x'01')", first.UnixMilli()))
	s := openAt(t, fileWith(t, statements...))
	list := func(from, to time.Time) []store.Rollup {
		t.Helper()
		rs, err := s.Rollups(t.Context(), id, store.Hour, from, to)
		if err != nil {
			t.Fatal(err)
		}
		return rs
	}
	all := list(first, end)
	if len(all) != hours || !all[0].Start.Equal(first) || string(all[hours-1].Summary) != string(a.EncodeJSON()) {
		t.Fatalf("%d hours from %v", len(all), all[0])
	}

	// A late result: the hour is replaced, and the others of its day are not.
	late := store.Rollup{MonitorID: id, Period: store.Hour, Start: first.Add(30 * time.Hour), Summary: []byte("late")}
	if err := s.PutRollups(t.Context(), []store.Rollup{late}); err != nil {
		t.Fatal(err)
	}
	all[30] = late
	if diff := cmp.Diff(all, list(first, end)); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Expire(t.Context(), end, store.Retention{Results: time.Hour, Rollups: hours * time.Hour, Hours: (hours - 31) * time.Hour}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all[31:], list(first, end)); diff != "" {
		t.Error(diff)
	}
	if days, err := s.Rollups(t.Context(), id, store.Day, first, end); err != nil || len(days) != 1 {
		t.Errorf("%d days, %v", len(days), err)
	}
}

func TestDamagedDayOfHours(t *testing.T) {
	s := openNew(t)
	const id = "65a500000000000000000001"
	hour := store.Rollup{MonitorID: id, Period: store.Hour, Start: time.Date(2026, 1, 15, 3, 0, 0, 0, time.UTC), Summary: []byte("new")}
	put := func() {
		t.Helper()
		if err := s.PutRollups(t.Context(), []store.Rollup{hour}); err != nil {
			t.Fatal(err)
		}
	}
	put()
	err := s.write(t.Context(), "damage", func(tx *tx) error {
		_, err := tx.exec("UPDATE summaries SET summary = x'ff'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rollups(t.Context(), id, store.Hour, hour.Start, hour.Start.Add(time.Hour)); err == nil {
		t.Error("no error of a damaged row")
	}
	put()
	list, err := s.Rollups(t.Context(), id, store.Hour, hour.Start, hour.Start.Add(time.Hour))
	if diff := cmp.Diff([]store.Rollup{hour}, list); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
