package report

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

const day = 24 * time.Hour

// The resolutions of a [Latency].
const (
	resolutionHour = "hour"
	resolutionDay  = "day"
)

// Latency summarizes the values of the results that are not failed.
type Latency struct {
	Avg float64 `json:"avg"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
	// Resolution is "hour" if From and To are at most an hour outside of the period. It is "day" if only whole days in UTC
	// are left of a day that is partly in the period.
	Resolution string    `json:"resolution"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
}

// latencySpan divides a span into whole days in UTC, whose rollups are read, and other days, whose hours are read too.
type latencySpan struct {
	// from and to are the span, extended to whole hours, without the current hour.
	from, to time.Time
	zone     *time.Location
	// recent is the day from which rollups of days may be incomplete: they are computed some time after the day.
	recent time.Time
}

func newLatencySpan(span Span, now time.Time) latencySpan {
	s := latencySpan{
		from: span.From.UTC().Truncate(time.Hour), to: span.To.Add(time.Hour - 1).UTC().Truncate(time.Hour),
		zone: span.From.Location(), recent: now.UTC().Truncate(day).Add(-day),
	}
	if complete := now.UTC().Truncate(time.Hour); complete.Before(s.to) {
		s.to = complete
	}
	return s
}

// isDivided reports whether the hours of the day that begins at start are read.
func (s latencySpan) isDivided(start time.Time) bool {
	return start.Before(s.from) || start.Add(day).After(s.to) || !start.Before(s.recent)
}

// divided returns the runs of days whose hours are read. There are at most two: at the start and at the end.
func (s latencySpan) divided() []Span {
	var runs []Span
	for start := s.from.Truncate(day); start.Before(s.to); start = start.Add(day) {
		last := len(runs) - 1
		switch {
		case !s.isDivided(start):
		case last >= 0 && runs[last].To.Equal(start):
			runs[last].To = start.Add(day)
		default:
			runs = append(runs, Span{From: start, To: start.Add(day)})
		}
	}
	return runs
}

// latencies contains the rollups of monitors by id.
type latencies struct {
	span     latencySpan
	monitors map[string]*values
}

// values adds up the rollups of a monitor.
type values struct {
	// whole adds up the days that are not divided.
	whole *rollup.Aggregate
	// divided contains the other days by their start.
	divided map[time.Time]*dividedDay
	err     error
}

// dividedDay contains the rollup of a day, and the sum of its hours. Some hours may be deleted already.
type dividedDay struct {
	all *rollup.Aggregate
	// hours is the number of results in all hours. inside adds up the hours in the span.
	hours  int
	inside *rollup.Aggregate
}

func readLatencies(ctx context.Context, s Store, ids []string, span Span, now time.Time) (latencies, error) {
	l := latencies{span: newLatencySpan(span, now), monitors: make(map[string]*values, len(ids))}
	for _, id := range ids {
		l.monitors[id] = &values{whole: rollup.New(), divided: make(map[time.Time]*dividedDay)}
	}
	err := s.EachRollup(ctx, ids, store.Day, l.span.from.Truncate(day), l.span.to, l.add)
	for _, run := range l.span.divided() {
		if err == nil {
			err = s.EachRollup(ctx, ids, store.Hour, run.From, run.To, l.add)
		}
	}
	for _, v := range l.monitors {
		err = errors.Join(err, v.err)
	}
	return l, err
}

// add adds a rollup to the values of its monitor.
func (l latencies) add(r store.Rollup) {
	v := l.monitors[r.MonitorID]
	sum, err := rollup.Decode(r.Summary)
	switch {
	case err != nil:
		v.err = fmt.Errorf("rollup of the %s from %s: %w", r.Period, r.Start, err)
	case r.Period == store.Hour:
		inside := !r.Start.Before(l.span.from) && r.Start.Before(l.span.to)
		v.err = errors.Join(v.err, v.day(r.Start.Truncate(day)).addHour(sum, inside))
	case l.span.isDivided(r.Start):
		v.day(r.Start).all = sum
	default:
		v.err = errors.Join(v.err, v.whole.Merge(sum))
	}
}

func (v *values) day(start time.Time) *dividedDay {
	if v.divided[start] == nil {
		v.divided[start] = &dividedDay{all: rollup.New(), inside: rollup.New()}
	}
	return v.divided[start]
}

func (d *dividedDay) addHour(sum *rollup.Aggregate, inside bool) error {
	d.hours += sum.Total()
	if !inside {
		return nil
	}
	return d.inside.Merge(sum)
}

// of returns the latency of a monitor, nil if it has no values.
func (l latencies) of(id string) (*Latency, error) {
	v := l.monitors[id]
	latency := &Latency{Resolution: resolutionHour, From: l.span.from, To: l.span.to}
	for _, start := range slices.SortedFunc(maps.Keys(v.divided), time.Time.Compare) {
		d := v.divided[start]
		sum := d.inside
		if d.hours < d.all.Total() {
			sum, latency.Resolution = d.all, resolutionDay
			latency.extend(start)
		}
		if err := v.whole.Merge(sum); err != nil {
			return nil, err
		}
	}
	latency.From, latency.To = latency.From.In(l.span.zone), latency.To.In(l.span.zone)
	var known bool
	if latency.Avg, known = v.whole.Average(); !known {
		return nil, nil
	}
	latency.Max = v.whole.Max
	for q, into := range map[float64]*float64{0.5: &latency.P50, 0.95: &latency.P95, 0.99: &latency.P99} {
		*into, _ = v.whole.Quantile(q)
	}
	return latency, nil
}

// extend extends the time to the day that begins at start.
func (l *Latency) extend(start time.Time) {
	if start.Before(l.From) {
		l.From = start
	}
	if end := start.Add(day); end.After(l.To) {
		l.To = end
	}
}
