package summary

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// memory is a store in memory. All monitors have the same rollups.
type memory struct {
	monitors []monitor.Monitor
	states   map[string]store.State
	changes  map[string][]store.StatusChange // newest first
	cleared  time.Time
	expired  time.Time

	mu     sync.Mutex
	broken error
	calls  []string
}

func newMemory(monitors int) *memory {
	m := &memory{states: make(map[string]store.State), changes: make(map[string][]store.StatusChange)}
	for n := range monitors {
		id := fmt.Sprintf("65a5%020x", n)
		m.monitors = append(m.monitors, monitor.Monitor{ID: id, Name: id, Interval: "1m", Enabled: true, Updated: now.Add(-oneDay)})
	}
	return m
}

// check adds a result to the history of each monitor.
func (m *memory) check(at time.Time, status monitor.Status) {
	for _, each := range m.monitors {
		m.checkOne(each.ID, at, status)
	}
}

func (m *memory) checkOne(id string, at time.Time, status monitor.Status) {
	s, known := m.states[id]
	if !known || s.Latest.Status != status {
		from := ""
		if known {
			from = s.Latest.Status.String()
		}
		s.Since = at
		change := store.StatusChange{MonitorID: id, Date: at, Kind: store.ChangeStatus, From: from, To: status.String()}
		m.changes[id] = append([]store.StatusChange{change}, m.changes[id]...)
	}
	s.MonitorID, s.Latest = id, monitor.Result{ID: id, MonitorID: id, Date: at, Status: status, Value: 100}
	history := append(append([]store.Point{}, s.History...), store.Point{Date: at, Status: status, Value: 100})
	s.History = history[max(0, len(history)-store.HistoryLength):]
	m.states[id] = s
}

func (m *memory) call(name string, ids ...string) error {
	if len(ids) > 0 {
		name = fmt.Sprint(name, " ", len(ids))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, name)
	return m.broken
}

// takeCalls returns the calls since the last call of takeCalls.
func (m *memory) takeCalls() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := strings.Join(m.calls, ", ")
	m.calls = nil
	return calls
}

// edit changes the first monitor.
func (m *memory) edit(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.monitors = slices.Clone(m.monitors)
	m.monitors[0].Updated = at
}

// fail makes all calls return an error.
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

func (m *memory) Monitors(context.Context) ([]monitor.Monitor, error) {
	m.mu.Lock()
	monitors := m.monitors
	m.mu.Unlock()
	return monitors, m.call("monitors")
}

func (m *memory) States(context.Context) ([]store.State, error) {
	var all []store.State
	for _, s := range m.states {
		all = append(all, s)
	}
	return all, m.call("states")
}

func (m *memory) StatesOf(_ context.Context, ids []string) ([]store.State, error) {
	var found []store.State
	for _, id := range ids {
		if s, known := m.states[id]; known {
			found = append(found, s)
		}
	}
	return found, m.call("states of", ids...)
}

func (m *memory) StatusChanges(ctx context.Context, id string, from, to time.Time, limit int) ([]store.StatusChange, error) {
	return m.StatusChangesOf(ctx, []string{id}, from, to, limit)
}

func (m *memory) StatusChangesOf(_ context.Context, ids []string, from, to time.Time, limit int) ([]store.StatusChange, error) {
	var found []store.StatusChange
	for _, id := range ids {
		for _, c := range m.changes[id] {
			if !c.Date.Before(from) && c.Date.Before(to) && len(found) < limit {
				found = append(found, c)
			}
		}
	}
	return found, m.call("changes of", ids...)
}

func (m *memory) EachRollup(_ context.Context, ids []string, p store.Period, from, to time.Time, each func(store.Rollup)) error {
	sum := rollup.New()
	sum.Add(monitor.StatusOK, 50)
	for _, id := range ids {
		for start := from; p == store.Hour && start.Before(to); start = start.Add(time.Hour) {
			each(store.Rollup{MonitorID: id, Period: p, Start: start, Summary: sum.Encode()})
		}
	}
	return m.call(fmt.Sprintf("%.0f × %s of", to.Sub(from).Hours(), p), ids...)
}

func (m *memory) StatusChangesExpired(context.Context) (time.Time, error) {
	return m.expired, nil
}

func (m *memory) ResultsCleared(context.Context) (time.Time, error) {
	return m.cleared, m.call("cleared")
}
