// Package housekeeping computes the rollups of results, deletes expired data and reconstructs past incidents.
package housekeeping

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"nanomon/services/common/monitor"
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
	IncidentStore
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
	reconstructing := h.cfg.Health.Operation("reconstruct past incidents")
	historyDone, allReconstructed := false, false
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
		if !allReconstructed {
			allReconstructed, err = h.reconstructIncidents(ctx)
			if ctx.Err() != nil {
				return
			}
			reconstructing.Record(err)
		}
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
			h.log.Info("found results without rollups: computing rollups; "+
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
