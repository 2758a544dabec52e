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
	// maxResultsRange is the longest time range that is read from single results.
	maxResultsRange = 6 * time.Hour
	// maxHourRange is the longest time range with buckets of an hour.
	maxHourRange = 14 * 24 * time.Hour
	// maxBuckets is the maximum number of buckets of a time range that is read from single results.
	maxBuckets = 72
)

// summaryStore is the part of the store with results and rollups.
type summaryStore interface {
	Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error)
	Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) ([]store.Rollup, error)
}

// timeRange contains the times t with from <= t < to. It is divided into buckets of the length step; the first one
// starts at from.
type timeRange struct {
	from, to time.Time
	step     time.Duration
}

// newTimeRange divides the time between two dates into buckets. to is at most now.
func newTimeRange(from, to, now time.Time) timeRange {
	step := 24 * time.Hour
	switch length := to.Sub(from); {
	case length <= maxResultsRange:
		step = roundStep(length)
	case length <= maxHourRange:
		step = time.Hour
	}
	return timeRange{from: from, to: to}.withStep(step, now)
}

// withStep returns the time range with buckets of another length. It extends the range to bucket boundaries, but not
// beyond now.
func (tr timeRange) withStep(step time.Duration, now time.Time) timeRange {
	end := tr.to.Truncate(step)
	if end.Before(tr.to) {
		end = end.Add(step)
	}
	if end.After(now) {
		end = now
	}
	return timeRange{from: tr.from.Truncate(step), to: end, step: step}
}

// roundStep returns the shortest round bucket length that divides length into fewer than maxBuckets.
func roundStep(length time.Duration) time.Duration {
	for _, seconds := range []time.Duration{1, 2, 5, 10, 15, 30, 60, 120, 180, 300} {
		if step := seconds * time.Second; length/step < maxBuckets-1 {
			return step
		}
	}
	return 6 * time.Minute
}

// buckets returns the number of buckets. The last one may be shorter.
func (tr timeRange) buckets() int { return int((tr.to.Sub(tr.from) + tr.step - 1) / tr.step) }

// timedSummary is the summary of a period that begins at start and lies in one bucket.
type timedSummary struct {
	start   time.Time
	summary *rollup.Aggregate
}

// readSummaries reads the summaries of a time range from the longest rollups that fit its buckets, or from results.
func readSummaries(ctx context.Context, s summaryStore, monitorID string, tr timeRange) ([]timedSummary, error) {
	sr := summaryReader{ctx: ctx, store: s, monitorID: monitorID}
	switch {
	case tr.step > time.Hour:
		// The rollup of a day is complete only some time after its end, so the last two days are read by hours.
		recent := tr.to.Truncate(tr.step).Add(-tr.step)
		sr.rollups(store.Day, tr.from, recent)
		sr.hours(recent, tr.to)
	case tr.step == time.Hour:
		sr.hours(tr.from, tr.to)
	default:
		sr.results(tr.from, tr.to, tr.step)
	}
	return sr.summaries, sr.err
}

// expired reports whether results of a time range have expired while the rollups of their hours still exist. The oldest
// results expire first, so it compares the first hour.
func expired(ctx context.Context, s summaryStore, monitorID string, tr timeRange) (bool, error) {
	sr := summaryReader{ctx: ctx, store: s, monitorID: monitorID}
	sr.rollups(store.Hour, tr.from.Truncate(time.Hour), tr.to)
	if sr.err != nil || len(sr.summaries) == 0 {
		return false, sr.err
	}
	first := sr.summaries[0]
	filter := store.ResultFilter{
		MonitorID: monitorID, From: first.start, To: first.start.Add(time.Hour), Limit: max(1, first.summary.Total()),
	}
	remaining, err := s.Results(ctx, filter)
	return len(remaining) < first.summary.Total(), err
}

// summaryReader collects summaries until the first error.
type summaryReader struct {
	ctx       context.Context
	store     summaryStore
	monitorID string
	summaries []timedSummary
	err       error
}

// hours reads the rollups of hours. It reads results where there is no rollup yet: in the current hour, and in the one
// before until its rollup exists.
func (sr *summaryReader) hours(from, end time.Time) {
	current := end.Truncate(time.Hour)
	sr.rollups(store.Hour, from, current)
	previous := current.Add(-time.Hour)
	for _, p := range sr.summaries {
		if p.start.Equal(previous) {
			sr.results(current, end, time.Hour)
			return
		}
	}
	sr.results(previous, end, time.Hour)
}

func (sr *summaryReader) rollups(p store.Period, from, to time.Time) {
	if sr.err != nil || !from.Before(to) {
		return
	}
	stored, err := sr.store.Rollups(sr.ctx, sr.monitorID, p, from, to)
	if err != nil {
		sr.err = err
		return
	}
	for _, r := range stored {
		summary, err := rollup.Decode(r.Summary)
		if err != nil {
			sr.err = fmt.Errorf("rollup of the %s from %s: %w", p, r.Start, err)
			return
		}
		sr.summaries = append(sr.summaries, timedSummary{r.Start, summary})
	}
}

// results reads single results and summarizes them by step. At one result per second, the longest time range has
// 22,000.
func (sr *summaryReader) results(from, end time.Time, step time.Duration) {
	byStart := make(map[time.Time]*rollup.Aggregate)
	filter := store.ResultFilter{MonitorID: sr.monitorID, From: from, To: end, Limit: maxPageSize}
	for sr.err == nil {
		page, err := sr.store.Results(sr.ctx, filter)
		if err != nil {
			sr.err = err
			return
		}
		for _, r := range page {
			start := r.Date.Truncate(step)
			if byStart[start] == nil {
				byStart[start] = rollup.New()
				sr.summaries = append(sr.summaries, timedSummary{start, byStart[start]})
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
