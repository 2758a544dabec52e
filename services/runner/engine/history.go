package engine

import (
	"iter"
	"slices"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// history gives a rule access to the results in a state, which is nil before the first result.
type history struct{ *store.State }

// Previous returns the outputs of the latest result.
func (h history) Previous() map[string]any {
	if h.State == nil {
		return nil
	}
	return h.Latest.Outputs
}

// Counted iterates over the results that are not ignored, newest first.
func (h history) Counted() iter.Seq2[monitor.Status, float64] {
	return func(yield func(monitor.Status, float64) bool) {
		if h.State == nil {
			return
		}
		for _, p := range slices.Backward(h.History) {
			if p.Ignored == "" && !yield(p.Status, p.Value) {
				return
			}
		}
	}
}
