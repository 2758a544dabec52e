package engine

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// apply makes the running monitors what c says. It belongs to the scheduler's goroutine.
func (e *Engine) apply(c change) {
	now := e.clock.now()
	if !c.cleared.Equal(e.cleared) {
		e.clear(c.cleared)
	}
	few := len(c.start)-len(c.takenOver)+len(c.restart) <= fewAtOnce
	for _, id := range c.stop {
		if last := e.remove(id).state.Load(); last != nil {
			e.left[id] = farewell{last, now}
		}
	}
	e.forget(c.deleted, now)
	for _, m := range c.restart {
		old, en := e.remove(m.ID), newEntry(e.runs, m)
		en.state.Store(old.state.Load())
		en.covered = max(old.covered, en.every)
		e.add(en, now, few)
	}
	for _, m := range c.start {
		en := newEntry(e.runs, m)
		en.state.Store(since(newest(c.states[m.ID], e.left[m.ID].state), e.cleared))
		delete(e.left, m.ID)
		e.add(en, now, few && !c.takenOver[m.ID])
	}
	if last := e.exclusions.Swap(c.exclusions); last != c.exclusions {
		e.log.Info("what excludes results has changed", "windows", len(c.exclusions.windows),
			"dependents", len(c.exclusions.parents), "parentsElsewhere", len(c.exclusions.elsewhere))
	}
	e.bad = e.badElsewhere(c)
	running := slices.Collect(maps.Values(e.entries))
	e.running.Store(&running)
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
		en.state.Store(since(en.state.Load(), at))
	}
	e.writer.discard(func(_ string, date time.Time) bool { return date.Before(at) })
}
