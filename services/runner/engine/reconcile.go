package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// listEvery is the least time between two readings of the monitors.
const listEvery = 200 * time.Millisecond

// change is what the scheduler's goroutine is told to do, to run what is desired.
type change struct {
	// initial marks the first change of all.
	initial        bool
	start, restart []monitor.Monitor
	stop           []string
	// deleted are those of stop that don't exist any more.
	deleted []string
	// states are those of the monitors to start, as far as they have one.
	states map[string]*store.State
	// cleared is from when on results count.
	cleared time.Time
	// all are the stored monitors; enabled are those of them that some runner runs.
	all     []monitor.Monitor
	enabled map[string]bool
	// handed are those of start that another runner has run until now.
	handed map[string]bool
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
	store   Store
	told    bool
	running map[string]monitor.Monitor
	enabled map[string]bool
	cleared time.Time
}

// reconcile keeps the running monitors equal to the stored ones until ctx ends. It reads them at the start
// and then whenever changed tells it to.
func (e *Engine) reconcile(ctx context.Context, changed <-chan struct{}) {
	select {
	case <-ctx.Done():
		return
	case <-e.joined:
	}
	r := reconciler{store: e.store}
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
	if r.told && len(c.start)+len(c.restart)+len(c.stop) == 0 && c.cleared.Equal(r.cleared) {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case e.changes <- c:
		r.told, r.running, r.cleared = true, desired, c.cleared
		return true
	}
}

// read finds out what is to be changed to run this runner's share of what is enabled. The states of the monitors to start are read
// before the date of the clearing, so that a clearing in between is noticed.
func (r *reconciler) read(ctx context.Context, mine share) (change, map[string]monitor.Monitor, error) {
	listing, cancel := context.WithTimeout(ctx, bigCall)
	defer cancel()
	all, err := r.store.Monitors(listing)
	if err != nil {
		return change{}, nil, fmt.Errorf("list monitors: %w", err)
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
	c.initial, c.all, c.enabled, c.handed = !r.told, all, enabled, make(map[string]bool)
	for _, m := range c.start {
		c.handed[m.ID] = r.enabled[m.ID]
	}
	c.deleted = missing(c.stop, all)
	if c.states, err = r.states(ctx, c.start); err != nil {
		return change{}, nil, err
	}
	clearing, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	if c.cleared, err = r.store.ResultsCleared(clearing); err != nil {
		return change{}, nil, fmt.Errorf("read when results were cleared: %w", err)
	}
	return c, desired, nil
}

// states reads the states of the given monitors: all that there are at once when more than a few are asked for.
func (r *reconciler) states(ctx context.Context, of []monitor.Monitor) (map[string]*store.State, error) {
	ctx, cancel := context.WithTimeout(ctx, bigCall)
	defer cancel()
	states := make(map[string]*store.State, len(of))
	if len(of) > fewAtOnce {
		all, err := r.store.States(ctx)
		if err != nil {
			return nil, fmt.Errorf("read states: %w", err)
		}
		for i := range all {
			states[all[i].MonitorID] = &all[i]
		}
		return states, nil
	}
	for _, m := range of {
		s, err := r.store.State(ctx, m.ID)
		switch {
		case err == nil:
			states[m.ID] = &s
		case !errors.Is(err, monitor.ErrNotFound):
			return nil, fmt.Errorf("read the state of monitor %s: %w", m.ID, err)
		}
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

// apply makes the running monitors what c says. It belongs to the scheduler's goroutine.
func (e *Engine) apply(c change) {
	now := e.clock.now()
	if !c.cleared.Equal(e.cleared) {
		e.clear(c.cleared)
	}
	few := !c.initial && len(c.start)+len(c.restart) <= fewAtOnce
	for _, id := range c.stop {
		if old := e.remove(id); old.state != nil {
			e.left[id] = farewell{old.state, now}
		}
	}
	e.forget(c.deleted, now)
	for _, m := range c.restart {
		old, en := e.remove(m.ID), newEntry(e.runs, m)
		en.state, en.covered = old.state, max(old.covered, en.every)
		e.add(en, now, few)
	}
	for _, m := range c.start {
		en := newEntry(e.runs, m)
		en.state = since(newest(c.states[m.ID], e.left[m.ID].state), e.cleared)
		delete(e.left, m.ID)
		e.add(en, now, few && !c.handed[m.ID])
	}
	e.monitors.Store(int64(len(e.entries)))
	if changed := len(c.start) + len(c.restart) + len(c.stop); changed > 0 {
		e.log.Info("monitors changed", "started", len(c.start), "restarted", len(c.restart), "stopped", len(c.stop),
			"running", len(e.entries))
	}
}

func (e *Engine) add(en *entry, now time.Duration, few bool) {
	en.due = en.first(now, few)
	e.entries[en.monitor.ID] = en
	e.schedule.add(en)
}

// remove takes a monitor out. If it is running, its result will be dropped.
func (e *Engine) remove(id string) *entry {
	en := e.entries[id]
	delete(e.entries, id)
	e.schedule.remove(en)
	if en.running {
		en.gone = true
		en.cancel()
	} else {
		en.close()
	}
	return en
}

// forget drops what is remembered or not yet written of deleted monitors, and of others that left long ago.
func (e *Engine) forget(deleted []string, now time.Duration) {
	for _, id := range deleted {
		delete(e.left, id)
	}
	maps.DeleteFunc(e.left, func(_ string, f farewell) bool { return now-f.at > leftFor })
	if len(deleted) > 0 {
		e.writer.discard(func(monitorID string, _ time.Time) bool {
			_, found := slices.BinarySearchFunc(deleted, monitorID, strings.Compare)
			return found
		})
	}
}

// clear forgets what is remembered or not yet written from before results were cleared.
func (e *Engine) clear(at time.Time) {
	e.cleared = at
	for _, en := range e.entries {
		en.state = since(en.state, at)
	}
	e.writer.discard(func(_ string, date time.Time) bool { return date.Before(at) })
}
