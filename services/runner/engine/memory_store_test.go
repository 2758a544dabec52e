package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

// memoryStore is a store in memory. It does no I/O, so it works in a synctest bubble.
type memoryStore struct {
	mu              sync.Mutex
	down            bool                    // every call returns ErrUnavailable
	reject          func(store.Batch) error // called before a batch is stored; its error rejects the batch
	damage          error                   // Ping fails with it
	unwatched       bool                    // Watch returns ErrWatchUnsupported
	monitors        map[string]monitor.Monitor
	windows         []maintenance.Window
	noWindows       bool // MaintenanceWindows returns ErrUnavailable
	states          map[string]store.State
	results         map[string]monitor.Result // by id
	stored          map[string]int            // number of writes, by result id
	statusChanges   []store.StatusChange
	cleared         time.Time
	batches         []int // sizes
	onDemandChecks  map[string]store.OnDemandCheck
	claims          map[string]string
	rival           bool // another runner claims every on-demand check first
	onDemandResults map[string]monitor.Result
	failDelete      bool // DeleteOnDemandCheck fails
	heartbeats      []store.Runner
	runners         map[string]store.Runner
	dirty           []store.DirtyHour
	// rollupsFail makes PutRollups fail.
	rollupsFail bool
	// history contains hours that MarkHistory will mark.
	history    []store.DirtyHour
	rollups    map[string]store.Rollup
	expired    []time.Time
	clockError time.Duration
	calls      map[string]int // calls by name
	watchers   map[store.Topic][]chan struct{}
	memoryPush
}

var _ runnerStore = (*memoryStore)(nil)

func newMemoryStore(ms ...monitor.Monitor) *memoryStore {
	s := &memoryStore{
		monitors: map[string]monitor.Monitor{}, states: map[string]store.State{}, results: map[string]monitor.Result{},
		stored: map[string]int{}, onDemandChecks: map[string]store.OnDemandCheck{}, claims: map[string]string{},
		onDemandResults: map[string]monitor.Result{}, runners: map[string]store.Runner{}, rollups: map[string]store.Rollup{},
		calls: map[string]int{}, watchers: map[store.Topic][]chan struct{}{},
	}
	for _, m := range ms {
		s.monitors[m.ID] = m
	}
	return s
}

// withResults gives the monitors earlier results, so that a runner does not check them immediately at its start.
func (s *memoryStore) withResults(ms ...monitor.Monitor) *memoryStore {
	for _, m := range ms {
		r := monitor.Result{MonitorID: m.ID, Date: time.Now().Add(-time.Minute)}
		s.states[m.ID] = store.State{MonitorID: m.ID, Latest: r, Streak: 1, Since: r.Date}
	}
	return s
}

// enter locks the store and counts the call.
func (s *memoryStore) enter(ctx context.Context, call string) (func(), error) {
	s.mu.Lock()
	s.calls[call]++
	switch {
	case ctx.Err() != nil:
		return s.mu.Unlock, ctx.Err()
	case s.down:
		return s.mu.Unlock, monitor.ErrUnavailable
	}
	return s.mu.Unlock, nil
}

// with changes the store under its lock and notifies the watchers of t.
func (s *memoryStore) with(t store.Topic, change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	for _, c := range s.watchers[t] {
		wake.Signal(c)
	}
}

func (s *memoryStore) set(ms ...monitor.Monitor) {
	s.with(store.TopicMonitors, func() {
		for _, m := range ms {
			s.monitors[m.ID] = m
		}
	})
}

func (s *memoryStore) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	leave, err := s.enter(ctx, "Monitors")
	defer leave()
	return slices.Collect(maps.Values(s.monitors)), err
}

func (s *memoryStore) ResultsCleared(ctx context.Context) (time.Time, error) {
	leave, err := s.enter(ctx, "ResultsCleared")
	defer leave()
	return s.cleared, err
}

func (s *memoryStore) StatesOf(ctx context.Context, ids []string) ([]store.State, error) {
	leave, err := s.enter(ctx, "StatesOf")
	defer leave()
	var found []store.State
	for _, id := range ids {
		if state, has := s.states[id]; has {
			found = append(found, state)
		}
	}
	return found, err
}

func (s *memoryStore) AppendBatch(ctx context.Context, b store.Batch) error {
	leave, err := s.enter(ctx, "AppendBatch")
	defer leave()
	if err == nil && s.reject != nil {
		err = s.reject(b)
	}
	if err != nil {
		return err
	}
	s.batches = append(s.batches, len(b.Results))
	for _, r := range b.Results {
		s.results[r.ID] = r
		s.stored[r.ID]++
	}
	s.statusChanges = append(s.statusChanges, b.StatusChanges...)
	for _, st := range b.States {
		if old, found := s.states[st.MonitorID]; !found || st.IsNewerThan(&old) {
			s.states[st.MonitorID] = st
		}
	}
	s.appendPush(b)
	return nil
}

func (s *memoryStore) Watch(ctx context.Context, t store.Topic) (<-chan struct{}, error) {
	leave, err := s.enter(ctx, "Watch")
	defer leave()
	if s.unwatched {
		return nil, store.ErrWatchUnsupported
	}
	c := make(chan struct{}, 1)
	s.watchers[t] = append(s.watchers[t], c)
	return c, err
}

func (s *memoryStore) Ping(ctx context.Context) error {
	leave, err := s.enter(ctx, "Ping")
	defer leave()
	return cmp.Or(err, s.damage)
}

func (s *memoryStore) AddOnDemandChecks(ctx context.Context, rs ...store.OnDemandCheck) error {
	leave, err := s.enter(ctx, "AddOnDemandChecks")
	defer leave()
	if err == nil {
		for _, r := range rs {
			s.onDemandChecks[r.ID] = r
		}
	}
	return err
}

func (s *memoryStore) PendingOnDemandChecks(ctx context.Context, now time.Time) ([]store.OnDemandCheck, error) {
	leave, err := s.enter(ctx, "PendingOnDemandChecks")
	defer leave()
	var pending []store.OnDemandCheck
	for _, r := range s.onDemandChecks {
		if s.claims[r.ID] == "" && r.Expires.After(now) {
			pending = append(pending, r)
		}
	}
	return pending, err
}

func (s *memoryStore) ClaimOnDemandCheck(ctx context.Context, id, runner string, now time.Time) (bool, error) {
	leave, err := s.enter(ctx, "ClaimOnDemandCheck")
	defer leave()
	if s.rival || err != nil || !s.onDemandChecks[id].Expires.After(now) {
		s.claims[id] = "rival"
		return false, err
	}
	s.claims[id] = runner
	return true, nil
}

func (s *memoryStore) CompleteOnDemandCheck(ctx context.Context, id string, r monitor.Result) error {
	leave, err := s.enter(ctx, "CompleteOnDemandCheck")
	defer leave()
	s.onDemandResults[id] = r
	return err
}

func (s *memoryStore) DeleteOnDemandCheck(ctx context.Context, id string) error {
	leave, err := s.enter(ctx, "DeleteOnDemandCheck")
	defer leave()
	if s.failDelete {
		return monitor.ErrUnavailable
	}
	delete(s.onDemandChecks, id)
	return err
}

func (s *memoryStore) PutHeartbeat(ctx context.Context, r store.Runner) error {
	leave, err := s.enter(ctx, "PutHeartbeat")
	defer leave()
	s.heartbeats = append(s.heartbeats, r)
	s.runners[r.ID] = r
	return err
}

func (s *memoryStore) Now(ctx context.Context) (time.Time, error) {
	leave, err := s.enter(ctx, "Now")
	defer leave()
	return time.Now().Add(s.clockError), err
}

func (s *memoryStore) Runners(ctx context.Context, since time.Time) ([]store.Runner, error) {
	leave, err := s.enter(ctx, "Runners")
	defer leave()
	var found []store.Runner
	for _, r := range s.runners {
		if !r.LastSeen.Before(since) {
			found = append(found, r)
		}
	}
	return found, err
}

func (s *memoryStore) RemoveRunner(ctx context.Context, id string) error {
	leave, err := s.enter(ctx, "RemoveRunner")
	defer leave()
	delete(s.runners, id)
	return err
}

func (s *memoryStore) Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error) {
	leave, err := s.enter(ctx, "Results")
	defer leave()
	var found []monitor.Result
	for _, r := range s.results {
		inTime := !r.Date.Before(f.From) && (f.To.IsZero() || r.Date.Before(f.To))
		after := f.Before == nil || cmp.Or(f.Before.Date.Compare(r.Date), strings.Compare(f.Before.ID, r.ID)) > 0
		if (f.MonitorID == "" || r.MonitorID == f.MonitorID) && inTime && after {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b monitor.Result) int {
		return cmp.Or(b.Date.Compare(a.Date), strings.Compare(b.ID, a.ID))
	})
	return found[:min(len(found), f.Limit)], err
}

func (s *memoryStore) DirtyHours(ctx context.Context, closed, _ time.Time, limit int) ([]store.DirtyHour, error) {
	leave, err := s.enter(ctx, "DirtyHours")
	defer leave()
	var marks []store.DirtyHour
	for _, m := range s.dirty {
		if !m.Hour.Add(time.Hour).After(closed) {
			marks = append(marks, m)
		}
	}
	return marks[:min(len(marks), limit)], err
}

func (s *memoryStore) MarkHistory(ctx context.Context) (step store.MarkedHistory, err error) {
	leave, err := s.enter(ctx, "MarkHistory")
	defer leave()
	step.Done = len(s.history) == 0
	if err != nil || step.Done {
		return step, err
	}
	next := s.history[0]
	s.history = s.history[1:]
	s.dirty = append(s.dirty, next)
	return store.MarkedHistory{Hours: 1, Oldest: next.Hour}, nil
}

func (s *memoryStore) PutRollups(ctx context.Context, rs []store.Rollup) error {
	leave, err := s.enter(ctx, "PutRollups")
	defer leave()
	if s.rollupsFail {
		return monitor.ErrUnavailable
	}
	for _, r := range rs {
		s.rollups[r.MonitorID+string(r.Period)+r.Start.String()] = r
	}
	return err
}

func (s *memoryStore) ClearDirty(ctx context.Context, marks []store.DirtyHour) error {
	leave, err := s.enter(ctx, "ClearDirty")
	defer leave()
	s.dirty = slices.DeleteFunc(s.dirty, func(m store.DirtyHour) bool { return slices.Contains(marks, m) })
	return err
}

func (s *memoryStore) Rollups(ctx context.Context, id string, p store.Period, from, to time.Time) ([]store.Rollup, error) {
	leave, err := s.enter(ctx, "Rollups")
	defer leave()
	var found []store.Rollup
	for _, r := range s.rollups {
		if r.MonitorID == id && r.Period == p && !r.Start.Before(from) && r.Start.Before(to) {
			found = append(found, r)
		}
	}
	return found, err
}

func (s *memoryStore) Expire(ctx context.Context, now time.Time, keep store.Retention) (int, error) {
	leave, err := s.enter(ctx, "Expire")
	defer leave()
	s.expired = append(s.expired, now)
	before := len(s.results)
	maps.DeleteFunc(s.results, func(_ string, r monitor.Result) bool {
		return keep.Results > 0 && r.Date.Before(now.Add(-keep.Results))
	})
	return before - len(s.results), err
}

// inspect reads the store under its lock.
func inspect[T any](s *memoryStore, read func() T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return read()
}
