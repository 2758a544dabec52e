// Package rollup sums up many results: counts by status and a latency sketch that can be merged. It knows
// neither store nor schedule.
package rollup

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"

	"nanomon/services/common/monitor"
)

// RelativeAccuracy bounds the error of a quantile: it differs from the true value by at most this part of it.
const RelativeAccuracy = 0.01

// maxBins bounds the size of a sketch. At 1 % accuracy 1,024 bins span nine decades of values; beyond
// that the smallest values share a bin.
const maxBins = 1024

// Summary is what is known of a set of results. Make one with [New].
type Summary struct {
	// Counts are the numbers of results by status.
	Counts [3]int
	// Sum, Min and Max are those of the values of the answered results, so of status OK or
	// error; 0 when there is none.
	Sum, Min, Max float64
	values        *ddsketch.DDSketch
}

// New is the summary of no results.
func New() *Summary {
	m, err := mapping.NewLogarithmicMapping(RelativeAccuracy)
	if err != nil {
		panic(err) // only for an accuracy outside (0, 1), and it is a constant
	}
	return &Summary{values: ddsketch.NewDDSketchFromStoreProvider(m, newBins)}
}

func newBins() store.Store { return store.NewCollapsingLowestDenseStore(maxBins) }

// Add counts one result. A value that is no finite number is counted by its status only.
func (s *Summary) Add(status monitor.Status, value float64) {
	if status < monitor.StatusOK || status > monitor.StatusFailed {
		status = monitor.StatusFailed
	}
	s.Counts[status]++
	first := s.values.IsEmpty()
	if status == monitor.StatusFailed || s.values.Add(value) != nil {
		return
	}
	s.include(first, value, value, value)
}

// Merge adds what other sums up.
func (s *Summary) Merge(other *Summary) error {
	for status, n := range other.Counts {
		s.Counts[status] += n
	}
	if other.values.IsEmpty() {
		return nil
	}
	first := s.values.IsEmpty()
	if err := s.values.MergeWith(other.values); err != nil {
		return fmt.Errorf("merge latency sketches: %w", err)
	}
	s.include(first, other.Sum, other.Min, other.Max)
	return nil
}

func (s *Summary) include(first bool, sum, low, high float64) {
	if first {
		s.Sum, s.Min, s.Max = sum, low, high
		return
	}
	// A sum beyond what a float64 holds stays at its edge, because JSON has no infinity.
	s.Sum = math.Max(-math.MaxFloat64, math.Min(math.MaxFloat64, s.Sum+sum))
	s.Min = math.Min(s.Min, low)
	s.Max = math.Max(s.Max, high)
}

// Answered is how many values Sum, Min, Max and the quantiles are made of.
func (s *Summary) Answered() int { return int(s.values.GetCount()) }

// Total is the number of results of any status.
func (s *Summary) Total() int { return s.Counts[0] + s.Counts[1] + s.Counts[2] }

// Average is the mean of the values; false when there is none.
func (s *Summary) Average() (float64, bool) {
	if s.values.IsEmpty() {
		return 0, false
	}
	return s.Sum / s.values.GetCount(), true
}

// Quantile is the value below which the part q (0 to 1) of the values lies, within
// [RelativeAccuracy]; false when there is none.
func (s *Summary) Quantile(q float64) (float64, bool) {
	value, err := s.values.GetValueAtQuantile(q)
	if err != nil {
		return 0, false
	}
	return math.Min(math.Max(value, s.Min), s.Max), true
}

// encoded is the stored form of a Summary.
type encoded struct {
	Counts [3]int  `json:"counts"`
	Sum    float64 `json:"sum"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	// Values is the sketch in its library's own binary form, without its mapping.
	Values []byte `json:"values,omitempty"`
}

// Encode is the summary as bytes; see [Decode].
func (s *Summary) Encode() []byte {
	e := encoded{Counts: s.Counts, Sum: s.Sum, Min: s.Min, Max: s.Max}
	if !s.values.IsEmpty() {
		s.values.Encode(&e.Values, true)
	}
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // only for numbers that are not finite, which Add refuses
	}
	return data
}

// Decode reads what [Summary.Encode] wrote.
func Decode(data []byte) (*Summary, error) {
	var e encoded
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("decode summary: %w", err)
	}
	s := New()
	s.Counts, s.Sum, s.Min, s.Max = e.Counts, e.Sum, e.Min, e.Max
	if len(e.Values) > 0 {
		if err := s.values.DecodeAndMergeWith(e.Values); err != nil {
			return nil, fmt.Errorf("decode latency sketch: %w", err)
		}
	}
	return s, nil
}
