// Package rollup aggregates results: counts by status and a latency sketch that can be merged. It depends on no store.
package rollup

import (
	"fmt"
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"

	"nanomon/services/common/monitor"
)

// RelativeAccuracy is the maximum relative error of a quantile.
const RelativeAccuracy = 0.01

// maxBins limits the size of a sketch. At 1 % accuracy, 1,024 bins cover values that differ by a factor of up to 10^9.
// If they differ by more, the smallest values share a bin.
const maxBins = 1024

// Aggregate holds the counts, extremes and quantiles of a set of results. Create one with [New].
type Aggregate struct {
	// Counts holds the number of results by status.
	Counts [3]int
	// Sum, Min and Max aggregate the values of the results with the status OK or error; 0 if there are none.
	Sum, Min, Max float64
	values        *ddsketch.DDSketch
}

// New returns an empty aggregate.
func New() *Aggregate {
	m, err := mapping.NewLogarithmicMapping(RelativeAccuracy)
	if err != nil {
		panic(err) // Impossible: the constant accuracy is between 0 and 1.
	}
	return &Aggregate{values: ddsketch.NewDDSketchFromStoreProvider(m, newBins)}
}

func newBins() store.Store { return store.NewCollapsingLowestDenseStore(maxBins) }

// Add adds one result. A value that is not a finite number changes only the count of its status.
func (a *Aggregate) Add(status monitor.Status, value float64) {
	if status < monitor.StatusOK || status > monitor.StatusFailed {
		status = monitor.StatusFailed
	}
	a.Counts[status]++
	first := a.values.IsEmpty()
	if status == monitor.StatusFailed || a.values.Add(value) != nil {
		return
	}
	a.include(first, value, value, value)
}

// Merge adds the results of other.
func (a *Aggregate) Merge(other *Aggregate) error {
	for status, n := range other.Counts {
		a.Counts[status] += n
	}
	if other.values.IsEmpty() {
		return nil
	}
	first := a.values.IsEmpty()
	if err := a.values.MergeWith(other.values); err != nil {
		return fmt.Errorf("merge latency sketches: %w", err)
	}
	a.include(first, other.Sum, other.Min, other.Max)
	return nil
}

func (a *Aggregate) include(first bool, sum, low, high float64) {
	if first {
		a.Sum, a.Min, a.Max = sum, low, high
		return
	}
	// The sum is limited to the range of a float64, because JSON has no infinity.
	a.Sum = math.Max(-math.MaxFloat64, math.Min(math.MaxFloat64, a.Sum+sum))
	a.Min = math.Min(a.Min, low)
	a.Max = math.Max(a.Max, high)
}

// Answered returns the number of results that Sum, Min, Max and the quantiles include.
func (a *Aggregate) Answered() int { return int(a.values.GetCount()) }

// Total returns the number of results of any status.
func (a *Aggregate) Total() int { return a.Counts[0] + a.Counts[1] + a.Counts[2] }

// Average returns the mean of the values, or false if there are none.
func (a *Aggregate) Average() (float64, bool) {
	if a.values.IsEmpty() {
		return 0, false
	}
	return a.Sum / a.values.GetCount(), true
}

// Quantile returns the value at the quantile q (0 to 1), accurate to [RelativeAccuracy], or false if there are no
// values.
func (a *Aggregate) Quantile(q float64) (float64, bool) {
	value, err := a.values.GetValueAtQuantile(q)
	if err != nil {
		return 0, false
	}
	return math.Min(math.Max(value, a.Min), a.Max), true
}
