// Package summary computes the uptime and the latency of all monitors in the background, for lists.
package summary

import (
	"math"
	"strconv"
	"time"

	"nanomon/services/common/store"
)

const (
	oneDay = 24 * time.Hour
	// long is the longer one of the two times whose uptime is known.
	long = 30 * oneDay
	// MaxStatusChanges is the maximum number of status changes of a monitor from which its uptime is computed. If there
	// are more, the uptime covers only the time since the oldest of the newest ones.
	MaxStatusChanges = 10_000
)

// Summary describes the last hours and days of a monitor. All members are nil if they are not computed yet.
type Summary struct {
	// Uptime24h and Uptime30d are percentages, rounded down to two decimals; nil if no time was checked.
	Uptime24h *float64 `json:"uptime24h"`
	Uptime30d *float64 `json:"uptime30d"`
	// P95 is the 95th percentile of the values of the last 24 hours with three digits; nil if there are none.
	P95 *float64 `json:"p95"`
}

// Snapshot contains the summaries of all monitors at a time. It never changes.
type Snapshot struct {
	// cleared is the time of the last deletion of all results.
	cleared time.Time
	// entries contains the summaries by monitor.
	entries map[string]entry
}

// entry is the summary of a monitor at the result with a number.
type entry struct {
	Summary
	number int64
}

// IsOutdated reports whether all results were deleted after the snapshot. cleared is the time of the last deletion.
func (s *Snapshot) IsOutdated(cleared time.Time) bool { return s != nil && !s.cleared.Equal(cleared) }

// Has reports whether the snapshot contains a monitor.
func (s *Snapshot) Has(monitorID string) bool {
	_, known := s.entries[monitorID]
	return known
}

// Of returns the summary of the monitor with this state, which may be nil. It is empty if it is unknown, or from before
// the deletion of the monitor's results. The snapshot may be nil.
func (s *Snapshot) Of(monitorID string, state *store.State) Summary {
	if s == nil || state == nil {
		return Summary{}
	}
	e, known := s.entries[monitorID]
	if !known || beganAfter(state, e.number) {
		return Summary{}
	}
	return e.Summary
}

// beganAfter reports whether the history of a state began after the result with a number: the results before it were
// deleted.
func beganAfter(state *store.State, number int64) bool {
	history := state.History
	return len(history) > 0 && len(history) < store.HistoryLength && history[0].Number() > number
}

// Round rounds a value to three digits, and to a whole number if it is longer.
func Round(value float64) float64 {
	if math.Abs(value) >= 100 {
		return math.Round(value)
	}
	return Significant(value, 3)
}

// Significant rounds a value to a number of significant digits.
func Significant(value float64, digits int) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'g', digits, 64), 64) // always valid
	return rounded
}
