package engine

import (
	"context"
	"fmt"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

const (
	// tidyEvery is the time between two looks for hours to sum up. An hour is left
	// alone until nothing was added to it for that long.
	tidyEvery = time.Minute
	// expireRounds is after how many of those looks what is too old is removed.
	expireRounds = 10
	// tidyAtMost bounds the time for one portion of hours, and for one removal; what is left is done later.
	tidyAtMost = 5 * time.Minute
	// hoursAtOnce and resultsAtOnce are how many documents are read at a time.
	hoursAtOnce   = 200
	resultsAtOnce = 1000
)

// houseWork stands for the housekeeping among the monitors that the runners share.
const houseWork = "housekeeping"

// keepHouse sums up results and removes what is too old, until ctx ends, while that is in this runner's
// share. It does no harm if two runners do it for a while.
func (e *Engine) keepHouse(ctx context.Context) {
	summing, expiring := e.outage("sum up results"), e.outage("remove what is too old")
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	for round := 0; ; round++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if mine := e.share.Load(); mine == nil || !mine.has(houseWork) {
			continue
		}
		err := e.sumUp(ctx)
		if ctx.Err() != nil {
			return
		}
		summing.note(err)
		if round%expireRounds == 0 {
			err = e.expire(ctx)
			if ctx.Err() != nil {
				return
			}
			expiring.note(err)
		}
	}
}

func (e *Engine) expire(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tidyAtMost)
	defer cancel()
	_, err := e.store.Expire(ctx, time.Now(), e.cfg.Retention)
	return err
}

// sumUp computes the rollups of all hours that are dirty, and of their days.
func (e *Engine) sumUp(ctx context.Context) error {
	for {
		done, err := e.sumUpSome(ctx)
		if err != nil || done < hoursAtOnce {
			return err
		}
	}
}

// sumUpSome does it for the oldest ones, and returns how many they were.
func (e *Engine) sumUpSome(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, tidyAtMost)
	defer cancel()
	now := time.Now().UTC()
	marks, err := e.store.DirtyHours(ctx, now.Truncate(time.Hour), now.Add(-tidyEvery), hoursAtOnce)
	if err != nil {
		return 0, fmt.Errorf("list the hours to sum up: %w", err)
	}
	return len(marks), e.sumUpMarked(ctx, marks)
}

// sumUpMarked clears the marks last: after a failure they are still there.
func (e *Engine) sumUpMarked(ctx context.Context, marks []store.DirtyHour) error {
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
		summary, err := e.sumOfHour(ctx, m)
		if err != nil {
			return err
		}
		hours = append(hours, rollupOf(m.MonitorID, store.Hour, m.Hour, summary))
		dirtyDays[day{m.MonitorID, m.Hour.UTC().Truncate(store.Day.Length())}] = true
	}
	if err := e.store.PutRollups(ctx, hours); err != nil {
		return fmt.Errorf("store the sums of hours: %w", err)
	}
	for d := range dirtyDays {
		summary, err := e.sumOfDay(ctx, d.monitorID, d.start)
		if err != nil {
			return err
		}
		days = append(days, rollupOf(d.monitorID, store.Day, d.start, summary))
	}
	if err := e.store.PutRollups(ctx, days); err != nil {
		return fmt.Errorf("store the sums of days: %w", err)
	}
	if err := e.store.ClearDirty(ctx, marks); err != nil {
		return fmt.Errorf("clear the marks of summed up hours: %w", err)
	}
	return nil
}

func rollupOf(monitorID string, p store.Period, start time.Time, s *rollup.Aggregate) store.Rollup {
	return store.Rollup{MonitorID: monitorID, Period: p, Start: start, Summary: s.Encode()}
}

// sumOfHour sums up the results of the hour that m marks.
func (e *Engine) sumOfHour(ctx context.Context, m store.DirtyHour) (*rollup.Aggregate, error) {
	sum := rollup.New()
	filter := store.ResultFilter{
		MonitorID: m.MonitorID, From: m.Hour, To: m.Hour.Add(store.Hour.Length()), Limit: resultsAtOnce,
	}
	for {
		page, err := e.store.Results(ctx, filter)
		if err != nil {
			return nil, fmt.Errorf("read the results of monitor %s from %s on: %w", m.MonitorID, m.Hour, err)
		}
		for _, r := range page {
			sum.Add(r.Status, r.Value)
		}
		if len(page) < resultsAtOnce {
			return sum, nil
		}
		last := page[len(page)-1]
		filter.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
}

// sumOfDay sums up the hours of a day. One that can't be read is left out: it must not hold up all the others.
func (e *Engine) sumOfDay(ctx context.Context, monitorID string, start time.Time) (*rollup.Aggregate, error) {
	hours, err := e.store.Rollups(ctx, monitorID, store.Hour, start, start.Add(store.Day.Length()))
	if err != nil {
		return nil, fmt.Errorf("read the sums of monitor %s from %s on: %w", monitorID, start, err)
	}
	sum := rollup.New()
	for _, h := range hours {
		part, err := rollup.Decode(h.Summary)
		if err == nil {
			err = sum.Merge(part)
		}
		if err != nil {
			e.log.Error("the sum of an hour is damaged: the day is summed up without it",
				"monitor", monitorID, "hour", h.Start, "error", err)
		}
	}
	return sum, nil
}
