package housekeeping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nanomon/services/common/store"
)

// maxConfirmation is the maximum time for which the deletion of expired data waits while the clock may be wrong.
const maxConfirmation = 24 * time.Hour

// expiry deletes expired data unless the clock may be wrong: a clock that is a year ahead would delete all data. A right
// clock agrees with the dates of the results that were stored a day ago. After a time without results, such as a long
// stop, that takes a day.
type expiry struct {
	// doubtful is the time since which the clock may be wrong; zero while it is right.
	doubtful time.Time
}

func (x *expiry) run(ctx context.Context, h *Housekeeper) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	now := h.cfg.Now()
	if confirmed, err := x.confirm(ctx, h, now); err != nil || !confirmed {
		return err
	}
	return h.expire(ctx, now)
}

// confirm reports whether the clock is right, or has been doubtful for so long that it is accepted.
func (x *expiry) confirm(ctx context.Context, h *Housekeeper, now time.Time) (bool, error) {
	keep := h.cfg.Retention.Results
	wait := min(maxConfirmation, keep/2)
	old, err := h.newestBetween(ctx, time.Time{}, now.Add(-keep))
	if err != nil {
		return false, err
	}
	recent, err := h.newestBetween(ctx, now.Add(-2*wait), now.Add(-wait))
	switch {
	case err != nil:
		return false, err
	case old.IsZero(), !recent.IsZero():
		x.doubtful = time.Time{}
		return true, nil
	case x.doubtful.IsZero():
		x.doubtful = time.Now()
		h.log.Warn("not deleting expired data yet, because there are no recent results and the clock may be wrong; "+
			"check the time of this computer", "wait", wait, "time", now, "newest_expired_result", old)
	}
	return time.Since(x.doubtful) >= wait, nil
}

// newestBetween returns the date of the newest result with from <= date < to, zero if there is none.
func (h *Housekeeper) newestBetween(ctx context.Context, from, to time.Time) (time.Time, error) {
	list, err := h.store.Results(ctx, store.ResultFilter{From: from, To: to, Limit: 1})
	if errors.Is(err, store.ErrDamaged) {
		return to, nil // There is a result, and its exact date does not matter.
	}
	if err != nil || len(list) == 0 {
		return time.Time{}, err
	}
	return list[0].Date, nil
}

// expire deletes expired data, but no result of a dirty hour and none after it: it is not in a rollup yet.
func (h *Housekeeper) expire(ctx context.Context, now time.Time) error {
	keep := h.cfg.Retention
	dirty, err := h.store.DirtyHours(ctx, now, now.Add(store.Day.Length()), 1)
	if err != nil {
		return fmt.Errorf("find the oldest dirty hour: %w", err)
	}
	if len(dirty) > 0 {
		keep.Results = max(keep.Results, now.Sub(dirty[0].Hour))
	}
	deleted, err := h.store.Expire(ctx, now, keep)
	if deleted > 0 {
		h.log.Info("deleted expired results", "results", deleted, "result_retention", h.cfg.Retention.Results)
	}
	return err
}
