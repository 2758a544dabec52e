package housekeeping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

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
	if err := h.computeHours(ctx, marks); err != nil {
		return err
	}
	if err := h.computeDays(ctx, marks); err != nil {
		return err
	}
	if err := h.store.ClearDirty(ctx, marks); err != nil {
		return fmt.Errorf("clear marks of dirty hours: %w", err)
	}
	return nil
}

// computeHours computes the rollups of marked hours and of their parts.
func (h *Housekeeper) computeHours(ctx context.Context, marks []store.DirtyHour) error {
	var minutes, hours []store.Rollup
	for _, m := range marks {
		parts, summary, err := h.summarizeHour(ctx, m)
		if errors.Is(err, store.ErrDamaged) {
			h.log.Error("results damaged; keeping the rollups of their hour as they are",
				"monitor_id", m.MonitorID, "hour", m.Hour, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		hour := newRollup(m.MonitorID, store.Hour, m.Hour, summary)
		hasMore, err := h.hasMore(ctx, hour, summary, h.cfg.Retention.Results)
		if err != nil {
			return err
		}
		if !hasMore {
			hours = append(hours, hour)
			minutes = append(minutes, store.Rollup{MonitorID: m.MonitorID, Period: store.Minutes, Start: m.Hour, Summary: parts})
		}
	}
	// A reader compares the counts of the periods. The longer ones are never ahead.
	if err := h.store.PutRollups(ctx, minutes); err != nil {
		return fmt.Errorf("store 5-minute rollups: %w", err)
	}
	if err := h.store.PutRollups(ctx, hours); err != nil {
		return fmt.Errorf("store hourly rollups: %w", err)
	}
	return nil
}

// computeDays computes the rollups of the days of marked hours from the rollups of their hours.
func (h *Housekeeper) computeDays(ctx context.Context, marks []store.DirtyHour) error {
	dirty := make(map[store.DirtyHour]bool)
	for _, m := range marks {
		dirty[store.DirtyHour{MonitorID: m.MonitorID, Hour: m.Hour.UTC().Truncate(store.Day.Length())}] = true
	}
	var days []store.Rollup
	for d := range dirty {
		summary, err := h.summarizeDay(ctx, d.MonitorID, d.Hour)
		if err != nil {
			return err
		}
		day := newRollup(d.MonitorID, store.Day, d.Hour, summary)
		hasMore, err := h.hasMore(ctx, day, summary, h.cfg.Retention.Age(store.Hour))
		if err != nil {
			return err
		}
		if !hasMore {
			days = append(days, day)
		}
	}
	if err := h.store.PutRollups(ctx, days); err != nil {
		return fmt.Errorf("store daily rollups: %w", err)
	}
	return nil
}

func newRollup(monitorID string, p store.Period, start time.Time, s *rollup.Aggregate) store.Rollup {
	return store.Rollup{MonitorID: monitorID, Period: p, Start: start, Summary: s.Encode()}
}

// summarizeHour summarizes the results of a dirty hour, by parts and in all.
func (h *Housekeeper) summarizeHour(ctx context.Context, m store.DirtyHour) (parts []byte, all *rollup.Aggregate, err error) {
	byPart := make(rollup.Series, store.PartsPerHour)
	all = rollup.New()
	filter := store.ResultFilter{
		MonitorID: m.MonitorID, From: m.Hour, To: m.Hour.Add(store.Hour.Length()), Limit: resultPageSize,
	}
	for {
		page, err := h.store.Results(ctx, filter)
		if err != nil {
			return nil, nil, fmt.Errorf("read results of monitor %s from %s: %w", m.MonitorID, m.Hour, err)
		}
		for _, r := range page {
			all.Add(r.Status, r.Value)
			byPart.Add(store.PartOf(r.Date), r.Status, r.Value)
		}
		if len(page) < resultPageSize {
			return byPart.Encode(), all, nil
		}
		last := page[len(page)-1]
		filter.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
}

// hasMore reports whether the stored rollup of a period has more results than a new one, because a part of what it was
// computed from has been deleted at the given age. A late result must not replace it.
func (h *Housekeeper) hasMore(
	ctx context.Context, r store.Rollup, summary *rollup.Aggregate, age time.Duration,
) (bool, error) {
	if !r.Start.Before(h.cfg.Now().Add(-age)) {
		return false, nil
	}
	stored, err := h.store.Rollups(ctx, r.MonitorID, r.Period, r.Start, r.Start.Add(r.Period.Length()))
	if err != nil {
		return false, fmt.Errorf("read rollup of monitor %s from %s: %w", r.MonitorID, r.Start, err)
	}
	if len(stored) == 0 {
		return false, nil
	}
	known, err := rollup.Decode(stored[0].Summary)
	return err == nil && known.Total() > summary.Total(), nil
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
