package sqlite

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// sampledHours returns the number of results that are read of each hour, and whether not all are.
func sampledHours(t *testing.T, s *Store, f store.NumberFilter) (hours map[int]int, sampled bool) {
	t.Helper()
	hours = make(map[int]int)
	sampled, err := s.EachNumber(t.Context(), f, func(date time.Time, _ []float64) { hours[int(date.Sub(start)/time.Hour)]++ })
	if err != nil {
		t.Fatal(err)
	}
	return hours, sampled
}

// TestBlocksAreReadBeyondTheLimit reads all results of sealed hours, although there are more than the limit.
func TestBlocksAreReadBeyondTheLimit(t *testing.T) {
	ids := sampleMonitors(1)
	s := newSealed(t, ids, 2*360)
	f := store.NumberFilter{MonitorID: ids[0], From: start, To: start.Add(2 * time.Hour), Limit: 30, Section: time.Hour}
	if hours, sampled := sampledHours(t, s, f); sampled || !maps.Equal(hours, map[int]int{0: 360, 1: 360}) {
		t.Errorf("results by hour: %v, sampled %v", hours, sampled)
	}
}

// TestSampleOfALongSectionIsSpread reads some hours of each section, evenly spread. A sample of the newest hours would miss
// what happens only in other hours.
func TestSampleOfALongSectionIsSpread(t *testing.T) {
	ids := sampleMonitors(1)
	s := newSealed(t, ids, 24*360)
	f := store.NumberFilter{MonitorID: ids[0], From: start, To: start.Add(24 * time.Hour), Section: 12 * time.Hour}
	for perSection, apart := range map[int]int{48: 3, 24: 6, 12: 12, 1: 12} { // of 30 times as many results
		f.Limit = 2 * perSection
		hours, sampled := sampledHours(t, s, f)
		if len(hours) != 24/apart || !sampled {
			t.Errorf("%d hours are read with the limit %d, want %d: %v", len(hours), f.Limit, 24/apart, hours)
		}
		for hour, results := range hours {
			if first := slices.Min(slices.Collect(maps.Keys(hours))); apart < 12 && (hour-first)%apart != 0 && hour < 12 || results != 360 {
				t.Errorf("with the limit %d, %d results of the hour %d are read: %v", f.Limit, results, hour, hours)
			}
		}
	}
}

// TestSampleOfRowsIsSpread reads some rows of each quarter of a section.
func TestSampleOfRowsIsSpread(t *testing.T) {
	ids := sampleMonitors(1)
	s := openAt(t, filepath.Join(t.TempDir(), "nanomon.db"))
	for i := range 8 * 60 {
		batch := store.Batch{Results: []monitor.Result{sampleResult(ids[0], i, start.Add(time.Duration(i)*time.Minute))}}
		if err := s.AppendBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	f := store.NumberFilter{MonitorID: ids[0], From: start, To: start.Add(8 * time.Hour), Limit: 16, Section: 4 * time.Hour}
	want := map[int]int{0: 2, 1: 2, 2: 2, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2}
	if hours, sampled := sampledHours(t, s, f); !sampled || !maps.Equal(hours, want) {
		t.Errorf("results by hour: %v, sampled %v", hours, sampled)
	}
}
