package results

import (
	"slices"

	"nanomon/services/common/store"
)

func isEmpty(b store.Batch) bool { return len(b.Results)+len(b.StatusChanges) == 0 && !hasPush(b) }

func hasPush(b store.Batch) bool { return len(b.PushStates)+len(b.DonePings) > 0 }

// isSingle reports whether b can't be split: it has at most one document of each kind, and either push states or others.
func isSingle(b store.Batch) bool {
	others := max(len(b.Results), len(b.States), len(b.StatusChanges))
	return others == 0 && len(b.PushStates) <= 1 || others == 1 && !hasPush(b)
}

// split returns two parts of b: its halves, or what belongs to push monitors apart from the rest. The done pings are in
// the second part, with the push states as far as possible: they must be written after the results.
func split(b store.Batch) (first, second store.Batch) {
	second = b
	if others := max(len(b.Results), len(b.States), len(b.StatusChanges)); others == 0 {
		first.PushStates, second.PushStates = halve(b.PushStates)
		return first, second
	} else if others == 1 {
		first = store.Batch{Results: b.Results, States: b.States, StatusChanges: b.StatusChanges}
		return first, store.Batch{PushStates: b.PushStates, DonePings: b.DonePings}
	}
	first.Results, second.Results = halve(b.Results)
	first.States, second.States = halve(b.States)
	first.StatusChanges, second.StatusChanges = halve(b.StatusChanges)
	return first, second
}

func halve[T any](list []T) (first, second []T) {
	half := len(list) / 2
	return list[:half], list[half:]
}

// join returns the documents of both batches.
func join(a, b store.Batch) store.Batch {
	return store.Batch{
		Results:       slices.Concat(a.Results, b.Results),
		States:        slices.Concat(a.States, b.States),
		StatusChanges: slices.Concat(a.StatusChanges, b.StatusChanges),
		PushStates:    slices.Concat(a.PushStates, b.PushStates),
		DonePings:     slices.Concat(a.DonePings, b.DonePings),
	}
}
