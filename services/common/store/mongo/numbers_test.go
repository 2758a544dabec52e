package mongo

import (
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// TestSampleSkipsSectionsWithoutResults counts the queries for a sample of a year with results on three days.
func TestSampleSkipsSectionsWithoutResults(t *testing.T) {
	t.Parallel()
	s, r := openThrough(t, server, mongotest.Database(t, server))
	var batch store.Batch
	for i := range 30 {
		result := newResult(i)
		result.Date = monitor.Date(result.Date).Truncate(24 * time.Hour).Add(time.Duration(i%3)*100*24*time.Hour + time.Duration(i)*time.Minute)
		batch.Results = append(batch.Results, result)
	}
	if err := s.AppendBatch(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	queries := countQueries(r)
	first := batch.Results[0].Date.Truncate(24 * time.Hour)
	f := store.NumberFilter{MonitorID: batch.Results[0].MonitorID, From: first.AddDate(0, 0, -60), To: first.AddDate(0, 0, 305), Limit: 20, Section: 12 * time.Hour}
	days := make(map[time.Time]int)
	sampled, err := s.EachNumber(t.Context(), f, func(date time.Time, _ []float64) { days[date.Truncate(24*time.Hour)]++ })
	if err != nil || !sampled || len(days) != 3 {
		t.Errorf("results by day: %v, sampled %v, error %v", days, sampled, err)
	}
	if n := queries.Load(); n > 30 {
		t.Errorf("%d queries, want one or two for 50 sections, and two for each gap", n)
	}
}

// TestSampleAfterTheRateChanged reads a sample of sections whose results were ten times as frequent, or as rare, before.
func TestSampleAfterTheRateChanged(t *testing.T) {
	t.Parallel()
	s, r := openThrough(t, server, mongotest.Database(t, server))
	queries := countQueries(r)
	first := newResult(0).Date.Truncate(time.Hour)
	for id, intervals := range [][2]time.Duration{{3 * time.Minute, 30 * time.Minute}, {30 * time.Minute, 3 * time.Minute}} {
		var batch store.Batch
		change, end := first.Add(50*time.Hour), first.Add(75*time.Hour)
		for at := first; at.Before(end); {
			result := newResult(10000*id + len(batch.Results))
			result.MonitorID, result.Date = newMonitor(id, "").ID, at
			batch.Results = append(batch.Results, result)
			if at.Before(change) {
				at = at.Add(intervals[0])
			} else {
				at = at.Add(intervals[1])
			}
		}
		if err := s.AppendBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		f := store.NumberFilter{MonitorID: batch.Results[0].MonitorID, From: first, To: end, Limit: 75 * 7, Section: time.Hour}
		queries.Store(0)
		hours := make(map[time.Time]int)
		sampled, err := s.EachNumber(t.Context(), f, func(date time.Time, _ []float64) { hours[date.Truncate(time.Hour)]++ })
		if err != nil || !sampled || len(hours) != 75 {
			t.Errorf("results of %d hours, want 75; sampled %v, error %v", len(hours), sampled, err)
		}
		for hour, n := range hours {
			if n > 12 {
				t.Errorf("%d results of the hour from %s, want about 7", n, hour)
			}
		}
		if n := queries.Load(); n > 6 {
			t.Errorf("%d queries, want 6: too many, oldest, and two for each of two parts", n)
		}
	}
}

// TestSampleOfManySectionsNeedsFewQueries reads a sample of 10 sections with regular results. It is spread over each section.
func TestSampleOfManySectionsNeedsFewQueries(t *testing.T) {
	t.Parallel()
	s, r := openThrough(t, server, mongotest.Database(t, server))
	var batch store.Batch
	for i := range 10 * 40 {
		result := newResult(i)
		result.Date = newResult(0).Date.Add(time.Duration(i) * 90 * time.Second)
		batch.Results = append(batch.Results, result)
	}
	if err := s.AppendBatch(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	queries := countQueries(r)
	first := batch.Results[0].Date
	f := store.NumberFilter{MonitorID: batch.Results[0].MonitorID, From: first, To: first.Add(10 * time.Hour), Limit: 10 * 16, Section: time.Hour}
	quarters := make(map[time.Time]int)
	sampled, err := s.EachNumber(t.Context(), f, func(date time.Time, _ []float64) { quarters[date.Truncate(15*time.Minute)]++ })
	if err != nil || !sampled || len(quarters) != 40 {
		t.Errorf("results of %d quarters of an hour, want 40; sampled %v, error %v", len(quarters), sampled, err)
	}
	for quarter, n := range quarters {
		if n < 3 || n > 5 {
			t.Errorf("%d results of the quarter from %s, want about 4", n, quarter)
		}
	}
	if n := queries.Load(); n > 5 {
		t.Errorf("%d queries, want 4: too many, oldest, rate, sample", n)
	}
}

// countQueries counts the queries that a relay passes on from now on.
func countQueries(r *relay) *atomic.Int64 {
	var queries atomic.Int64
	r.answers.set(func(name string, _ bson.Raw) bson.D {
		if name == "find" {
			queries.Add(1)
		}
		return nil
	})
	return &queries
}
