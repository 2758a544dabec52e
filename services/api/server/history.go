package server

import (
	"context"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

const (
	// rawWindow is the longest window that is answered from single results.
	rawWindow = 6 * time.Hour
	// hourWindow is the longest window that has buckets of an hour.
	hourWindow = 14 * 24 * time.Hour
	// maxBuckets is how many buckets a window answered from single results has at most.
	maxBuckets = 72
)

// historyStore is where the past is read from.
type historyStore interface {
	Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error)
	Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) ([]store.Rollup, error)
}

// span is the time from from up to, but not including, to. It is in equal buckets, of which the first starts at from.
type span struct {
	from, to time.Time
	step     time.Duration
}

// newSpan has buckets for the time between two dates, of which the later is at most now.
func newSpan(from, to, now time.Time) span {
	step := 24 * time.Hour
	switch length := to.Sub(from); {
	case length <= rawWindow:
		step = rawStep(length)
	case length <= hourWindow:
		step = time.Hour
	}
	return span{from: from, to: to}.by(step, now)
}

// by is the span in buckets of another length, its bounds moved outwards to theirs: what is past is shown by whole ones.
func (s span) by(step time.Duration, now time.Time) span {
	end := s.to.Truncate(step)
	if end.Before(s.to) {
		end = end.Add(step)
	}
	if end.After(now) {
		end = now
	}
	return span{from: s.from.Truncate(step), to: end, step: step}
}

// rawStep is the shortest round length that splits window and one bucket more into no more than maxBuckets.
func rawStep(window time.Duration) time.Duration {
	for _, seconds := range []time.Duration{1, 2, 5, 10, 15, 30, 60, 120, 180, 300} {
		if step := seconds * time.Second; window/step < maxBuckets-1 {
			return step
		}
	}
	return 6 * time.Minute
}

// buckets is how many there are; the last may be cut short.
func (s span) buckets() int { return int((s.to.Sub(s.from) + s.step - 1) / s.step) }

// portion sums up results from start on, within one bucket.
type portion struct {
	start   time.Time
	summary *rollup.Aggregate
}

// readHistory reads what happened in a span by the coarsest means that its buckets allow.
func readHistory(ctx context.Context, s historyStore, monitorID string, at span) ([]portion, error) {
	h := history{ctx: ctx, store: s, monitorID: monitorID}
	switch {
	case at.step > time.Hour:
		// A day's rollup is whole some time after its end, so the last two are read by hours.
		recent := at.to.Truncate(at.step).Add(-at.step)
		h.rollups(store.Day, at.from, recent)
		h.hours(recent, at.to)
	case at.step == time.Hour:
		h.hours(at.from, at.to)
	default:
		h.results(at.from, at.to, at.step)
	}
	return h.portions, h.err
}

// expired reports whether single results of a span are gone while the rollups of their hours are still there. The oldest
// go first, so the first hour tells.
func expired(ctx context.Context, s historyStore, monitorID string, at span) (bool, error) {
	h := history{ctx: ctx, store: s, monitorID: monitorID}
	h.rollups(store.Hour, at.from.Truncate(time.Hour), at.to)
	if h.err != nil || len(h.portions) == 0 {
		return false, h.err
	}
	first := h.portions[0]
	filter := store.ResultFilter{MonitorID: monitorID, From: first.start, To: first.start.Add(time.Hour), Limit: max(1, first.summary.Total())}
	left, err := s.Results(ctx, filter)
	return len(left) < first.summary.Total(), err
}

// history collects portions until the first error.
type history struct {
	ctx       context.Context
	store     historyStore
	monitorID string
	portions  []portion
	err       error
}

// hours reads rollups, and single results where there is no rollup yet: in the current
// hour, and in the one before until that is rolled up.
func (h *history) hours(from, end time.Time) {
	current := end.Truncate(time.Hour)
	h.rollups(store.Hour, from, current)
	previous := current.Add(-time.Hour)
	for _, p := range h.portions {
		if p.start.Equal(previous) {
			h.results(current, end, time.Hour)
			return
		}
	}
	h.results(previous, end, time.Hour)
}

func (h *history) rollups(p store.Period, from, to time.Time) {
	if h.err != nil || !from.Before(to) {
		return
	}
	stored, err := h.store.Rollups(h.ctx, h.monitorID, p, from, to)
	if err != nil {
		h.err = err
		return
	}
	for _, r := range stored {
		summary, err := rollup.Decode(r.Summary)
		if err != nil {
			h.err = fmt.Errorf("rollup of the %s from %s: %w", p, r.Start, err)
			return
		}
		h.portions = append(h.portions, portion{r.Start, summary})
	}
}

// results reads single results, one portion per step. At one result a second, the longest span that it is
// called for has 22,000.
func (h *history) results(from, end time.Time, step time.Duration) {
	byStart := make(map[time.Time]*rollup.Aggregate)
	filter := store.ResultFilter{MonitorID: h.monitorID, From: from, To: end, Limit: maxResults}
	for h.err == nil {
		page, err := h.store.Results(h.ctx, filter)
		if err != nil {
			h.err = err
			return
		}
		for _, r := range page {
			start := r.Date.Truncate(step)
			if byStart[start] == nil {
				byStart[start] = rollup.New()
				h.portions = append(h.portions, portion{start, byStart[start]})
			}
			byStart[start].Add(r.Status, r.Value)
		}
		if len(page) < filter.Limit {
			return
		}
		last := page[len(page)-1]
		filter.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
}
