package main

import (
	"context"
	"database/sql"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// maxYearOfRollups is the maximum number of bytes that the rollups of one monitor may take after a year.
const maxYearOfRollups = 400_000

// TestAYearOfRollupsIsSmall stores the rollups of a year in the order in which a runner computes them, and measures the pages of
// the file that hold them. The response times differ by 10 %, with a daily wave and a few outliers.
func TestAYearOfRollupsIsSmall(t *testing.T) {
	const monitors, interval = 3, time.Minute
	path := filepath.Join(t.TempDir(), "nanomon.db")
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := storeYear(t.Context(), db, now, monitors, interval); err != nil {
		t.Fatal(err)
	}
	keep := store.Retention{Results: 720 * time.Hour, Rollups: 9600 * time.Hour}
	if _, err := db.Expire(t.Context(), now, keep); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	bytes, rows := rollupPages(t, path)
	t.Logf("a year of rollups of one monitor takes %d bytes: %v", bytes/monitors, rows)
	if bytes/monitors > maxYearOfRollups {
		t.Errorf("a year of rollups of one monitor takes %d bytes, at most %d are allowed", bytes/monitors, maxYearOfRollups)
	}
}

// storeYear stores the rollups of the year before now.
func storeYear(ctx context.Context, db *sqlite.Store, now time.Time, monitors int, interval time.Duration) error {
	random := rand.New(rand.NewPCG(1, 2))
	days := newAggregates(monitors)
	for hour := now.Add(-365 * 24 * time.Hour); hour.Before(now); hour = hour.Add(time.Hour) {
		var rollups []store.Rollup
		put := func(i int, p store.Period, start time.Time, summary []byte) {
			rollups = append(rollups, store.Rollup{MonitorID: monitorID(i), Period: p, Start: start, Summary: summary})
		}
		for i := range monitors {
			parts, all := hourOfResults(random, hour, interval)
			put(i, store.Minutes, hour, parts.Encode())
			put(i, store.Hour, hour, all.Encode())
			if err := days[i].Merge(all); err != nil {
				return err
			}
			put(i, store.Day, hour.Truncate(24*time.Hour), days[i].Encode())
		}
		if hour.Hour() == 23 {
			days = newAggregates(monitors)
		}
		if err := db.PutRollups(ctx, rollups); err != nil {
			return err
		}
	}
	return nil
}

// hourOfResults returns the aggregates of the results of an hour.
func hourOfResults(random *rand.Rand, hour time.Time, interval time.Duration) (rollup.Series, *rollup.Aggregate) {
	parts, all := make(rollup.Series, store.PartsPerHour), rollup.New()
	for at := hour; at.Before(hour.Add(time.Hour)); at = at.Add(interval) {
		wave := 0.2 * (1 + math.Cos(float64(hour.Hour()-14)/12*math.Pi)) / 2
		noise := 0.1 * random.NormFloat64()
		if random.IntN(200) == 0 {
			noise += random.Float64()
		}
		value := math.Round(1000*120*max(0.3, 1+wave+noise)) / 1000
		parts.Add(store.PartOf(at), monitor.StatusOK, value)
		all.Add(monitor.StatusOK, value)
	}
	return parts, all
}

func monitorID(i int) string { return "65a50000000000000000000" + string(rune('0'+i)) }

// rollupPages returns the size of the pages with rollups and their indexes, and the number of rows by kind.
func rollupPages(t *testing.T, path string) (bytes int, rows map[int]int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRowContext(t.Context(), `SELECT sum(pgsize) FROM dbstat WHERE name IN
		(SELECT name FROM sqlite_schema WHERE tbl_name = 'summaries')`).Scan(&bytes)
	if err != nil {
		t.Fatal(err)
	}
	rows = make(map[int]int)
	for _, kind := range []int{1, 2, 3} {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM summaries WHERE kind = ?", kind).Scan(&n); err != nil {
			t.Fatal(err)
		}
		rows[kind] = n
	}
	return bytes, rows
}
