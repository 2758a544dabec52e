package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
	"nanomon/services/runner/cluster"
)

// minReadInterval is the minimum time between two reads of the monitors.
const minReadInterval = 200 * time.Millisecond

// maxStatesPerRead is the maximum number of monitors whose states are read at once.
const maxStatesPerRead = 1000

// change describes how the scheduler's goroutine gets from the running monitors to the desired ones.
type change struct {
	start, restart []monitor.Monitor
	stop           []string
	// deleted are the ids in stop whose monitors no longer exist.
	deleted []string
	// states are the stored states, by monitor id, of the monitors to start and of new remote dependencies. If reload is
	// true, states includes the states of all running monitors.
	states map[string]*store.State
	reload bool
	// pushStates are the stored push states of the push monitors among them.
	pushStates map[string]*store.PushState
	// cleared is the time of the last deletion of all results. Results before it do not count.
	cleared time.Time
	// all are the stored monitors.
	all []monitor.Monitor
	// enabled are the ids of the enabled monitors in all, in the same order.
	enabled []string
	// ignoreRules is the same pointer as before if the rules have not changed.
	ignoreRules *ignoreRules
	// takenOver are the ids in start that another runner, or this runner before its restart, has run until now.
	takenOver map[string]bool
}

// diff returns the change from the running monitors to the desired ones. Its lists are ordered by id.
func diff(running map[string]monitor.Monitor, desired map[string]monitor.Monitor) change {
	var c change
	for id, m := range desired {
		old, isRunning := running[id]
		switch {
		case !isRunning:
			c.start = append(c.start, m)
		case !sameDefinition(old, m):
			c.restart = append(c.restart, m)
		}
	}
	for id := range running {
		if _, isDesired := desired[id]; !isDesired {
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

// reconciler computes changes for the scheduler's goroutine. Its fields, except store, hold what the last change
// contained.
type reconciler struct {
	store Store
	types probe.Registry
	// submitted is true after the first change.
	submitted   bool
	running     map[string]monitor.Monitor
	enabled     []string
	cleared     time.Time
	ignoreRules *ignoreRules
}

// reconcile keeps the running monitors equal to the stored ones until ctx ends. It reads the monitors at the start and
// after each signal on changed.
func (e *Engine) reconcile(ctx context.Context, changed <-chan struct{}) {
	select {
	case <-ctx.Done():
		return
	case <-e.member.Joined():
	}
	r := reconciler{store: e.store, types: e.scheduler.types, ignoreRules: e.scheduler.ignoreRules.Load()}
	reading := e.health.Operation("read monitors")
	retry := store.NewRetryBackoff()
	for {
		earliest := time.Now().Add(minReadInterval)
		a := e.member.Assignment()
		reload := e.reload.Swap(false)
		c, desired, err := r.read(ctx, a, reload)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			reading.Record(err)
			if reload {
				e.reload.Store(true)
			}
			if !wake.Pause(ctx, max(retry.NextBackOff(), time.Until(earliest))) {
				return
			}
			continue
		}
		reading.Record(nil)
		retry.Reset()
		e.notifyObserver(c, a)
		e.scheduler.push.inbox.noteClosed(c.all, r.types)
		if !e.submit(ctx, &r, c, desired) || !wake.Pause(ctx, time.Until(earliest)) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// notifyObserver passes the stored monitors and the states of the monitors to start to the observer.
func (e *Engine) notifyObserver(c change, a cluster.Assignment) {
	e.cfg.Observer.Monitors(c.all, a.Has)
	states := make([]store.State, 0, len(c.start))
	for _, m := range c.start {
		if s := c.states[m.ID]; s != nil {
			states = append(states, *s)
		}
	}
	e.cfg.Observer.Stored(states)
}

// submit sends c to the scheduler's goroutine unless it changes nothing. It returns false if ctx ends.
func (e *Engine) submit(ctx context.Context, r *reconciler, c change, desired map[string]monitor.Monitor) bool {
	r.enabled = c.enabled
	sameMonitors := len(c.start)+len(c.restart)+len(c.stop) == 0
	if r.submitted && sameMonitors && !c.reload && c.cleared.Equal(r.cleared) && c.ignoreRules == r.ignoreRules {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case e.scheduler.changes <- c:
		r.submitted, r.running, r.cleared, r.ignoreRules = true, desired, c.cleared, c.ignoreRules
		return true
	}
}

// read returns the monitors that this runner should run, by id, and the change that leads to them. It reads the states
// before the time of the last deletion of results, so that it notices a deletion between the two reads. If reload is
// true, it reads the states of the running monitors too.
func (r *reconciler) read(ctx context.Context, a cluster.Assignment, reload bool) (change, map[string]monitor.Monitor, error) {
	all, windows, err := r.list(ctx)
	if err != nil {
		return change{}, nil, err
	}
	desired, enabled := make(map[string]monitor.Monitor), make([]string, 0, len(all))
	for _, m := range all {
		if !m.Enabled {
			continue
		}
		enabled = append(enabled, m.ID)
		if a.Has(m.ID) {
			desired[m.ID] = m
		}
	}
	c := diff(r.running, desired)
	c.all, c.enabled = all, enabled
	c.deleted = missing(c.stop, all)
	c.ignoreRules = newIgnoreRules(windows, all, desired).orEqual(r.ignoreRules)
	needed := r.neededStates(c)
	if c.reload = reload; reload {
		needed = slices.AppendSeq(needed, maps.Keys(desired))
	}
	// A runner stores a state before the push state that goes with it.
	if c.pushStates, err = r.pushStates(ctx, append(r.newPush(c), needed...), desired); err != nil {
		return change{}, nil, err
	}
	if c.states, err = readStates(ctx, r.store, needed); err != nil {
		return change{}, nil, err
	}
	c.takenOver = r.takenOver(c)
	if c.cleared, err = store.Call(ctx, store.ShortCall, r.store.ResultsCleared); err != nil {
		return change{}, nil, fmt.Errorf("read the time of the last deletion of results: %w", err)
	}
	return c, desired, nil
}

// takenOver returns which monitors that c starts have been run until now, by another runner or by this one before its
// restart.
func (r *reconciler) takenOver(c change) map[string]bool {
	takenOver, started := make(map[string]bool), make(map[string]bool, len(c.start))
	for _, m := range c.start {
		started[m.ID] = true
		if !r.submitted && c.states[m.ID] != nil {
			takenOver[m.ID] = true
		}
	}
	if len(started) == 0 {
		return takenOver
	}
	for _, id := range r.enabled {
		if started[id] {
			takenOver[id] = true
		}
	}
	return takenOver
}

// list reads the monitors and the maintenance windows.
func (r *reconciler) list(ctx context.Context) ([]monitor.Monitor, []maintenance.Window, error) {
	ctx, cancel := context.WithTimeout(ctx, store.LongCall)
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

// neededStates returns the ids of the monitors whose states c needs: the monitors to start and new remote dependencies.
func (r *reconciler) neededStates(c change) []string {
	ids := make([]string, 0, len(c.start))
	for _, m := range c.start {
		ids = append(ids, m.ID)
	}
	for id := range c.ignoreRules.remote {
		if _, known := r.ignoreRules.remote[id]; !known {
			ids = append(ids, id)
		}
	}
	return ids
}

// readStates reads the states of the given monitors.
func readStates(ctx context.Context, s Store, ids []string) (map[string]*store.State, error) {
	ctx, cancel := context.WithTimeout(ctx, store.LongCall)
	defer cancel()
	states := make(map[string]*store.State, len(ids))
	for part := range slices.Chunk(ids, maxStatesPerRead) {
		list, err := s.StatesOf(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("read states: %w", err)
		}
		for i := range list {
			states[list[i].MonitorID] = &list[i]
		}
	}
	return states, nil
}

// missing returns the ids that no monitor in ms has, in order.
func missing(ids []string, ms []monitor.Monitor) []string {
	absent := make(map[string]bool, len(ids))
	for _, id := range ids {
		absent[id] = true
	}
	for _, m := range ms {
		delete(absent, m.ID)
	}
	return slices.Sorted(maps.Keys(absent))
}
