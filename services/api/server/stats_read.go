package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// summaryStore is the part of the store with results and rollups.
type summaryStore interface {
	Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error)
	Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) ([]store.Rollup, error)
}

// timedSummary is the summary of a period that begins at start and lies in one bucket.
type timedSummary struct {
	start   time.Time
	summary *rollup.Aggregate
}

// readSummaries reads the summaries of a time range. If its source does not have all of it, because its data has expired
// or an earlier version has not stored it, it reads from a coarser source. It returns the range that it has read.
func readSummaries(
	ctx context.Context, s summaryStore, monitorID string, tr timeRange, now time.Time,
) (timeRange, []timedSummary, error) {
	sr := summaryReader{ctx: ctx, store: s, monitorID: monitorID, hour: now.Truncate(time.Hour)}
	if tr.source != fromDays && !sr.readHours(tr) {
		tr = tr.with(oneDay, fromDays, now)
	}
	for {
		summaries, isComplete := sr.read(tr)
		if isComplete || sr.err != nil {
			return tr, within(tr.from, tr.to, summaries), sr.err
		}
		tr = tr.coarser(now)
	}
}

// within returns the summaries of periods with from <= start < to.
func within(from, to time.Time, summaries []timedSummary) []timedSummary {
	var found []timedSummary
	for _, s := range summaries {
		if !s.start.Before(from) && s.start.Before(to) {
			found = append(found, s)
		}
	}
	return found
}

// summaryReader reads summaries of a monitor until the first error.
type summaryReader struct {
	ctx       context.Context
	store     summaryStore
	monitorID string
	// hour is the start of the current hour. It has no rollup, even if the clock was set back.
	hour time.Time
	// hours are the hours of the days in a time range; see readHours.
	hours []timedSummary
	err   error
}

// readHours reads the hours of the days in a time range. It reports whether they have all results of these days.
func (sr *summaryReader) readHours(tr timeRange) bool {
	from, to := tr.from.Truncate(oneDay), tr.to.Truncate(oneDay).Add(oneDay)
	sr.hours = sr.rollups(store.Hour, from, to)
	today := sr.hour.Truncate(oneDay)
	return covers(sr.hours, sr.rollups(store.Day, from, earlier(to, today)), oneDay)
}

// read reads the summaries of a time range, and perhaps some around it, from its source. It reports whether the source
// has all of them.
func (sr *summaryReader) read(tr timeRange) (summaries []timedSummary, isComplete bool) {
	switch tr.source {
	case fromResults:
		if sr.expired(tr) {
			return nil, false
		}
		return sr.results(tr.from, tr.to, tr.step), true
	case fromMinutes:
		from := tr.from.Truncate(time.Hour)
		minutes := sr.rollups(store.Minutes, from, tr.to)
		isComplete = covers(minutes, within(from, tr.to, sr.hours), time.Hour)
		return append(minutes, sr.recent(minutes, tr)...), isComplete
	case fromHours:
		return append(sr.hours, sr.recent(sr.hours, tr)...), true
	default:
		// The rollup of a day is complete only some time after its end, so the last two days are read by hours.
		yesterday := sr.hour.Truncate(oneDay).Add(-oneDay)
		days := sr.rollups(store.Day, tr.from, earlier(tr.to, yesterday))
		hours := sr.rollups(store.Hour, later(tr.from, yesterday), tr.to)
		return slices.Concat(days, hours, sr.recent(hours, tr)), true
	}
}

// covers reports whether the short periods have all results of the long ones, which have the given length.
func covers(short, long []timedSummary, length time.Duration) bool {
	missing := make(map[time.Time]int, len(long))
	for _, s := range long {
		missing[s.start] += s.summary.Total()
	}
	for _, s := range short {
		missing[s.start.Truncate(length)] -= s.summary.Total()
	}
	for _, n := range missing {
		if n > 0 {
			return false
		}
	}
	return true
}

// expired reports whether results of a time range have expired while the rollups of their hours still exist. The oldest
// results expire first, so it compares the first hour.
func (sr *summaryReader) expired(tr timeRange) bool {
	hours := within(tr.from.Truncate(time.Hour), tr.to, sr.hours)
	if sr.err != nil || len(hours) == 0 {
		return false
	}
	first := hours[0]
	filter := store.ResultFilter{
		MonitorID: sr.monitorID, From: first.start, To: first.start.Add(time.Hour), Limit: max(1, first.summary.Total()),
	}
	var remaining []monitor.Result
	remaining, sr.err = sr.store.Results(sr.ctx, filter)
	return len(remaining) < first.summary.Total()
}

// recent reads the end of a time range from results, by hours or shorter buckets: the current hour, and the one before
// unless a rollup exists.
func (sr *summaryReader) recent(rollups []timedSummary, tr timeRange) []timedSummary {
	from := sr.hour.Add(-time.Hour)
	if slices.ContainsFunc(rollups, func(s timedSummary) bool { return !s.start.Before(from) }) {
		from = sr.hour
	}
	return sr.results(later(from, tr.from), tr.to, min(tr.step, time.Hour))
}

// rollups reads the rollups of a period up to the current hour. A rollup of minutes becomes several summaries.
func (sr *summaryReader) rollups(p store.Period, from, to time.Time) []timedSummary {
	to = earlier(to, sr.hour)
	if sr.err != nil || !from.Before(to) {
		return nil
	}
	var stored []store.Rollup
	stored, sr.err = sr.store.Rollups(sr.ctx, sr.monitorID, p, from, to)
	var summaries []timedSummary
	for _, r := range stored {
		parts, err := partsOf(r)
		if err != nil {
			sr.err = fmt.Errorf("rollup of the period %s from %s: %w", p, r.Start, err)
			return nil
		}
		summaries = append(summaries, parts...)
	}
	return summaries
}

// partsOf decodes a rollup.
func partsOf(r store.Rollup) ([]timedSummary, error) {
	encoded := [][]byte{r.Summary}
	var err error
	if r.Period == store.Minutes {
		encoded, err = rollup.DecodeSeries(r.Summary, store.PartsPerHour)
	}
	var parts []timedSummary
	for i, part := range encoded {
		if err != nil || len(part) == 0 && r.Period == store.Minutes {
			continue
		}
		var summary *rollup.Aggregate
		summary, err = rollup.Decode(part)
		parts = append(parts, timedSummary{r.Start.Add(time.Duration(i) * store.MinutesPart), summary})
	}
	return parts, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// results reads single results and summarizes them by step. At one result per second, the longest time range has
// 22,000.
func (sr *summaryReader) results(from, end time.Time, step time.Duration) []timedSummary {
	if sr.err != nil || !from.Before(end) {
		return nil
	}
	var summaries []timedSummary
	byStart := make(map[time.Time]*rollup.Aggregate)
	filter := store.ResultFilter{MonitorID: sr.monitorID, From: from, To: end, Limit: maxPageSize}
	for {
		page, err := sr.store.Results(sr.ctx, filter)
		if err != nil {
			sr.err = err
			return nil
		}
		for _, r := range page {
			start := r.Date.Truncate(step)
			if byStart[start] == nil {
				byStart[start] = rollup.New()
				summaries = append(summaries, timedSummary{start, byStart[start]})
			}
			byStart[start].Add(r.Status, r.Value)
		}
		if len(page) < filter.Limit {
			return summaries
		}
		last := page[len(page)-1]
		filter.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
}
