// Package housekeeping computes the rollups of results and deletes expired data.
package housekeeping

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
	"nanomon/services/runner/health"
)

const (
	// interval is the time between two rounds of housekeeping. It is also the time without new results after which the
	// rollup of an hour is computed.
	interval = time.Minute
	// expireRounds is the number of rounds between two deletions of expired data.
	expireRounds = 10
	// timeout limits one batch of rollups and one deletion of expired data. The next round continues.
	timeout = 5 * time.Minute
	// rollupBatchSize is the maximum number of hours in one batch of rollups.
	rollupBatchSize = 200
	// resultPageSize is the maximum number of results in one read.
	resultPageSize = 1000
)

// Store is the part of the store that housekeeping uses; see [store.Store].
type Store interface {
	Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error)
	DirtyHours(ctx context.Context, closed, quiet time.Time, limit int) ([]store.DirtyHour, error)
	MarkHistory(ctx context.Context) (store.MarkedHistory, error)
	PutRollups(ctx context.Context, rs []store.Rollup) error
	ClearDirty(ctx context.Context, marks []store.DirtyHour) error
	Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) ([]store.Rollup, error)
	Expire(ctx context.Context, now time.Time, keep store.Retention) (int, error)
}

// Config configures a [Housekeeper].
type Config struct {
	// Retention limits the age of stored results and rollups.
	Retention store.Retention
	// Now returns the time for the dates that are compared with stored ones.
	Now func() time.Time
	// Assigned reports whether this runner does the housekeeping for all runners. It is safe if two runners do it at the
	// same time.
	Assigned func() bool
	// Health receives the outcomes of the operations.
	Health *health.Runner
}

// Housekeeper computes the rollups of results and deletes expired data.
type Housekeeper struct {
	cfg   Config
	store Store
	log   *slog.Logger
}

// New returns a housekeeper of the data in s.
func New(cfg Config, s Store, log *slog.Logger) *Housekeeper {
	return &Housekeeper{cfg: cfg, store: s, log: log}
}

// Run works until ctx ends, while housekeeping is assigned to this runner.
func (h *Housekeeper) Run(ctx context.Context) {
	rollups, deleting := h.cfg.Health.Operation("compute rollups"), h.cfg.Health.Operation("delete expired data")
	historyDone := false
	var deletion expiry
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for round := 0; ; round++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !h.cfg.Assigned() {
			continue
		}
		err := h.computeRollups(ctx)
		if err == nil && !historyDone {
			err = h.rollUpHistory(ctx)
			historyDone = err == nil
		}
		if ctx.Err() != nil {
			return
		}
		rollups.Record(err)
		if historyDone && round%expireRounds == 0 {
			err = deletion.run(ctx, h)
			if ctx.Err() != nil {
				return
			}
			deleting.Record(err)
		}
	}
}

// rollUpHistory computes the rollups of results that another program, such as the original NanoMon, has stored. It
// works in steps, and continues after the last complete one if it was interrupted.
func (h *Housekeeper) rollUpHistory(ctx context.Context) error {
	for hours := 0; ; {
		step, err := h.markHistory(ctx)
		if err != nil {
			return err
		}
		if hours == 0 && step.Hours > 0 {
			h.log.Info("found results without rollups: computing hourly and daily rollups; "+
				"then results older than RESULT_RETENTION and rollups older than ROLLUP_RETENTION are deleted",
				"oldest", step.Oldest, "result_retention", h.cfg.Retention.Results, "rollup_retention", h.cfg.Retention.Rollups)
		}
		hours += step.Hours
		if step.Hours > 0 {
			err = h.computeRollups(ctx)
		}
		if err != nil || step.Done {
			return err
		}
	}
}

func (h *Housekeeper) markHistory(ctx context.Context) (store.MarkedHistory, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	step, err := h.store.MarkHistory(ctx)
	if err != nil {
		return step, fmt.Errorf("find results without rollups: %w", err)
	}
	return step, nil
}

// computeRollups computes the rollups of all dirty hours and of their days.
func (h *Housekeeper) computeRollups(ctx context.Context) error {
	for {
		done, err := h.computeRollupBatch(ctx)
		if err != nil || done < rollupBatchSize {
			return err
		}
	}
}

// computeRollupBatch computes the rollups of the oldest dirty hours and returns the number of these hours.
func (h *Housekeeper) computeRollupBatch(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	now := h.cfg.Now().UTC()
	marks, err := h.store.DirtyHours(ctx, now.Truncate(time.Hour), now.Add(-interval), rollupBatchSize)
	if err != nil {
		return 0, fmt.Errorf("list dirty hours: %w", err)
	}
	return len(marks), h.computeMarked(ctx, marks)
}

// computeMarked computes the rollups of the marked hours and of their days. It clears the marks last, so a failed batch
// is computed again.
func (h *Housekeeper) computeMarked(ctx context.Context, marks []store.DirtyHour) error {
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
		summary, err := h.summarizeHour(ctx, m)
		if err != nil {
			return err
		}
		hours = append(hours, newRollup(m.MonitorID, store.Hour, m.Hour, summary))
		dirtyDays[day{m.MonitorID, m.Hour.UTC().Truncate(store.Day.Length())}] = true
	}
	if err := h.store.PutRollups(ctx, hours); err != nil {
		return fmt.Errorf("store hourly rollups: %w", err)
	}
	for d := range dirtyDays {
		summary, err := h.summarizeDay(ctx, d.monitorID, d.start)
		if err != nil {
			return err
		}
		days = append(days, newRollup(d.monitorID, store.Day, d.start, summary))
	}
	if err := h.store.PutRollups(ctx, days); err != nil {
		return fmt.Errorf("store daily rollups: %w", err)
	}
	if err := h.store.ClearDirty(ctx, marks); err != nil {
		return fmt.Errorf("clear marks of dirty hours: %w", err)
	}
	return nil
}

func newRollup(monitorID string, p store.Period, start time.Time, s *rollup.Aggregate) store.Rollup {
	return store.Rollup{MonitorID: monitorID, Period: p, Start: start, Summary: s.Encode()}
}

// summarizeHour summarizes the results of a dirty hour.
func (h *Housekeeper) summarizeHour(ctx context.Context, m store.DirtyHour) (*rollup.Aggregate, error) {
	summary := rollup.New()
	filter := store.ResultFilter{
		MonitorID: m.MonitorID, From: m.Hour, To: m.Hour.Add(store.Hour.Length()), Limit: resultPageSize,
	}
	for {
		page, err := h.store.Results(ctx, filter)
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
func (h *Housekeeper) summarizeDay(ctx context.Context, monitorID string, start time.Time) (*rollup.Aggregate, error) {
	hours, err := h.store.Rollups(ctx, monitorID, store.Hour, start, start.Add(store.Day.Length()))
	if err != nil {
		return nil, fmt.Errorf("read hourly rollups of monitor %s from %s: %w", monitorID, start, err)
	}
	summary := rollup.New()
	for _, hour := range hours {
		part, err := rollup.Decode(hour.Summary)
		if err == nil {
			err = summary.Merge(part)
		}
		if err != nil {
			h.log.Error("hourly rollup damaged; computing the daily rollup without it",
				"monitor_id", monitorID, "hour", hour.Start, "error", err)
		}
	}
	return summary, nil
}
