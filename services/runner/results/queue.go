package results

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

// queue holds results, status changes and states that wait in memory. It is safe for concurrent use.
type queue struct {
	log *slog.Logger
	// full receives a signal when a batch can be filled.
	full chan struct{}
	// dropped counts lost results.
	dropped *atomic.Int64

	mu            sync.Mutex
	results       []monitor.Result
	statusChanges []store.StatusChange
	// states holds the newest states of the monitors with queued results.
	states map[string]store.State
	// newestStates holds the newest state of each monitor, queued or written.
	newestStates map[string]store.State
	// push holds the waiting push states by monitor; see takePush.
	push map[string]pushEntry
	// donePings lists done pings without a push state, and the done pings of a batch that was put back.
	donePings []string
	// overflow counts the results dropped since the last successful write.
	overflow int
}

func newQueue(dropped *atomic.Int64, log *slog.Logger) *queue {
	return &queue{
		log: log, full: wake.New(), dropped: dropped,
		states: make(map[string]store.State), newestStates: make(map[string]store.State), push: make(map[string]pushEntry),
	}
}

// add queues a result with its status changes and the state after it.
func (q *queue) add(r monitor.Result, s *store.State, changes []store.StatusChange) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addResult(r, s, changes)
}

// addResult is add for a caller that holds mu.
func (q *queue) addResult(r monitor.Result, s *store.State, changes []store.StatusChange) {
	q.results = append(q.results, r)
	q.statusChanges = append(q.statusChanges, changes...)
	q.states[s.MonitorID], q.newestStates[s.MonitorID] = *s, *s
	if len(q.results) > queueSize {
		q.results[0] = monitor.Result{}
		q.results = q.results[1:]
		q.countOverflow(1, queueSize)
	}
	if surplus := len(q.statusChanges) - queueSize; surplus > 0 {
		q.statusChanges = q.statusChanges[surplus:]
	}
	if len(q.results) >= batchSize {
		wake.Signal(q.full)
	}
}

// countOverflow counts n dropped results. The caller holds mu.
func (q *queue) countOverflow(n int, limit any) {
	if q.overflow == 0 {
		q.log.Error("result queue full, dropping the oldest results", "limit", limit)
	}
	q.overflow += n
	q.dropped.Add(int64(n))
}

// drop counts n results that were dropped because of a limit elsewhere.
func (q *queue) drop(n int, limit string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.countOverflow(n, limit)
}

// length returns the number of results.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.results)
}

// discard drops the results, status changes and states for which matches returns true.
func (q *queue) discard(matches func(monitorID string, date time.Time) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.results, q.statusChanges = without(q.results, q.statusChanges, matches)
	stateMatches := func(id string, s store.State) bool { return matches(id, s.Latest.Date) }
	maps.DeleteFunc(q.states, stateMatches)
	maps.DeleteFunc(q.newestStates, stateMatches)
}

// without returns copies of the lists without the elements that match.
func without(
	rs []monitor.Result, cs []store.StatusChange, matches func(monitorID string, date time.Time) bool,
) ([]monitor.Result, []store.StatusChange) {
	return slices.DeleteFunc(slices.Clone(rs), func(r monitor.Result) bool { return matches(r.MonitorID, r.Date) }),
		slices.DeleteFunc(slices.Clone(cs), func(c store.StatusChange) bool { return matches(c.MonitorID, c.Date) })
}

// take removes the next batch from the queue.
func (q *queue) take() store.Batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	var b store.Batch
	b.Results, q.results = cut(q.results)
	b.StatusChanges, q.statusChanges = cut(q.statusChanges)
	b.States = make([]store.State, 0, len(b.Results))
	for _, r := range b.Results {
		if s, ok := q.states[r.MonitorID]; ok {
			b.States = append(b.States, s)
			delete(q.states, r.MonitorID)
		}
	}
	q.takePush(&b)
	return b
}

func cut[T any](queue []T) (batch, rest []T) {
	n := min(len(queue), batchSize)
	if n == len(queue) {
		return queue, make([]T, 0, n) // The next batch is probably as long.
	}
	return queue[:n:n], queue[n:]
}

// putBack puts a batch that take returned back to the front of the queue.
func (q *queue) putBack(b store.Batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.results = slices.Concat(b.Results, q.results)
	q.statusChanges = slices.Concat(b.StatusChanges, q.statusChanges)
	for _, s := range b.States {
		if _, newer := q.states[s.MonitorID]; !newer {
			q.states[s.MonitorID] = s
		}
	}
	q.putBackPush(b)
}

// newestOf returns the newest states of the monitors in states. States from the spool are outdated after a long time in
// which the store was unavailable.
func (q *queue) newestOf(states []store.State) []store.State {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := slices.Clone(states)
	for i, s := range list {
		if n, found := q.newestStates[s.MonitorID]; found && n.IsNewerThan(&s) {
			list[i] = n
		}
	}
	return list
}

func (q *queue) logOverflow() {
	q.mu.Lock()
	dropped := q.overflow
	q.overflow = 0
	q.mu.Unlock()
	if dropped > 0 {
		q.log.Error("results dropped while the store was unavailable", "results", dropped)
	}
}
