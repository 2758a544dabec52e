package summary

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

const (
	// batchSize is the number of monitors whose history is read at once.
	batchSize = 100
	// maxChanges is the maximum number of status changes that are read at once. If the monitors of a batch have more, they
	// are read in smaller batches.
	maxChanges = 2 * MaxStatusChanges
	// pauseFactor is the time of the pause after a read, as a multiple of its duration.
	pauseFactor = 2
)

// due is a monitor whose history must be read from a date on.
type due struct {
	monitor monitor.Monitor
	from    time.Time
	*tracked
}

// Refresh computes all summaries at now; only Run and tests call it. It reads the states of all monitors, and the history of the monitors for
// which that is necessary. If it can't read some of that, it returns an error and continues.
func (k *Keeper) Refresh(ctx context.Context, now time.Time) error {
	// Include the current millisecond.
	now = monitor.Date(now).Add(time.Millisecond)
	all, err := k.follow(ctx, now)
	if err != nil {
		return err
	}
	var failed error
	for batch := range slices.Chunk(all, batchSize) {
		if err := k.load(ctx, batch, now); err != nil {
			failed = err
		}
	}
	// This date must not be older than the status changes.
	if k.expired, err = store.Call(ctx, store.ShortCall, k.store.StatusChangesExpired); err != nil {
		return errors.Join(failed, err)
	}
	return errors.Join(failed, k.publish(now))
}

// follow takes over the newest results of all monitors. It returns the monitors whose history must be read, those with
// the longest history first.
func (k *Keeper) follow(ctx context.Context, now time.Time) ([]due, error) {
	// The time of the last deletion is read first: if results are deleted afterwards, the snapshot is outdated.
	cleared, err := store.Call(ctx, store.ShortCall, k.store.ResultsCleared)
	if err != nil {
		return nil, err
	}
	monitors, err := store.Call(ctx, store.LongCall, k.store.Monitors)
	if err != nil {
		return nil, err
	}
	states, err := store.Call(ctx, store.LongCall, k.store.States)
	if err != nil {
		return nil, err
	}
	byMonitor := statesByMonitor(states)
	known := k.tracked
	if !cleared.Equal(k.cleared) {
		known = nil
	}
	k.cleared, k.tracked, k.hasNew = cleared, make(map[string]*tracked, len(monitors)), false
	var all []due
	for _, m := range monitors {
		state, t := byMonitor[m.ID], known[m.ID]
		if t == nil || t.seen.isReset(state) {
			t = new(tracked)
		}
		k.tracked[m.ID] = t
		age := now.Sub(m.Updated)
		k.hasNew = k.hasNew || age >= 0 && age < newFor
		t.follow(m, state, now)
		if t.isDue {
			all = append(all, due{m, t.readFrom(now), t})
		}
	}
	slices.SortStableFunc(all, func(a, b due) int { return a.from.Compare(b.from) })
	return all, nil
}

func statesByMonitor(states []store.State) map[string]*store.State {
	byMonitor := make(map[string]*store.State, len(states))
	for i := range states {
		byMonitor[states[i].MonitorID] = &states[i]
	}
	return byMonitor
}

// load reads the history of a batch, and then pauses so that it takes only a part of the time of the store.
func (k *Keeper) load(ctx context.Context, batch []due, now time.Time) error {
	started := time.Now()
	h, err := k.read(ctx, batch, now)
	wake.Pause(ctx, pauseFactor*time.Since(started))
	if errors.Is(err, errTooManyChanges) {
		half := len(batch) / 2
		return errors.Join(k.load(ctx, batch[:half], now), k.load(ctx, batch[half:], now))
	}
	if err != nil {
		return err
	}
	for _, d := range batch {
		id := d.monitor.ID
		if e := d.load(d.monitor, d.from, now, h.states[id], h.changes[id], h.rollups[id]); e != nil {
			err = describe(id, e)
		}
	}
	return err
}

// describe names the monitor whose summary can't be computed.
func describe(monitorID string, err error) error { return fmt.Errorf("monitor %s: %w", monitorID, err) }

// history contains the stored history of a batch by monitor.
type history struct {
	changes map[string][]store.StatusChange
	states  map[string]*store.State
	rollups map[string]*rollups
}

// errTooManyChanges is returned if several monitors have more status changes than are read at once.
var errTooManyChanges = errors.New("too many status changes")

// read reads the history of a batch. The batch is ordered by from.
func (k *Keeper) read(ctx context.Context, batch []due, now time.Time) (h history, err error) {
	h = history{changes: make(map[string][]store.StatusChange), rollups: make(map[string]*rollups, len(batch))}
	ids, from := make([]string, len(batch)), make(map[string]time.Time, len(batch))
	first, hours := firstHour(now), now
	for i, d := range batch {
		id := d.monitor.ID
		known, start := newRollups(now, d.knownValues(now))
		ids[i], from[id], h.rollups[id] = id, d.from, known
		if start.Before(hours) {
			hours = start
		}
	}
	// The clock of a runner may be ahead, and results may have been stored since now.
	changes, err := k.changes(ctx, ids, batch[0].from, now.Add(oneDay))
	if err != nil {
		return h, err
	}
	for _, c := range changes {
		if !c.Date.Before(from[c.MonitorID]) {
			h.changes[c.MonitorID] = append(h.changes[c.MonitorID], c)
		}
	}
	// A state must not be older than the changes.
	states, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.State, error) {
		return k.store.StatesOf(ctx, ids)
	})
	h.states = statesByMonitor(states)
	if err != nil {
		return h, err
	}
	err = eachRollup(ctx, k.store, ids, store.Hour, hours, now.Truncate(time.Hour), h.rollups)
	if err == nil {
		err = eachRollup(ctx, k.store, ids, store.Minutes, first, first.Add(time.Hour), h.rollups)
	}
	return h, err
}

// changes returns the status changes of monitors since a date, newest first.
func (k *Keeper) changes(ctx context.Context, ids []string, from, to time.Time) ([]store.StatusChange, error) {
	changes, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.StatusChange, error) {
		if len(ids) == 1 {
			return k.store.StatusChanges(ctx, ids[0], from, to, MaxStatusChanges)
		}
		return k.store.StatusChangesOf(ctx, ids, from, to, maxChanges)
	})
	if err == nil && len(ids) > 1 && len(changes) == maxChanges {
		err = errTooManyChanges
	}
	return changes, err
}
