package summary

import (
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

const (
	// settle is the time after the end of an hour at which its rollups exist, if the runner works.
	settle = 10 * time.Minute
	// fullAfter is the time after which all status changes of a monitor are read again: a runner may have stored some late,
	// or corrected them.
	fullAfter = oneDay
	// overlap is how far a read of new status changes goes back beyond the last known result.
	overlap = time.Hour
)

// tracked contains what the summary of a monitor is computed from.
type tracked struct {
	seen     seen
	timeline timeline
	values   values
	// isDue reports whether history must be read: the monitor is new, its status has changed, or an hour has ended.
	isDue bool
	// hour is the last hour with rollups that were read; zero if none were read.
	hour time.Time
	// full is the time of the last complete read of the status changes; zero before the first one.
	full time.Time
	// complete is the date of the newest result before which all status changes are known.
	complete time.Time
}

// seen identifies a state of a monitor, as far as the status changes depend on it.
type seen struct {
	updated, since time.Time
	status         monitor.Status
	ignored        monitor.IgnoreReason
	// latest and number are the date and the sequence number of the newest result; zero if there is none.
	latest time.Time
	number int64
}

func newSeen(m monitor.Monitor, state *store.State) seen {
	s := seen{updated: m.Updated}
	if state != nil {
		s.since, s.status, s.ignored = state.Since, state.Latest.Status, state.Latest.Ignored
		s.latest, s.number = state.Latest.Date, state.Number()
	}
	return s
}

// isReset reports whether the results that were seen have been deleted since.
func (s seen) isReset(state *store.State) bool {
	if state == nil {
		return s.number != 0
	}
	return state.Number() < s.number || s.number != 0 && beganAfter(state, s.number)
}

// follow takes over the newest results of a monitor, whose state may be nil.
func (t *tracked) follow(m monitor.Monitor, state *store.State, now time.Time) {
	previous, next := t.seen, newSeen(m, state)
	points := newPoints(state, previous.number)
	t.seen = next
	t.isDue = t.isDue || t.full.IsZero() || now.Sub(t.full) >= fullAfter || !t.hour.Equal(hourOf(now)) ||
		!continues(previous, next, points, monitor.StaleAfter(m.Every()))
	if !t.isDue && state != nil {
		t.timeline.extend(staleAt(m, state, now))
		t.complete = next.latest
	}
	t.values.add(points, now)
}

// newPoints returns the points of a state after the result with a number.
func newPoints(state *store.State, number int64) []store.Point {
	if state == nil {
		return nil
	}
	for i, p := range state.History {
		if p.Number() > number {
			return state.History[i:]
		}
	}
	return nil
}

// continues reports whether no status change lies between two states. points are the results between them, as far as the
// history contains them. The status cannot have changed if it began at the same time.
func continues(previous, next seen, points []store.Point, stale time.Duration) bool {
	same := previous
	same.latest, same.number = next.latest, next.number
	if same != next {
		return false
	}
	at := previous.latest
	if len(points) == store.HistoryLength {
		at = points[0].Date
	}
	for _, p := range points {
		if gap := p.Date.Sub(at); gap > stale || gap < 0 || p.Ignored != next.ignored {
			return false
		}
		at = p.Date
	}
	return at.Equal(next.latest)
}

// staleAt returns the time until which the latest result shows the status, at most now.
func staleAt(m monitor.Monitor, state *store.State, now time.Time) time.Time {
	if at := state.Latest.Date.Add(monitor.StaleAfter(m.Every())); at.Before(now) {
		return at
	}
	return now
}

// hourOf returns the last hour before which all hours should have rollups.
func hourOf(now time.Time) time.Time { return now.Add(-settle).Truncate(time.Hour) }

// readFrom returns the date from which the status changes must be read.
func (t *tracked) readFrom(now time.Time) time.Time {
	first := startOf(now, long, coarseCell)
	if t.full.IsZero() || now.Sub(t.full) >= fullAfter || t.complete.IsZero() {
		return time.UnixMilli(first).UTC()
	}
	from := t.complete.Add(-overlap).UnixMilli()
	return time.UnixMilli(max(first, from-from%coarseCell)).UTC()
}

// knownValues returns the values whose rollups need not be read again; none if everything must be read.
func (t *tracked) knownValues(now time.Time) values {
	if t.full.IsZero() || now.Sub(t.full) >= fullAfter {
		return values{}
	}
	return t.values
}

// load replaces the history from a date on. changes are the status changes since, newest first, and state is not older
// than these; nil if there is none.
func (t *tracked) load(m monitor.Monitor, from, now time.Time, state *store.State, changes []store.StatusChange, r *rollups) error {
	start, end := from, now
	if len(changes) >= MaxStatusChanges {
		changes = changes[:MaxStatusChanges]
		start = changes[MaxStatusChanges-1].Date
	}
	if state != nil {
		end = staleAt(m, state, now) // Nothing counts afterwards.
		t.complete = state.Latest.Date
	}
	t.timeline.replace(from, uptime.Periods(start, end, m, state, changes, time.Time{}), now)
	if from.Equal(time.UnixMilli(startOf(now, long, coarseCell))) {
		t.full = now
	}
	t.isDue, t.hour = false, hourOf(now)
	var err error
	t.values, err = r.values(t.values.open)
	return err
}

// summary returns the figures at now. They leave out the time whose status changes have expired.
func (t *tracked) summary(now, expired time.Time) (Summary, error) {
	p95, err := t.values.p95(time.UnixMilli(startOf(now, oneDay, fineCell)))
	return Summary{
		Uptime24h: t.timeline.percent(max(startOf(now, oneDay, fineCell), expired.UnixMilli())),
		Uptime30d: t.timeline.percent(max(startOf(now, long, coarseCell), expired.UnixMilli())),
		P95:       p95,
	}, err
}
