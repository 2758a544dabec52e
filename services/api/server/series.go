package server

import (
	"slices"
	"time"

	"nanomon/services/api/summary"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// historyDigits is the number of significant digits of the values of a history in the list. They are for a small chart.
const historyDigits = 2

// roundHistory returns the points with dates in whole seconds and values with few digits, which makes the compressed list
// much smaller.
func roundHistory(points []store.Point) []store.Point {
	rounded := slices.Clone(points)
	for i := range rounded {
		p := &rounded[i]
		p.Date, p.Value = p.Date.Truncate(time.Second), summary.Significant(p.Value, historyDigits)
	}
	return rounded
}

// series is the rounded history of a monitor with a column for each member of its points. Columns compress much better
// than points, because dates at regular intervals and equal statuses are long repetitions.
type series struct {
	// Start is the date of the first point.
	Start time.Time `json:"start"`
	// Steps are the seconds from each point to the next one. They are negative if the clock was set back.
	Steps    []int64          `json:"steps"`
	Statuses []monitor.Status `json:"statuses"`
	Values   []float64        `json:"values"`
	// Ignored has a reason for each point, empty if the result counts. It is nil if all results count.
	Ignored []monitor.IgnoreReason `json:"excluded,omitempty"`
	// Warnings reports for each point whether the result has a warning. It is nil if none has.
	Warnings []bool `json:"warnings,omitempty"`
}

// newSeries returns the points as columns; nil if there are none.
func newSeries(points []store.Point) *series {
	if len(points) == 0 {
		return nil
	}
	points = roundHistory(points)
	s := &series{Start: points[0].Date, Steps: make([]int64, 0, len(points)-1)}
	ignored, anyIgnored := make([]monitor.IgnoreReason, len(points)), false
	warnings := make([]bool, len(points))
	for i, p := range points {
		if i > 0 {
			s.Steps = append(s.Steps, int64(p.Date.Sub(points[i-1].Date)/time.Second))
		}
		s.Statuses, s.Values = append(s.Statuses, p.Status), append(s.Values, p.Value)
		ignored[i] = p.Ignored
		anyIgnored = anyIgnored || p.Ignored != ""
		warnings[i] = p.Warning
	}
	if slices.Contains(warnings, true) {
		s.Warnings = warnings
	}
	if anyIgnored {
		s.Ignored = ignored
	}
	return s
}
