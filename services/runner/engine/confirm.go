package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"nanomon/services/common/store"
)

// takeOverTime is the time after the start of a push monitor in which another runner may have handled pings of it since
// its states were read.
const takeOverTime = releasedStateTTL

// stateRequests lists the push monitors whose states are read after the next pass through the pings. It is safe for
// concurrent use.
type stateRequests struct {
	mu  sync.Mutex
	ids []string
}

func (r *stateRequests) add(ids ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids = append(r.ids, ids...)
}

// take returns the ids, each once, and removes them.
func (r *stateRequests) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := r.ids
	r.ids = nil
	slices.Sort(ids)
	return slices.Compact(ids)
}

// storedStates are the stored states and push states of push monitors, by monitor id.
type storedStates struct {
	ids        []string
	states     map[string]*store.State
	pushStates map[string]*store.PushState
}

// readRequested reads the states of the push monitors that wait for it.
func (e *Engine) readRequested(ctx context.Context) (read storedStates, err error) {
	requests := &e.scheduler.push.inbox.requests
	read.ids = requests.take()
	if len(read.ids) == 0 {
		return read, nil
	}
	// A runner stores a state before the push state that goes with it.
	if read.pushStates, err = readPushStates(ctx, e.store, read.ids); err == nil {
		read.states, err = readStates(ctx, e.store, read.ids)
	}
	if err != nil {
		requests.add(read.ids...)
	}
	return read, err
}

// needsStates reports whether the states of p must be read again before a deadline is judged. Another runner has perhaps
// stored what follows from a ping, and deleted the ping, after this runner had read the states and before it read the
// pings. If the ping was missing in a pass that has begun at settled or later, states that are read after it contain it.
func (s *pushes) needsStates(p *pushMonitor, settled time.Time) bool {
	return p.confirmed.Before(settled) && s.clock.now()-p.added < takeOverTime
}

// reload replaces the states of the given monitors if the read ones are newer. They were read after the pass that has
// begun at the given time.
func (s *pushes) reload(read storedStates, began time.Time) {
	for _, id := range read.ids {
		if en := s.entries[id]; en != nil && en.push != nil && !en.running {
			s.reloadStates(en, read.states[id], read.pushStates[id])
			en.push.confirmed = began
		}
	}
}

// reloadStates replaces the state and the push state of a monitor if the given ones are newer; either may be nil.
func (s *pushes) reloadStates(en *entry, state *store.State, pushState *store.PushState) {
	en.state.Store(newerState(en.state.Load(), s.dropCleared(state)))
	if p := en.push; p != nil && !en.running {
		if pushState != nil && pushState.IsNewerThan(p.state) {
			p.state = *pushState
			s.listUnchecked(en)
		}
		p.recorded = recordedAfter(en.state.Load(), p.state.Ended)
	}
}

// recordedAfter returns the dates of the results in a state that are after the newest end of a run in a push state.
func recordedAfter(latest *store.State, ended time.Time) map[time.Time]bool {
	if latest == nil {
		return nil
	}
	recorded := make(map[time.Time]bool)
	for _, point := range latest.History {
		if point.Date.After(ended) {
			recorded[point.Date] = true
		}
	}
	return recorded
}
