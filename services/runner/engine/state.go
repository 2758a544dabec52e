package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// advance returns the state after result r, and the status changes between prev and r. If r is not newer than prev, it
// returns prev and no changes. The interval is the expected time between two results.
func advance(prev *store.State, r monitor.Result, interval time.Duration) (*store.State, []store.StatusChange) {
	if prev == nil {
		first := &store.State{MonitorID: r.MonitorID, Latest: r, Streak: 1, Since: r.Date, History: appendPoint(nil, r)}
		return first, append(ignoreChanges("", r), newChange(r, r.Date, store.ChangeStatus, "", r.Status.String()))
	}
	if !newer(r, prev.Latest) {
		return prev, nil
	}
	next := *prev
	next.Latest = r
	next.History = appendPoint(prev.History, r)
	if r.Status == prev.Latest.Status {
		next.Streak++
	} else {
		next.Streak, next.Since = 1, r.Date
	}
	return &next, append(ignoreChanges(prev.Latest.Ignored, r), statusChanges(prev.Latest, r, interval)...)
}

// statusChanges returns the changes of the status between two consecutive results. If results are missing between them,
// the status is "unchecked" from the time at which the first missing result was due.
func statusChanges(prev, r monitor.Result, interval time.Duration) []store.StatusChange {
	from, to := prev.Status.String(), r.Status.String()
	if r.Date.Sub(prev.Date) > monitor.StaleAfter(interval) {
		return []store.StatusChange{
			newChange(r, prev.Date.Add(interval), store.ChangeStatus, from, store.Unchecked),
			newChange(r, r.Date, store.ChangeStatus, store.Unchecked, to),
		}
	}
	if from == to {
		return nil
	}
	return []store.StatusChange{newChange(r, r.Date, store.ChangeStatus, from, to)}
}

// ignoreChanges returns the change from the previous ignore reason to the reason of r, if they differ.
func ignoreChanges(prev monitor.IgnoreReason, r monitor.Result) []store.StatusChange {
	if prev == r.Ignored {
		return nil
	}
	from, to := cmp.Or(string(prev), store.Counted), cmp.Or(string(r.Ignored), store.Counted)
	return []store.StatusChange{newChange(r, r.Date, store.ChangeIgnored, from, to)}
}

func newChange(r monitor.Result, at time.Time, kind store.ChangeKind, from, to string) store.StatusChange {
	return store.StatusChange{MonitorID: r.MonitorID, Date: monitor.Date(at), Kind: kind, From: from, To: to}
}

// appendPoint appends r to a history and drops the oldest point if the history is full. It may share memory with the
// old history, but never changes the points that the old history contains.
func appendPoint(history []store.Point, r monitor.Result) []store.Point {
	if surplus := len(history) + 1 - store.HistoryLength; surplus > 0 {
		history = history[surplus:]
	}
	return append(history, store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored})
}

// newer reports whether a is newer than b, by (date, id).
func newer(a, b monitor.Result) bool {
	return cmp.Or(a.Date.Compare(b.Date), strings.Compare(a.ID, b.ID)) > 0
}

// newerState returns the state with the newer result. Either may be nil.
func newerState(a, b *store.State) *store.State {
	if a == nil || b != nil && newer(b.Latest, a.Latest) {
		return b
	}
	return a
}

// dropBefore returns the state without the results before cleared, or nil if no result is left. It does not change s.
func dropBefore(s *store.State, cleared time.Time) *store.State {
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
