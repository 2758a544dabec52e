package upgrade

import (
	"database/sql"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/tests/support/servicetest"
)

// yearOfRollups is the start of a year with a rollup for each hour and each day. In each hour, one result is failed and the
// others have the number of the hour as their value.
var yearOfRollups = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	hoursOfYear    = 365 * 24
	resultsPerHour = 60
)

// TestUpgradeOfAYearOfRollups starts with a file in which the old version has stored rollups for a year.
func TestUpgradeOfAYearOfRollups(t *testing.T) {
	t.Parallel()
	old, folder := readRecording(t, "sqlite"), t.TempDir()
	path, id := filepath.Join(folder, "nanomon.db"), old.monitor(t, "Shop")
	file, err := os.ReadFile(fixture("sqlite", "nanomon.db"))
	if err == nil {
		err = os.WriteFile(path, file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	storeYear(t, path, id)
	before := countRollups(t, path)
	if before["hour"] < hoursOfYear || before["day"] < 365 {
		t.Fatalf("the file has the rollups %v", before)
	}

	w := newFixtureWorld(t)
	service, api, _ := servicetest.StandaloneWith(t, folder, fixtureSettings(w))
	c := newClient(api, old.AdminKey)
	end := yearOfRollups.Add(hoursOfYear * time.Hour)
	for from, buckets := range map[time.Time]int{
		yearOfRollups: 365, end.Add(-30 * 24 * time.Hour): 360, end.Add(-7 * 24 * time.Hour): 168, end.Add(-24 * time.Hour): 24,
	} {
		wantYear(t, c, id, from, end, buckets)
	}
	c.compare(t, old.Answers)
	if code := service.Stop(t); code != 0 {
		t.Errorf("the exit code is %d", code)
	}
	for period, n := range before {
		if got := countRollups(t, path)[period]; got < n {
			t.Errorf("%d of %d rollups of the period %s are left", got, n, period)
		}
	}
}

// wantYear requests statistics of a part of the year until its end.
func wantYear(t *testing.T, c client, id string, from, to time.Time, buckets int) {
	t.Helper()
	stats := c.get(t, fmt.Sprintf("/api/monitors/%s/stats?from=%s&to=%s", id, from.Format(time.RFC3339), to.Format(time.RFC3339))).(map[string]any)
	hours := to.Sub(from).Hours()
	counts := stats["counts"].(map[string]any)
	if counts["ok"] != hours*(resultsPerHour-1) || counts["failed"] != hours {
		t.Errorf("from %s: counts %v of %v hours", from, counts, hours)
	}
	first, last := from.Sub(yearOfRollups).Hours(), to.Sub(yearOfRollups).Hours()-1
	if average := stats["avg"].(float64); stats["min"] != first || stats["max"] != last || math.Abs(average-(first+last)/2) > 1e-6 {
		t.Errorf("from %s: average %v, minimum %v, maximum %v", from, average, stats["min"], stats["max"])
	}
	middle := (first + last) / 2
	if p50 := stats["p50"].(float64); math.Abs(p50-middle) > 0.0101*middle+1 {
		t.Errorf("from %s: the median is %v, want about %v", from, p50, middle)
	}
	if got := objects(stats["buckets"]); len(got) != buckets {
		t.Errorf("from %s: %d buckets, want %d", from, len(got), buckets)
	}
}

// storeYear adds the rollups of the year to a file of the old version.
func storeYear(t *testing.T, path, id string) {
	t.Helper()
	db := openFile(t, path)
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	put := func(period string, start time.Time, a *rollup.Aggregate) {
		t.Helper()
		_, err := tx.Exec("INSERT INTO rollups SELECT ref, ?, ?, ? FROM refs WHERE hex(monitor) = upper(?)", period, start.UnixMilli(), a.EncodeJSON(), id)
		if err != nil {
			t.Fatal(err)
		}
	}
	day := rollup.New()
	for hour := range hoursOfYear {
		a, start := rollup.New(), yearOfRollups.Add(time.Duration(hour)*time.Hour)
		a.Add(monitor.StatusFailed, 0)
		for range resultsPerHour - 1 {
			a.Add(monitor.StatusOK, float64(hour))
		}
		put("hour", start, a)
		if err := day.Merge(a); err != nil {
			t.Fatal(err)
		}
		if hour%24 == 23 {
			put("day", start.Truncate(24*time.Hour), day)
			day = rollup.New()
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// countRollups returns the number of rows by period.
func countRollups(t *testing.T, path string) map[string]int {
	t.Helper()
	db := openFile(t, path)
	defer db.Close()
	rows, err := db.Query("SELECT period, count(*) FROM rollups GROUP BY period")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	counts := make(map[string]int)
	for rows.Next() {
		var period string
		var n int
		if err := rows.Scan(&period, &n); err != nil {
			t.Fatal(err)
		}
		counts[period] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return counts
}

func openFile(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	return db
}
