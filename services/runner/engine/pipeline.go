package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// advance gives the state after result r, and the transitions that this is. A result that is not newer than
// the state leaves it. every is the interval at which results were expected.
func advance(prev *store.State, r monitor.Result, every time.Duration) (*store.State, []store.StatusChange) {
	if prev == nil {
		first := &store.State{MonitorID: r.MonitorID, Latest: r, Streak: 1, Since: r.Date, History: push(nil, r)}
		return first, append(exclusionChange("", r), transition(r, r.Date, store.ChangeStatus, "", r.Status.String()))
	}
	if !newer(r, prev.Latest) {
		return prev, nil
	}
	next := *prev
	next.Latest = r
	next.History = push(prev.History, r)
	if r.Status == prev.Latest.Status {
		next.Streak++
	} else {
		next.Streak, next.Since = 1, r.Date
	}
	return &next, append(exclusionChange(prev.Latest.Ignored, r), statusChanges(prev.Latest, r, every)...)
}

// statusChanges are the transitions of the status between two results in a row. When results are missing between them, the
// status was unchecked from when the first missing one was due.
func statusChanges(prev, r monitor.Result, every time.Duration) []store.StatusChange {
	was, is := prev.Status.String(), r.Status.String()
	if r.Date.Sub(prev.Date) > monitor.StaleAfter(every) {
		return []store.StatusChange{
			transition(r, prev.Date.Add(every), store.ChangeStatus, was, store.Unchecked),
			transition(r, r.Date, store.ChangeStatus, store.Unchecked, is),
		}
	}
	if was == is {
		return nil
	}
	return []store.StatusChange{transition(r, r.Date, store.ChangeStatus, was, is)}
}

// exclusionChange is the transition from the exclusion was to that of r, if they differ.
func exclusionChange(was monitor.IgnoreReason, r monitor.Result) []store.StatusChange {
	if was == r.Ignored {
		return nil
	}
	from, to := cmp.Or(string(was), store.Counted), cmp.Or(string(r.Ignored), store.Counted)
	return []store.StatusChange{transition(r, r.Date, store.ChangeIgnored, from, to)}
}

func transition(r monitor.Result, at time.Time, track store.ChangeKind, from, to string) store.StatusChange {
	return store.StatusChange{MonitorID: r.MonitorID, Date: monitor.Date(at), Kind: track, From: from, To: to}
}

// push appends r to a history and drops the oldest point beyond its length. Slices handed out before stay as they
// are: only what lies behind their end is written.
func push(history []store.Point, r monitor.Result) []store.Point {
	if surplus := len(history) + 1 - store.HistoryLength; surplus > 0 {
		history = history[surplus:]
	}
	return append(history, store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored})
}

func newer(a, b monitor.Result) bool {
	return cmp.Or(a.Date.Compare(b.Date), strings.Compare(a.ID, b.ID)) > 0
}

// newest is the state with the newer result; either may be nil.
func newest(a, b *store.State) *store.State {
	if a == nil || b != nil && newer(b.Latest, a.Latest) {
		return b
	}
	return a
}

// since is what is left of a state when results from before cleared no longer count; nil when nothing is.
func since(s *store.State, cleared time.Time) *store.State {
	tooOld := func(p store.Point) bool { return p.Date.Before(cleared) }
	if s == nil || !s.Since.Before(cleared) && !slices.ContainsFunc(s.History, tooOld) {
		return s
	}
	if s.Latest.Date.Before(cleared) {
		return nil
	}
	left := *s
	left.History = slices.DeleteFunc(slices.Clone(s.History), tooOld)
	left.Streak, left.Since = 0, s.Latest.Date
	for _, p := range slices.Backward(left.History) {
		if p.Status != s.Latest.Status {
			break
		}
		left.Streak++
		left.Since = p.Date
	}
	return &left
}
