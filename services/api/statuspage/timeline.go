package statuspage

import (
	"slices"
	"time"

	"nanomon/services/common/uptime"
)

// extension returns the periods from the end of the known time to now.
func (t *tracked) extension(now time.Time) []uptime.Period {
	var periods []uptime.Period
	at, after := t.end, uptime.Unchecked
	switch t.kind {
	case uptime.Disabled, uptime.Unchecked:
		after = t.kind
	default:
		until := t.latest.Add(t.stale)
		if until.After(now) {
			until = now
		}
		if until.After(at) {
			periods, at = append(periods, uptime.Period{From: at, To: until, Kind: t.kind}), until
		}
	}
	if now.After(at) {
		periods = append(periods, uptime.Period{From: at, To: now, Kind: after})
	}
	return periods
}

// needsRead reports whether history should be read although nothing is known to have changed.
func (t *tracked) needsRead(now time.Time) bool {
	return t.isFullDue(now) || t.hasResponse && t.recent.IsDue(now)
}

const (
	// edgeLength is the time that the edge of a monitor covers: more than what expires between two complete reads.
	edgeLength = fullAfter + 2*time.Hour
	// maxEdge is the maximum number of periods in the edge.
	maxEdge = 100
)

// expire makes the time before a date unknown. If the edge does not contain what has expired since the last time,
// everything must be read.
func (t *tracked) expire(expired time.Time) {
	isShown := func(log *dayLog) bool { return expired.After(log.calendar.starts[0]) }
	if t.full.IsZero() || !expired.After(t.expired) || !slices.ContainsFunc(t.days, isShown) {
		return
	}
	if expired.After(t.edgeEnd) {
		t.full = t.full.Add(-fullAfter)
		return
	}
	for _, log := range t.days {
		log.forget(between(t.edge, t.expired, expired))
	}
	t.expired = expired
	t.changed()
}

// setEdge sets the edge after a complete read of the history.
func (t *tracked) setEdge(periods []uptime.Period, expired time.Time) {
	t.expired, t.edge, t.edgeEnd = expired, between(periods, expired, expired.Add(edgeLength)), time.Time{}
	if len(t.edge) > maxEdge {
		t.edge = nil
	} else if n := len(t.edge); n > 0 {
		t.edgeEnd = t.edge[n-1].To
	}
}

// between returns the parts of periods between two dates.
func between(periods []uptime.Period, from, to time.Time) (parts []uptime.Period) {
	for _, p := range periods {
		if p.From.Before(from) {
			p.From = from
		}
		if p.To.After(to) {
			p.To = to
		}
		if p.From.Before(p.To) {
			parts = append(parts, p)
		}
	}
	return parts
}

// isFullDue reports whether all status changes must be read.
func (t *tracked) isFullDue(now time.Time) bool {
	return t.full.IsZero() || now.Sub(t.full) >= fullAfter
}

// readFrom returns the time from which the status changes must be read: the start of a day in one of the time zones.
func (t *tracked) readFrom(now time.Time) time.Time {
	from := now
	for _, log := range t.days {
		if start := log.calendar.starts[t.firstDay(log, now)]; start.Before(from) {
			from = start
		}
	}
	return from
}

// firstDay returns the index of the first day that must be read.
func (t *tracked) firstDay(log *dayLog, now time.Time) int {
	if t.isFullDue(now) || !log.isKnown {
		return 0
	}
	from := t.end
	if !t.late.IsZero() && t.late.Before(from) {
		from = t.late
	}
	return log.calendar.indexOf(from.Add(-overlap))
}

// advance extends the known time to a date, from which on the monitor is of another kind.
func (t *tracked) advance(to time.Time, kind uptime.Kind, now time.Time) {
	if to.After(t.end) {
		passed := []uptime.Period{{From: t.end, To: to, Kind: t.kind}}
		for _, log := range t.days {
			log.add(log.calendar.indexOf(t.end), passed)
		}
		t.recent.Replace(t.end, passed, now)
		t.end = to
	}
	t.kind = kind
}

// replace replaces the known time from a date on by the stored history.
func (t *tracked) replace(h *history, from, now time.Time) {
	periods := h.periods(t.monitor, from, now)
	for _, log := range t.days {
		log.follow()
		first := t.firstDay(log, now)
		clear(log.days[first:])
		log.add(first, periods)
		log.isKnown = true
	}
	t.recent.Replace(from, periods, now)
	if t.isFullDue(now) {
		t.full = now
		t.setEdge(periods, h.expired)
	} else if from.Before(t.edgeEnd) {
		t.edge, t.edgeEnd = nil, time.Time{} // They may be different now.
	}
	if !t.isDue { // Otherwise the history may not contain the late result.
		t.late = time.Time{}
	}
	t.end, t.kind = from, uptime.Unchecked
	if n := len(periods); n > 0 {
		t.end, t.kind = periods[n-1].To, periods[n-1].Kind
	}
}
