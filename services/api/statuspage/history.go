package statuspage

import (
	"context"
	"errors"
	"time"

	"nanomon/services/api/summary"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
	"nanomon/services/common/wake"
)

const (
	// batchSize is the number of monitors whose history is read at once.
	batchSize = 100
	// maxChanges is the maximum number of status changes that are read at once. If the monitors of a batch have more,
	// they are read in smaller batches. If one monitor has more, nothing is known of the time before.
	maxChanges = 100_000
)

// errTooManyChanges is returned if several monitors have more status changes than are read at once.
var errTooManyChanges = errors.New("too many status changes")

// due is a monitor whose history must be read from a date on.
type due struct {
	*tracked
	from time.Time
}

// history contains the stored history of a batch by monitor.
type history struct {
	changes map[string][]store.StatusChange
	states  map[string]*store.State
	// expired is the date before which status changes have expired.
	expired time.Time
}

// load reads the history of a batch. It pauses as long as the read took, so that it takes only a part of the time of
// the store.
func (c *collector) load(ctx context.Context, batch []*due) error {
	started := time.Now()
	h, err := c.readHistory(ctx, batch)
	if err == nil {
		for _, d := range batch {
			d.isDue = !d.follow(h.states[d.monitor.ID], c.now)
		}
		err = c.readRollups(ctx, batch)
	}
	wake.Pause(ctx, time.Since(started))
	if errors.Is(err, errTooManyChanges) {
		half := len(batch) / 2
		if err := c.load(ctx, batch[:half]); err != nil {
			return err
		}
		return c.load(ctx, batch[half:])
	}
	if err != nil {
		return err
	}
	c.expired = h.expired
	for _, d := range batch {
		d.replace(h, d.from, c.now)
		if changes := h.changes[d.monitor.ID]; len(changes) > 0 && !changes[0].Date.Before(c.now) {
			d.isDue = true // The clock of a runner is ahead: the periods do not contain this change.
		}
		d.changed()
	}
	return nil
}

// readHistory reads the status changes and the states of a batch.
func (c *collector) readHistory(ctx context.Context, batch []*due) (*history, error) {
	h := &history{changes: make(map[string][]store.StatusChange), states: make(map[string]*store.State, len(batch))}
	ids, from := make([]string, len(batch)), make(map[string]time.Time, len(batch))
	first := c.now
	for i, d := range batch {
		ids[i], from[d.monitor.ID] = d.monitor.ID, d.from
		if d.from.Before(first) {
			first = d.from
		}
	}
	// The clock of a runner may be ahead.
	changes, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.StatusChange, error) {
		return c.store.StatusChangesOf(ctx, ids, first, c.now.Add(24*time.Hour), maxChanges)
	})
	if err != nil {
		return nil, err
	}
	if len(ids) > 1 && len(changes) == maxChanges {
		return nil, errTooManyChanges
	}
	for _, change := range changes {
		if !change.Date.Before(from[change.MonitorID]) {
			h.changes[change.MonitorID] = append(h.changes[change.MonitorID], change)
		}
	}
	// A state must not be older than the changes, and neither must the date before which these have expired.
	states, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.State, error) {
		return c.store.StatesOf(ctx, ids)
	})
	if err != nil {
		return nil, err
	}
	for i := range states {
		h.states[states[i].MonitorID] = &states[i]
	}
	h.expired, err = store.Call(ctx, store.ShortCall, c.store.StatusChangesExpired)
	return h, err
}

// readRollups reads the rollups of the monitors in a batch whose response times are shown.
func (c *collector) readRollups(ctx context.Context, batch []*due) error {
	monitors := make(map[string]*summary.Recent, len(batch))
	for _, d := range batch {
		if d.hasResponse && d.recent.IsDue(c.now) {
			monitors[d.monitor.ID] = &d.recent
		}
	}
	if len(monitors) == 0 {
		return nil
	}
	return summary.ReadRollups(ctx, c.store, monitors, c.now)
}

// periods returns the periods of a monitor from a date to its latest result or status change, at most to now.
func (h *history) periods(m monitor.Monitor, from, now time.Time) []uptime.Period {
	state, changes := h.states[m.ID], h.changes[m.ID]
	start, end := from, from
	if len(changes) == maxChanges {
		start = changes[maxChanges-1].Date
	}
	if state != nil && state.Latest.Date.After(end) {
		end = state.Latest.Date
	}
	if len(changes) > 0 && changes[0].Date.After(end) {
		end = changes[0].Date
	}
	if end = end.Add(time.Millisecond); end.After(now) {
		end = now
	}
	periods := uptime.Periods(start, end, m, state, changes, h.expired)
	if start.After(from) {
		periods = append([]uptime.Period{{From: from, To: start, Kind: uptime.Unchecked}}, periods...)
	}
	return periods
}
