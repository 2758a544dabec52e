package results

import (
	"maps"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

// pushEntry is what waits of a push monitor besides its results.
type pushEntry struct {
	state store.PushState
	// pings lists the ids of the done pings.
	pings []string
}

// addPush queues a push state and done pings, with a result unless r is nil.
func (q *queue) addPush(
	r *monitor.Result, s *store.State, changes []store.StatusChange, push store.PushState, donePings []string,
) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r != nil {
		q.addResult(*r, s, changes)
	}
	waiting := q.push[push.MonitorID]
	q.push[push.MonitorID] = pushEntry{push, append(waiting.pings, donePings...)}
	if len(q.push) >= batchSize {
		wake.Signal(q.full)
	}
}

// addDone queues done pings that belong to no push state.
func (q *queue) addDone(pings []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.donePings = append(q.donePings, pings...)
}

// takePush moves push states and done pings to b, which was just taken from the queue. The entry of a monitor stays while
// the queue has results or status changes of the monitor: they must be written before. The caller holds mu.
func (q *queue) takePush(b *store.Batch) {
	b.DonePings, q.donePings = q.donePings, nil
	if len(q.push) == 0 {
		return
	}
	waiting := make(map[string]bool)
	for _, r := range q.results {
		waiting[r.MonitorID] = true
	}
	for _, c := range q.statusChanges {
		waiting[c.MonitorID] = true
	}
	for id, entry := range q.push {
		if len(b.PushStates) == batchSize {
			return
		}
		if !waiting[id] {
			b.PushStates = append(b.PushStates, entry.state)
			b.DonePings = append(b.DonePings, entry.pings...)
			delete(q.push, id)
		}
	}
}

// putBackPush puts back the push states and done pings of a batch whose results are at the front of the queue. The caller
// holds mu.
func (q *queue) putBackPush(b store.Batch) {
	for _, state := range b.PushStates {
		if _, newer := q.push[state.MonitorID]; !newer {
			q.push[state.MonitorID] = pushEntry{state: state}
		}
	}
	q.donePings = append(q.donePings, b.DonePings...)
}

// discardPush drops the push states and done pings of deleted monitors.
func (q *queue) discardPush(isDeleted func(monitorID string) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	maps.DeleteFunc(q.push, func(id string, _ pushEntry) bool { return isDeleted(id) })
}

// newestPushStates returns the newest push state of each monitor.
func newestPushStates(states []store.PushState) []store.PushState {
	index, newest := make(map[string]int, len(states)), states[:0]
	for _, s := range states {
		i, found := index[s.MonitorID]
		switch {
		case !found:
			index[s.MonitorID] = len(newest)
			newest = append(newest, s)
		case s.IsNewerThan(newest[i]):
			newest[i] = s
		}
	}
	return newest
}
