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
	var queries atomic.Int64
	r.answers.set(func(name string, _ bson.Raw) bson.D {
		if name == "find" {
			queries.Add(1)
		}
		return nil
	})
	first := batch.Results[0].Date.Truncate(24 * time.Hour)
	f := store.NumberFilter{MonitorID: batch.Results[0].MonitorID, From: first.AddDate(0, 0, -60), To: first.AddDate(0, 0, 305), Limit: 20, Section: 12 * time.Hour}
	days := make(map[time.Time]int)
	sampled, err := s.EachNumber(t.Context(), f, func(date time.Time, _ []float64) { days[date.Truncate(24*time.Hour)]++ })
	if err != nil || !sampled || len(days) != 3 {
		t.Errorf("results by day: %v, sampled %v, error %v", days, sampled, err)
	}
	if n := queries.Load(); n > 15 {
		t.Errorf("%d queries, want one for each section with results, and two for each gap", n)
	}
}
