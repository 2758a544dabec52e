package server

import (
	"math/rand/v2"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// points returns the points of a series.
func (s *series) points() []store.Point {
	points, date := make([]store.Point, len(s.Values)), s.Start
	for i, value := range s.Values {
		if i > 0 {
			date = date.Add(time.Duration(s.Steps[i-1]) * time.Second)
		}
		points[i] = store.Point{Date: date, Status: s.Statuses[i], Value: value}
		if s.Ignored != nil {
			points[i].Ignored = s.Ignored[i]
		}
	}
	return points
}

// TestSeriesHasTheHistory compares series with the points that a list has, also after the clock was set back.
func TestSeriesHasTheHistory(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 9))
	for length := 1; length <= store.HistoryLength; length++ {
		history, ignored := make([]store.Point, length), random.IntN(2) == 0
		date := base
		for i := range history {
			date = date.Add(time.Duration(random.Int64N(int64(time.Hour))) - 10*time.Minute)
			history[i] = store.Point{Date: date, Status: monitor.Status(random.IntN(3)), Value: 100 * random.ExpFloat64()}
			if ignored {
				history[i].Ignored = []monitor.IgnoreReason{"", monitor.IgnoredMaintenance, monitor.IgnoredBlocked}[random.IntN(3)]
			}
		}
		got := newSeries(history)
		same(t, "history", got.points(), roundHistory(history))
		if len(got.Steps) != length-1 || len(got.Statuses) != length || !ignored && got.Ignored != nil {
			t.Errorf("columns of %d points: %+v", length, got)
		}
	}
	if newSeries(nil) != nil {
		t.Error("there is a series without results")
	}
}
