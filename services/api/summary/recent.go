package summary

import (
	"context"
	"errors"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

// Recent describes the last 24 hours of a monitor: when it was OK, and its values. The zero value is empty.
type Recent struct {
	timeline timeline
	values   values
	// hour is the last hour with rollups that were read; zero if none were read.
	hour time.Time
}

// Replace replaces the time from a date on by periods that end at now.
func (r *Recent) Replace(from time.Time, periods []uptime.Period, now time.Time) {
	r.timeline.spans = r.timeline.before(startOf(now, oneDay, coarseCell), from.UnixMilli())
	r.timeline.replace(from, periods, now)
}

// Uptime returns the part of the last 24 hours that was OK and the part that was checked, in milliseconds. extension
// continues the periods. The time before expired, whose status changes are not known, does not count.
func (r *Recent) Uptime(now, expired time.Time, extension []uptime.Period) (ok, checked float64) {
	from := max(startOf(now, oneDay, fineCell), expired.UnixMilli())
	ok, checked = r.timeline.sum(from)
	for _, p := range extension {
		if length := float64(p.To.UnixMilli() - max(p.From.UnixMilli(), from)); length > 0 {
			s := shareOf(p.Kind)
			ok, checked = ok+length*float64(s.ok), checked+length*float64(s.checked)
		}
	}
	return ok, checked
}

// Add adds results that are newer than all others, oldest first.
func (r *Recent) Add(points []store.Point, now time.Time) { r.values.add(points, now) }

// AddTo adds the values of the last 24 hours to an aggregate.
func (r *Recent) AddTo(sum *rollup.Aggregate, now time.Time) error {
	return r.values.addTo(sum, time.UnixMilli(startOf(now, oneDay, fineCell)))
}

// IsDue reports whether an hour has ended whose rollups have not been read.
func (r *Recent) IsDue(now time.Time) bool { return !r.hour.Equal(hourOf(now)) }

// RollupStore is the part of the store with the rollups; [store.Store] documents it.
type RollupStore interface {
	EachRollup(
		ctx context.Context, monitorIDs []string, p store.Period, from, to time.Time, each func(store.Rollup),
	) error
}

// ReadRollups reads the rollups of the last 24 hours of monitors, as far as they are not known.
func ReadRollups(ctx context.Context, s RollupStore, monitors map[string]*Recent, now time.Time) error {
	read := make(map[string]*rollups, len(monitors))
	ids, first, from := make([]string, 0, len(monitors)), firstHour(now), now
	for id, recent := range monitors {
		known, start := newRollups(now, recent.values)
		read[id], ids = known, append(ids, id)
		if start.Before(from) {
			from = start
		}
	}
	err := eachRollup(ctx, s, ids, store.Hour, from, now.Truncate(time.Hour), read)
	if err == nil {
		err = eachRollup(ctx, s, ids, store.Minutes, first, first.Add(time.Hour), read)
	}
	if err != nil {
		return err
	}
	for id, recent := range monitors {
		next, failed := read[id].values(recent.values.open)
		if failed != nil {
			err = errors.Join(err, describe(id, failed))
		}
		recent.values, recent.hour = next, hourOf(now)
	}
	return err
}

// eachRollup adds rollups to the ones that are known of their monitors.
func eachRollup(
	ctx context.Context, s RollupStore, ids []string, p store.Period, from, to time.Time, known map[string]*rollups,
) error {
	return store.Do(ctx, store.LongCall, func(ctx context.Context) error {
		return s.EachRollup(ctx, ids, p, from, to, func(r store.Rollup) { known[r.MonitorID].add(r) })
	})
}
