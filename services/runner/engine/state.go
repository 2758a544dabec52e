package engine

import (
	"cmp"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// advance returns the state after result r, and the status changes between prev and r. The interval is the expected
// time between two results. If r has an earlier date than prev, the clock was set back.
func advance(prev *store.State, r monitor.Result, interval time.Duration) (*store.State, []store.StatusChange) {
	if prev == nil {
		first := &store.State{MonitorID: r.MonitorID, Latest: r, Streak: 1, Since: r.Date}
		first.History = appendPoint(nil, first)
		changes := append(ignoreChanges(first, "", false), newChange(first, store.ChangeStatus, "", r.Status.String()))
		return first, changes
	}
	next := *prev
	next.Latest, next.Sequence = r, store.NextSequence(prev.Number(), r.Date)
	next.History = appendPoint(prev.History, &next)
	if r.Status == prev.Latest.Status {
		next.Streak++
	} else {
		next.Streak, next.Since = 1, r.Date
	}
	back := r.Date.Before(prev.Latest.Date)
	if next.Since.After(r.Date) {
		next.Since = r.Date
	}
	return &next, append(ignoreChanges(&next, prev.Latest.Ignored, back), statusChanges(prev, &next, interval, back)...)
}

// statusChanges returns the changes of the status between two consecutive states. If results are missing between them,
// the status is "unchecked" from the time at which the first missing result was due. If the clock was set back, there
// is always a change: it supersedes the changes of later dates.
func statusChanges(prev, next *store.State, interval time.Duration, back bool) []store.StatusChange {
	from, to := prev.Latest.Status.String(), next.Latest.Status.String()
	if next.Latest.Date.Sub(prev.Latest.Date) > monitor.StaleAfter(interval) {
		return uncheckedChanges(prev, next, prev.Latest.Date.Add(interval))
	}
	if from == to && !back {
		return nil
	}
	return []store.StatusChange{newChange(next, store.ChangeStatus, from, to)}
}

// uncheckedChanges returns the changes between two states if the status was unknown from since on.
func uncheckedChanges(prev, next *store.State, since time.Time) []store.StatusChange {
	since = monitor.Date(since)
	return []store.StatusChange{
		{
			MonitorID: next.MonitorID, Date: since, Kind: store.ChangeStatus,
			From: prev.Latest.Status.String(), To: store.Unchecked, Sequence: store.NextSequence(prev.Number(), since),
		},
		newChange(next, store.ChangeStatus, store.Unchecked, next.Latest.Status.String()),
	}
}

// ignoreChanges returns the change from the previous ignore reason to that of the latest result of s, if they differ or
// if the clock was set back.
func ignoreChanges(s *store.State, prev monitor.IgnoreReason, back bool) []store.StatusChange {
	if prev == s.Latest.Ignored && !back {
		return nil
	}
	from, to := cmp.Or(string(prev), store.Counted), cmp.Or(string(s.Latest.Ignored), store.Counted)
	return []store.StatusChange{newChange(s, store.ChangeIgnored, from, to)}
}

// newChange returns a change that the latest result of s causes.
func newChange(s *store.State, kind store.ChangeKind, from, to string) store.StatusChange {
	return store.StatusChange{
		MonitorID: s.MonitorID, Date: monitor.Date(s.Latest.Date), Kind: kind, From: from, To: to, Sequence: s.Sequence,
	}
}

// appendPoint appends the latest result of s to a history and drops the oldest point if the history is full. It may
// share memory with the old history, but never changes the points that the old history contains.
func appendPoint(history []store.Point, s *store.State) []store.Point {
	if surplus := len(history) + 1 - store.HistoryLength; surplus > 0 {
		history = history[surplus:]
	}
	r := s.Latest
	return append(history, store.Point{
		Sequence: s.Sequence, Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored, Warning: r.IsWarning(),
	})
}

// newerState returns the newer state. Either may be nil.
func newerState(a, b *store.State) *store.State {
	if a == nil || b != nil && b.IsNewerThan(a) {
		return b
	}
	return a
}

// newerPushState returns the newer push state. Either may be nil.
func newerPushState(a, b *store.PushState) *store.PushState {
	if a == nil || b != nil && b.IsNewerThan(*a) {
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
