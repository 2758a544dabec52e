package engine

import (
	"maps"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/store"
)

// apply starts, restarts and stops monitors as c says. Only the scheduler's goroutine calls it.
func (e *Engine) apply(c change) {
	now := e.clock.now()
	if !c.cleared.Equal(e.cleared) {
		e.clear(c.cleared)
	}
	immediate := len(c.start)-len(c.takenOver)+len(c.restart) <= maxImmediateChecks
	for _, id := range c.stop {
		if last := e.remove(id).state.Load(); last != nil {
			e.released[id] = releasedState{last, now}
		}
	}
	e.forget(c.deleted, now)
	for _, m := range c.restart {
		old, en := e.remove(m.ID), newEntry(e.checkCtx, m)
		en.state.Store(old.state.Load())
		en.gapInterval = max(old.gapInterval, en.interval)
		e.add(en, now, immediate)
	}
	for _, m := range c.start {
		en := newEntry(e.checkCtx, m)
		en.state.Store(e.dropCleared(newerState(c.states[m.ID], e.released[m.ID].state)))
		delete(e.released, m.ID)
		e.add(en, now, immediate && !c.takenOver[m.ID])
	}
	if c.reload {
		for id, en := range e.entries {
			en.state.Store(newerState(en.state.Load(), e.dropCleared(c.states[id])))
		}
	}
	if last := e.ignoreRules.Swap(c.ignoreRules); last != c.ignoreRules {
		e.log.Info("loaded maintenance windows and dependencies", "windows", len(c.ignoreRules.windows),
			"dependents", len(c.ignoreRules.dependencies), "remote_dependencies", len(c.ignoreRules.remote))
	}
	e.remoteNotOK = e.remoteNotOKAfter(c)
	running := slices.Collect(maps.Values(e.entries))
	e.running.Store(&running)
	if changed := len(c.start) + len(c.restart) + len(c.stop); changed > 0 {
		e.log.Info("loaded monitors", "started", len(c.start), "restarted", len(c.restart), "stopped", len(c.stop),
			"running", len(e.entries))
	}
}

func (e *Engine) add(en *entry, now time.Duration, immediate bool) {
	en.due = en.firstDue(now, immediate)
	e.entries[en.monitor.ID] = en
	e.schedule.add(en)
}

// remove removes a monitor from the schedule. A running check is cancelled and its result is dropped.
func (e *Engine) remove(id string) *entry {
	en := e.entries[id]
	delete(e.entries, id)
	e.recordChecked(id)
	e.schedule.remove(en)
	if en.running {
		en.removed = true
		en.cancel()
	} else {
		en.close()
	}
	return en
}

// forget drops the released states and queued results of deleted monitors, and the released states that are too old.
func (e *Engine) forget(deleted []string, now time.Duration) {
	for _, id := range deleted {
		delete(e.released, id)
	}
	maps.DeleteFunc(e.released, func(_ string, r releasedState) bool { return now-r.at > releasedStateTTL })
	if len(deleted) > 0 {
		e.results.Discard(func(monitorID string, _ time.Time) bool {
			_, found := slices.BinarySearchFunc(deleted, monitorID, strings.Compare)
			return found
		})
	}
}

// dropCleared returns the state of a monitor to start without the results from before the last deletion of all results.
// If the time of the deletion is in the future, the clock was set back since, and the dates say nothing.
func (e *Engine) dropCleared(s *store.State) *store.State {
	if e.cleared.After(e.cfg.Clock.Now()) {
		return s
	}
	return dropBefore(s, e.cleared)
}

// clear drops the results that are older than the given time, from the states and from the queue.
func (e *Engine) clear(at time.Time) {
	e.cleared = at
	for _, en := range e.entries {
		en.state.Store(dropBefore(en.state.Load(), at))
	}
	e.results.Discard(func(_ string, date time.Time) bool { return date.Before(at) })
}
