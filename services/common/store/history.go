package store

import (
	"iter"
	"slices"

	"nanomon/services/common/monitor"
)

// A state is the history of a monitor for its rule: [State.Previous] and [State.Counted] implement rule.History. A nil
// state is the history before the first result.

// Previous returns the outputs of the latest result.
func (s *State) Previous() map[string]any {
	if s == nil {
		return nil
	}
	return s.Latest.Outputs
}

// Counted iterates over the results that are not ignored, newest first.
func (s *State) Counted() iter.Seq2[monitor.Status, float64] {
	return func(yield func(monitor.Status, float64) bool) {
		if s == nil {
			return
		}
		for _, p := range slices.Backward(s.History) {
			if p.Ignored == "" && !yield(p.Status, p.Value) {
				return
			}
		}
	}
}

// AppendPoint appends a point to a history and drops the oldest point if the history is full. It may share memory with
// the old history, but never changes the points that the old history contains.
func AppendPoint(history []Point, p Point) []Point {
	if surplus := len(history) + 1 - HistoryLength; surplus > 0 {
		history = history[surplus:]
	}
	return append(history, p)
}
