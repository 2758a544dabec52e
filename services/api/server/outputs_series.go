package server

import (
	"cmp"
	"fmt"
	"strings"

	"nanomon/services/common/probe"
)

// outputSeries contains the average, minimum and maximum of an output by bucket; nil for a bucket without a number.
type outputSeries struct {
	Name  string     `json:"name"`
	Title string     `json:"title"`
	Unit  string     `json:"unit"`
	Avg   []*float64 `json:"avg"`
	Min   []*float64 `json:"min"`
	Max   []*float64 `json:"max"`
	// buckets is nil until there is a number.
	buckets []numberSummary
}

// numberSummary summarizes the numbers in a bucket.
type numberSummary struct {
	count         int
	sum, min, max float64
}

// newOutputSeries returns an empty series for each output of a type that may be a number. Of a series of outputs, such as
// resultN, it has the first ones.
func newOutputSeries(spec probe.Spec) (all []*outputSeries) {
	for _, o := range spec.Outputs {
		prefix, isSeries := strings.CutSuffix(o.Name, "N")
		switch {
		case !o.IsNumeric():
		case isSeries:
			for i := range maxOutputs {
				name := fmt.Sprint(prefix, i+1)
				all = append(all, &outputSeries{Name: name, Title: name, Unit: o.Unit})
			}
		default:
			all = append(all, &outputSeries{Name: o.Name, Title: cmp.Or(o.Title, o.Name), Unit: o.Unit})
		}
	}
	return all
}

// add adds a number to one of the buckets.
func (s *outputSeries) add(number float64, bucket, buckets int) {
	if s.buckets == nil {
		s.buckets = make([]numberSummary, buckets)
	}
	b := &s.buckets[bucket]
	if b.count == 0 {
		b.min, b.max = number, number
	}
	b.count++
	b.sum, b.min, b.max = b.sum+number, min(b.min, number), max(b.max, number)
}

// withNumbers returns the first series that have numbers, with their averages, minima and maxima.
func withNumbers(all []*outputSeries) []*outputSeries {
	found := []*outputSeries{}
	for _, s := range all {
		if s.buckets == nil || len(found) == maxOutputs {
			continue
		}
		for i := range s.buckets {
			b := &s.buckets[i]
			known := b.count > 0
			avg := max(b.min, min(b.max, b.sum/float64(b.count))) // The sum of very large numbers is infinite.
			s.Avg = append(s.Avg, optional(avg, known))
			s.Min, s.Max = append(s.Min, optional(b.min, known)), append(s.Max, optional(b.max, known))
		}
		found = append(found, s)
	}
	return found
}
