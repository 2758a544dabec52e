package summary

import (
	"math"
	"time"

	"nanomon/services/common/uptime"
)

const (
	// maxExact is the maximum number of spans that are kept exactly.
	maxExact = 64
	// fineCell and coarseCell are the lengths of the cells of a condensed timeline: within the last day and before. The
	// times whose uptime is asked for start at the boundaries of cells.
	fineCell   = int64(5 * time.Minute / time.Millisecond)
	coarseCell = int64(2 * time.Hour / time.Millisecond)
)

// share is the part of a time that was OK, and the part that counts for the uptime.
type share struct{ ok, checked float32 }

// span is a time with a constant share. It ends at the start of the next one.
type span struct {
	// start is in milliseconds since 1970.
	start int64
	share
}

// timeline describes when a monitor was OK. The zero value is empty. A monitor that changes its status often has a
// condensed timeline: at most one span for each 5 minutes of the last day, and for each 2 hours before.
type timeline struct {
	spans []span
	// end is the end of the last span in milliseconds since 1970.
	end int64
	// current is the share of the monitor's present status.
	current share
}

// shareOf returns the share of a period.
func shareOf(kind uptime.Kind) share {
	switch kind {
	case uptime.OK:
		return share{1, 1}
	case uptime.Error, uptime.Failed:
		return share{0, 1}
	default:
		return share{}
	}
}

// replace replaces the time from a date on by periods. It removes what is before the 30 days that end at now.
func (t *timeline) replace(from time.Time, periods []uptime.Period, now time.Time) {
	spans := t.before(startOf(now, long, coarseCell), from.UnixMilli())
	t.end = from.UnixMilli()
	add := func(start int64, s share) {
		if last := len(spans) - 1; last < 0 || spans[last].share != s {
			spans = append(spans, span{start, s})
		}
	}
	t.current = share{}
	if len(periods) > 0 && periods[0].From.After(from) {
		add(t.end, share{}) // nothing is known about this time
	}
	for _, p := range periods {
		t.current = shareOf(p.Kind)
		add(p.From.UnixMilli(), t.current)
		t.end = p.To.UnixMilli()
	}
	t.spans = spans
	if len(spans) > maxExact {
		t.spans = condense(spans, t.end, startOf(now, oneDay, coarseCell))
	}
}

// before returns the spans between two dates.
func (t *timeline) before(from, to int64) []span {
	var spans []span
	for i, s := range t.spans {
		if s.start < to && t.endOf(i) > from {
			spans = append(spans, span{max(s.start, from), s.share})
		}
	}
	return spans
}

// endOf returns the end of the span with an index.
func (t *timeline) endOf(i int) int64 {
	if i+1 < len(t.spans) {
		return t.spans[i+1].start
	}
	return t.end
}

// condense replaces the spans that end at end by cells, which are finer from a date on.
func condense(spans []span, end, fine int64) []span {
	var cells []span
	var ok, checked float64 // of the cell that begins at start
	start := spans[0].start
	for i, s := range spans {
		to := end
		if i+1 < len(spans) {
			to = spans[i+1].start
		}
		for at := s.start; at < to; {
			limit := cellEnd(at, fine)
			next := min(to, limit)
			ok += float64(s.ok) * float64(next-at)
			checked += float64(s.checked) * float64(next-at)
			if at = next; at == limit || at == end {
				length := float64(at - start)
				cell := share{float32(ok / length), float32(checked / length)}
				if last := len(cells) - 1; last < 0 || cells[last].share != cell {
					cells = append(cells, span{start, cell})
				}
				start, ok, checked = at, 0, 0
			}
		}
	}
	return cells
}

// cellEnd returns the end of the cell that contains a date.
func cellEnd(at, fine int64) int64 {
	cell := coarseCell
	if at >= fine {
		cell = fineCell
	}
	return (at/cell + 1) * cell
}

// extend adds the time until a date, during which the status has not changed.
func (t *timeline) extend(to time.Time) {
	end := to.UnixMilli()
	if end <= t.end {
		return
	}
	if last := len(t.spans) - 1; last < 0 || t.spans[last].share != t.current {
		t.spans = append(t.spans, span{t.end, t.current})
	}
	t.end = end
}

// percent returns the percentage of the checked time since a date that was OK, rounded down to two decimals; nil if no
// time was checked.
func (t *timeline) percent(from int64) *float64 { return Percent(t.sum(from)) }

// sum returns the time since a date that was OK and the time that was checked, in milliseconds.
func (t *timeline) sum(from int64) (ok, checked float64) {
	for i, s := range t.spans {
		if length := float64(t.endOf(i) - max(s.start, from)); length > 0 {
			ok += length * float64(s.ok)
			checked += length * float64(s.checked)
		}
	}
	return ok, checked
}

// Percent returns the percentage of the checked time that was OK, rounded down to two decimals; nil if no time was
// checked. Both times have the same unit.
func Percent(ok, checked float64) *float64 {
	if checked == 0 {
		return nil
	}
	percent := math.Floor(1e4*ok/checked+1e-7) / 100
	return &percent
}

// startOf returns the start of the time of a length that ends at now, in milliseconds since 1970, at the boundary of a
// cell.
func startOf(now time.Time, length time.Duration, cell int64) int64 {
	start := now.Add(-length).UnixMilli()
	return start - start%cell
}
