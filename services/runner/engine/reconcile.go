package engine

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// listEvery is the least time between two readings of the monitors.
const listEvery = 200 * time.Millisecond

// change is what the scheduler's goroutine is told to do, to run what is desired.
type change struct {
	start, restart []monitor.Monitor
	stop           []string
	// deleted are those of stop that don't exist any more.
	deleted []string
	// states are those of the monitors to start, and of parents on other runners that are new, as far as they have one.
	states map[string]*store.State
	// cleared is from when on results count.
	cleared time.Time
	// all are the stored monitors; enabled are those of them that some runner runs.
	all     []monitor.Monitor
	enabled map[string]bool
	// exclusions are the same as before when nothing has changed about them.
	exclusions *exclusions
	// takenOver are those of start that were run until now: by another runner, or before this one was started.
	takenOver map[string]bool
}

// diff says what leads from the running monitors to the desired ones, each list ordered by id.
func diff(running map[string]monitor.Monitor, desired map[string]monitor.Monitor) change {
	var c change
	for id, m := range desired {
		was, runs := running[id]
		switch {
		case !runs:
			c.start = append(c.start, m)
		case !sameDefinition(was, m):
			c.restart = append(c.restart, m)
		}
	}
	for id := range running {
		if _, wanted := desired[id]; !wanted {
			c.stop = append(c.stop, id)
		}
	}
	byID := func(a, b monitor.Monitor) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(c.start, byID)
	slices.SortFunc(c.restart, byID)
	slices.Sort(c.stop)
	return c
}

func sameDefinition(a, b monitor.Monitor) bool {
	a.Updated, b.Updated = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}

// reconciler tells the scheduler's goroutine what to change. It remembers what it has told.
type reconciler struct {
	store      Store
	told       bool
	running    map[string]monitor.Monitor
	enabled    map[string]bool
	cleared    time.Time
	exclusions *exclusions
}

// reconcile keeps the running monitors equal to the stored ones until ctx ends. It reads them at the start
// and then whenever changed tells it to.
func (e *Engine) reconcile(ctx context.Context, changed <-chan struct{}) {
	select {
	case <-ctx.Done():
		return
	case <-e.joined:
	}
	r := reconciler{store: e.store, exclusions: e.exclusions.Load()}
	reading := e.outage("read the monitors")
	retry := newBackoff()
	for {
		earliest := time.Now().Add(listEvery)
		mine := *e.share.Load()
		c, desired, err := r.read(ctx, mine)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			reading.note(err)
			if !pause(ctx, max(retry.NextBackOff(), time.Until(earliest))) {
				return
			}
			continue
		}
		reading.note(nil)
		retry.Reset()
		e.observe(c, mine)
		if !e.tell(ctx, &r, c, desired) || !pause(ctx, time.Until(earliest)) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// observe tells the observer what is stored, and what this runner begins with.
func (e *Engine) observe(c change, mine share) {
	e.cfg.Observer.Monitors(c.all, mine.has)
	states := make([]store.State, 0, len(c.start))
	for _, m := range c.start {
		if s := c.states[m.ID]; s != nil {
			states = append(states, *s)
		}
	}
	e.cfg.Observer.Stored(states)
}

// tell hands c to the scheduler's goroutine; false when ctx ended.
func (e *Engine) tell(ctx context.Context, r *reconciler, c change, desired map[string]monitor.Monitor) bool {
	r.enabled = c.enabled
	sameMonitors := len(c.start)+len(c.restart)+len(c.stop) == 0
	if r.told && sameMonitors && c.cleared.Equal(r.cleared) && c.exclusions == r.exclusions {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case e.changes <- c:
		r.told, r.running, r.cleared, r.exclusions = true, desired, c.cleared, c.exclusions
		return true
	}
}

// read finds out what is to be changed to run this runner's share of what is enabled. The states of the monitors to start are read
// before the date of the clearing, so that a clearing in between is noticed.
func (r *reconciler) read(ctx context.Context, mine share) (change, map[string]monitor.Monitor, error) {
	all, windows, err := r.list(ctx)
	if err != nil {
		return change{}, nil, err
	}
	desired, enabled := make(map[string]monitor.Monitor, len(all)), make(map[string]bool, len(all))
	for _, m := range all {
		if !m.Enabled {
			continue
		}
		enabled[m.ID] = true
		if mine.has(m.ID) {
			desired[m.ID] = m
		}
	}
	c := diff(r.running, desired)
	c.all, c.enabled = all, enabled
	c.deleted = missing(c.stop, all)
	c.exclusions = newExclusions(windows, all, desired).orLast(r.exclusions)
	if c.states, err = r.states(ctx, r.unknown(c)); err != nil {
		return change{}, nil, err
	}
	c.takenOver = make(map[string]bool)
	for _, m := range c.start {
		if r.enabled[m.ID] || !r.told && c.states[m.ID] != nil {
			c.takenOver[m.ID] = true
		}
	}
	clearing, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	if c.cleared, err = r.store.ResultsCleared(clearing); err != nil {
		return change{}, nil, fmt.Errorf("read when results were cleared: %w", err)
	}
	return c, desired, nil
}

// list reads what is stored of monitors and maintenance windows.
func (r *reconciler) list(ctx context.Context) ([]monitor.Monitor, []maintenance.Window, error) {
	ctx, cancel := context.WithTimeout(ctx, bigCall)
	defer cancel()
	all, err := r.store.Monitors(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list monitors: %w", err)
	}
	windows, err := r.store.MaintenanceWindows(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list maintenance windows: %w", err)
	}
	return all, windows, nil
}

// unknown are the ids of the monitors whose states c needs: those to start, and parents on other runners that are new.
func (r *reconciler) unknown(c change) []string {
	ids := make([]string, 0, len(c.start))
	for _, m := range c.start {
		ids = append(ids, m.ID)
	}
	for id := range c.exclusions.elsewhere {
		if _, known := r.exclusions.elsewhere[id]; !known {
			ids = append(ids, id)
		}
	}
	return ids
}

// states reads the states of the given monitors: all that there are when more than a few are asked for.
func (r *reconciler) states(ctx context.Context, ids []string) (map[string]*store.State, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, bigCall)
	defer cancel()
	read := r.store.States
	if len(ids) <= fewAtOnce {
		read = func(ctx context.Context) ([]store.State, error) { return r.store.StatesOf(ctx, ids) }
	}
	list, err := read(ctx)
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	states := make(map[string]*store.State, len(list))
	for i := range list {
		states[list[i].MonitorID] = &list[i]
	}
	return states, nil
}

// missing are the ids that none of ms has.
func missing(ids []string, ms []monitor.Monitor) []string {
	if len(ids) == 0 {
		return nil
	}
	known := make(map[string]bool, len(ms))
	for _, m := range ms {
		known[m.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return known[id] })
}
