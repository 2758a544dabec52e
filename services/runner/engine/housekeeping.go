package engine

import (
	"context"
	"fmt"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

const (
	// housekeepingInterval is the time between two rounds of housekeeping. It is also the time without new results
	// after which the rollup of an hour is computed.
	housekeepingInterval = time.Minute
	// expireRounds is the number of rounds between two deletions of expired data.
	expireRounds = 10
	// housekeepingTimeout limits one batch of rollups and one deletion of expired data. The next round continues.
	housekeepingTimeout = 5 * time.Minute
	// rollupBatchSize is the maximum number of hours in one batch of rollups.
	rollupBatchSize = 200
	// resultPageSize is the maximum number of results in one read.
	resultPageSize = 1000
)

// housekeepingKey is assigned to one of the runners like a monitor.
const housekeepingKey = "housekeeping"

// runHousekeeping computes rollups and deletes expired data until ctx ends, while housekeeping is assigned to this
// runner. It is safe if two runners do this at the same time.
func (e *Engine) runHousekeeping(ctx context.Context) {
	rollupFailures, expiryFailures := e.newFailureLog("compute rollups"), e.newFailureLog("delete expired data")
	historyDone := false
	var expiry expiry
	ticker := time.NewTicker(housekeepingInterval)
	defer ticker.Stop()
	for round := 0; ; round++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if a := e.assignment.Load(); a == nil || !a.has(housekeepingKey) {
			continue
		}
		err := e.computeRollups(ctx)
		if err == nil && !historyDone {
			err = e.rollUpHistory(ctx)
			historyDone = err == nil
		}
		if ctx.Err() != nil {
			return
		}
		rollupFailures.record(err)
		if historyDone && round%expireRounds == 0 {
			err = expiry.run(ctx, e)
			if ctx.Err() != nil {
				return
			}
			expiryFailures.record(err)
		}
	}
}

// rollUpHistory computes the rollups of results that another program, such as the original NanoMon, has stored. It
// works in steps, and continues after the last complete one if it was interrupted.
func (e *Engine) rollUpHistory(ctx context.Context) error {
	for hours := 0; ; {
		step, err := e.markHistory(ctx)
		if err != nil {
			return err
		}
		if hours == 0 && step.Hours > 0 {
			e.log.Info("found results without rollups: computing hourly and daily rollups; "+
				"then results older than RESULT_RETENTION and rollups older than ROLLUP_RETENTION are deleted",
				"oldest", step.Oldest, "result_retention", e.cfg.Retention.Results, "rollup_retention", e.cfg.Retention.Rollups)
		}
		hours += step.Hours
		if step.Hours > 0 {
			err = e.computeRollups(ctx)
		}
		if err != nil || step.Done {
			return err
		}
	}
}

func (e *Engine) markHistory(ctx context.Context) (store.MarkedHistory, error) {
	ctx, cancel := context.WithTimeout(ctx, housekeepingTimeout)
	defer cancel()
	step, err := e.store.MarkHistory(ctx)
	if err != nil {
		return step, fmt.Errorf("find results without rollups: %w", err)
	}
	return step, nil
}

// computeRollups computes the rollups of all dirty hours and of their days.
func (e *Engine) computeRollups(ctx context.Context) error {
	for {
		done, err := e.computeRollupBatch(ctx)
		if err != nil || done < rollupBatchSize {
			return err
		}
	}
}

// computeRollupBatch computes the rollups of the oldest dirty hours and returns the number of these hours.
func (e *Engine) computeRollupBatch(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, housekeepingTimeout)
	defer cancel()
	now := e.cfg.Clock.Now().UTC()
	marks, err := e.store.DirtyHours(ctx, now.Truncate(time.Hour), now.Add(-housekeepingInterval), rollupBatchSize)
	if err != nil {
		return 0, fmt.Errorf("list dirty hours: %w", err)
	}
	return len(marks), e.computeMarked(ctx, marks)
}

// computeMarked computes the rollups of the marked hours and of their days. It clears the marks last, so a failed batch
// is computed again.
func (e *Engine) computeMarked(ctx context.Context, marks []store.DirtyHour) error {
	if len(marks) == 0 {
		return nil
	}
	type day struct {
		monitorID string
		start     time.Time
	}
	dirtyDays := make(map[day]bool)
	var hours, days []store.Rollup
	for _, m := range marks {
		summary, err := e.summarizeHour(ctx, m)
		if err != nil {
			return err
		}
		hours = append(hours, newRollup(m.MonitorID, store.Hour, m.Hour, summary))
		dirtyDays[day{m.MonitorID, m.Hour.UTC().Truncate(store.Day.Length())}] = true
	}
	if err := e.store.PutRollups(ctx, hours); err != nil {
		return fmt.Errorf("store hourly rollups: %w", err)
	}
	for d := range dirtyDays {
		summary, err := e.summarizeDay(ctx, d.monitorID, d.start)
		if err != nil {
			return err
		}
		days = append(days, newRollup(d.monitorID, store.Day, d.start, summary))
	}
	if err := e.store.PutRollups(ctx, days); err != nil {
		return fmt.Errorf("store daily rollups: %w", err)
	}
	if err := e.store.ClearDirty(ctx, marks); err != nil {
		return fmt.Errorf("clear marks of dirty hours: %w", err)
	}
	return nil
}

func newRollup(monitorID string, p store.Period, start time.Time, s *rollup.Aggregate) store.Rollup {
	return store.Rollup{MonitorID: monitorID, Period: p, Start: start, Summary: s.Encode()}
}

// summarizeHour summarizes the results of a dirty hour.
func (e *Engine) summarizeHour(ctx context.Context, m store.DirtyHour) (*rollup.Aggregate, error) {
	summary := rollup.New()
	filter := store.ResultFilter{
		MonitorID: m.MonitorID, From: m.Hour, To: m.Hour.Add(store.Hour.Length()), Limit: resultPageSize,
	}
	for {
		page, err := e.store.Results(ctx, filter)
		if err != nil {
			return nil, fmt.Errorf("read results of monitor %s from %s: %w", m.MonitorID, m.Hour, err)
		}
		for _, r := range page {
			summary.Add(r.Status, r.Value)
		}
		if len(page) < resultPageSize {
			return summary, nil
		}
		last := page[len(page)-1]
		filter.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
}

// summarizeDay merges the hourly rollups of a day. It skips a damaged rollup, which would otherwise block all others.
func (e *Engine) summarizeDay(ctx context.Context, monitorID string, start time.Time) (*rollup.Aggregate, error) {
	hours, err := e.store.Rollups(ctx, monitorID, store.Hour, start, start.Add(store.Day.Length()))
	if err != nil {
		return nil, fmt.Errorf("read hourly rollups of monitor %s from %s: %w", monitorID, start, err)
	}
	summary := rollup.New()
	for _, h := range hours {
		part, err := rollup.Decode(h.Summary)
		if err == nil {
			err = summary.Merge(part)
		}
		if err != nil {
			e.log.Error("hourly rollup damaged; computing the daily rollup without it",
				"monitor_id", monitorID, "hour", h.Start, "error", err)
		}
	}
	return summary, nil
}
