package server

import "time"

const (
	// maxResultsRange is the longest time range that is read from single results.
	maxResultsRange = 6 * time.Hour
	// maxBuckets is the maximum number of buckets of a time range that is read from single results.
	maxBuckets = 72
	oneDay     = 24 * time.Hour
)

// source is what a time range is read from.
type source int

const (
	fromResults source = iota
	fromMinutes
	fromHours
	fromDays
)

// bucketSteps lists the lengths of buckets in longer time ranges. They make 288 to 400 buckets of the usual ranges.
var bucketSteps = [...]struct {
	longest, step time.Duration
	source        source
}{
	{oneDay, 5 * time.Minute, fromMinutes},
	{2 * oneDay, 10 * time.Minute, fromMinutes},
	{3 * oneDay, 15 * time.Minute, fromMinutes},
	{7 * oneDay, 30 * time.Minute, fromMinutes},
	{14 * oneDay, time.Hour, fromHours},
	{30 * oneDay, 2 * time.Hour, fromHours},
	{60 * oneDay, 4 * time.Hour, fromHours},
	{90 * oneDay, 6 * time.Hour, fromHours},
	{180 * oneDay, 12 * time.Hour, fromHours},
	{maxWindow, oneDay, fromDays},
}

// timeRange contains the times t with from <= t < to. It is divided into buckets of the length step; the first one
// starts at from.
type timeRange struct {
	from, to time.Time
	step     time.Duration
	source   source
}

// newTimeRange divides the time between two dates into buckets. to is at most now.
func newTimeRange(from, to, now time.Time) timeRange {
	tr, length := timeRange{from: from, to: to}, to.Sub(from)
	if length <= maxResultsRange {
		return tr.with(roundStep(length), fromResults, now)
	}
	for _, s := range bucketSteps {
		if length <= s.longest {
			return tr.with(s.step, s.source, now)
		}
	}
	return tr.with(oneDay, fromDays, now)
}

// coarser returns the time range with the shortest buckets for the next source.
func (tr timeRange) coarser(now time.Time) timeRange {
	switch tr.source {
	case fromResults:
		return tr.with(5*time.Minute, fromMinutes, now)
	case fromMinutes:
		return tr.with(time.Hour, fromHours, now)
	default:
		return tr.with(oneDay, fromDays, now)
	}
}

// with returns the time range with other buckets. It extends the range to bucket boundaries, but not beyond now.
func (tr timeRange) with(step time.Duration, from source, now time.Time) timeRange {
	end := tr.to.Truncate(step)
	if end.Before(tr.to) {
		end = end.Add(step)
	}
	if end.After(now) {
		end = now
	}
	return timeRange{from: tr.from.Truncate(step), to: end, step: step, source: from}
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
