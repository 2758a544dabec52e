package engine

import (
	"maps"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/store"
)

// apply starts, restarts and stops monitors as c says. Only the scheduler's goroutine calls it.
func (s *scheduler) apply(c change) {
	now := s.clock.now()
	if !c.cleared.Equal(s.cleared) {
		s.clear(c.cleared)
	}
	immediate := len(c.start)-len(c.takenOver)+len(c.restart) <= maxImmediateChecks
	paused := c.paused()
	for _, id := range c.stop {
		en := s.remove(id)
		pending := en.takePending()
		s.push.inbox.release(pending)
		if paused[id] {
			s.push.pause(en, pending)
		}
		if last := en.state.Load(); last != nil || en.push != nil {
			s.released[id] = releasedState{last, en.pushState(), now}
		}
	}
	s.forget(c.deleted, now)
	for _, m := range c.restart {
		old, en := s.remove(m.ID), newEntry(m)
		en.state.Store(old.state.Load())
		en.gapInterval = max(old.gapInterval, en.interval)
		pending := old.takePending()
		s.push.inbox.release(pending)
		if old.push != nil && !s.types[m.Type].Spec.Push { // The type was changed.
			s.push.pause(old, pending)
			s.released[m.ID] = releasedState{push: old.pushState(), at: now}
		}
		known := newerPushState(c.pushStates[m.ID], s.released[m.ID].push)
		s.push.add(en, newerPushState(old.pushState(), known), now)
		s.add(en, now, immediate)
	}
	for _, m := range c.start {
		en := newEntry(m)
		en.state.Store(s.dropCleared(newerState(c.states[m.ID], s.released[m.ID].state)))
		s.push.add(en, newerPushState(c.pushStates[m.ID], s.released[m.ID].push), now)
		delete(s.released, m.ID)
		s.add(en, now, immediate && !c.takenOver[m.ID])
	}
	if c.reload {
		for id, en := range s.entries {
			s.push.reloadStates(en, c.states[id], c.pushStates[id])
		}
	}
	if last := s.ignoreRules.Swap(c.ignoreRules); last != c.ignoreRules {
		s.log.Info("loaded maintenance windows and dependencies", "windows", len(c.ignoreRules.windows),
			"dependents", len(c.ignoreRules.dependencies), "remote_dependencies", len(c.ignoreRules.remote))
	}
	s.remoteNotOK = s.remoteNotOKAfter(c)
	running := slices.Collect(maps.Values(s.entries))
	s.running.Store(&running)
	s.push.inbox.activate(slices.ContainsFunc(running, func(en *entry) bool { return en.push != nil }))
	if changed := len(c.start) + len(c.restart) + len(c.stop); changed > 0 {
		s.log.Info("loaded monitors", "started", len(c.start), "restarted", len(c.restart), "stopped", len(c.stop),
			"running", len(s.entries))
	}
}

func (s *scheduler) add(en *entry, now time.Duration, immediate bool) {
	if en.push == nil {
		en.due = en.firstDue(now, immediate)
	}
	s.entries[en.monitor.ID] = en
	s.schedule.add(en)
}

// remove removes a monitor from the schedule. A running check is cancelled and its result is dropped.
func (s *scheduler) remove(id string) *entry {
	en := s.entries[id]
	delete(s.entries, id)
	s.recordChecked(id)
	s.schedule.remove(en)
	if en.running {
		en.removed = true
		en.cancel()
	} else {
		en.close()
	}
	return en
}

// forget drops the released states and queued results of deleted monitors, and the released states that are too old.
func (s *scheduler) forget(deleted []string, now time.Duration) {
	for _, id := range deleted {
		delete(s.released, id)
	}
	maps.DeleteFunc(s.released, func(_ string, r releasedState) bool { return now-r.at > releasedStateTTL })
	if len(deleted) > 0 {
		s.results.DiscardMonitors(func(monitorID string) bool {
			_, found := slices.BinarySearchFunc(deleted, monitorID, strings.Compare)
			return found
		})
	}
}

// dropCleared returns the state of a monitor to start without the results from before the last deletion of all results.
// If the time of the deletion is in the future, the clock was set back since, and the dates say nothing.
func (s *scheduler) dropCleared(state *store.State) *store.State {
	if s.cleared.After(s.cfg.Clock.Now()) {
		return state
	}
	return dropBefore(state, s.cleared)
}

// clear drops the results that are older than the given time, from the states and from the queue.
func (s *scheduler) clear(at time.Time) {
	s.cleared = at
	for _, en := range s.entries {
		en.state.Store(dropBefore(en.state.Load(), at))
	}
	s.results.Discard(func(_ string, date time.Time) bool { return date.Before(at) })
}
