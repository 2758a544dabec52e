package sqlite

import (
	"slices"
	"testing"
	"time"

	"nanomon/services/common/store"
)

// sampleDates returns the dates of a sample of the results of a monitor, oldest first.
func sampleDates(t *testing.T, s *Store, f store.NumberFilter) []time.Time {
	t.Helper()
	var dates []time.Time
	sampled, err := s.EachNumber(t.Context(), f, func(date time.Time, _ []float64) { dates = append(dates, date) })
	if err != nil || !sampled {
		t.Fatalf("sampled %v, error %v", sampled, err)
	}
	slices.SortFunc(dates, time.Time.Compare)
	return dates
}

// TestSampleOfABlockIsSpread reads ten of the 360 results of an hour.
func TestSampleOfABlockIsSpread(t *testing.T) {
	ids := sampleMonitors(1)
	s := newSealed(t, ids, 360)
	dates := sampleDates(t, s, store.NumberFilter{MonitorID: ids[0], From: start, To: start.Add(2 * time.Hour), Limit: 20, Section: time.Hour})
	if len(dates) != 10 {
		t.Fatalf("%d results, want 10: %v", len(dates), dates)
	}
	for i, date := range dates {
		if want := start.Add(time.Duration(i) * 6 * time.Minute); !date.Equal(want) {
			t.Errorf("result %d is from %s, want %s", i, date, want)
		}
	}
}

// TestSampleOfALongSectionIsFromOneBlock reads sections of three hours.
func TestSampleOfALongSectionIsFromOneBlock(t *testing.T) {
	ids := sampleMonitors(1)
	s := newSealed(t, ids, 6*360)
	from := start.Add(-time.Hour)
	dates := sampleDates(t, s, store.NumberFilter{MonitorID: ids[0], From: from, To: from.Add(9 * time.Hour), Limit: 300, Section: 3 * time.Hour})
	hours := make(map[time.Duration]int)
	for _, date := range dates {
		hours[date.Truncate(time.Hour).Sub(start)]++
	}
	want := []time.Duration{time.Hour, 4 * time.Hour, 5 * time.Hour} // the newest one in each section
	for _, hour := range want {
		if n := hours[hour]; n < 50 || n > 100 {
			t.Errorf("%d results of the hour %s", n, hour)
		}
	}
	if len(hours) != len(want) {
		t.Errorf("results are from the hours %v, want %v", hours, want)
	}
}
