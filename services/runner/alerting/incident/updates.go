package incident

import (
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

// updates collects monitors and states until the evaluator takes them. It keeps only the newest state of each monitor.
type updates struct {
	// signal holds a value while there are updates.
	signal chan struct{}

	mu sync.Mutex
	// monitors is nil if they haven't changed.
	monitors *monitorSet
	states   map[string]store.State
	problems []runnerProblem
}

func newUpdates() *updates {
	return &updates{signal: wake.New(), states: make(map[string]store.State)}
}

func (u *updates) setMonitors(all []monitor.Monitor, own func(id string) bool) {
	set := newMonitorSet(all, own)
	u.mu.Lock()
	u.monitors = set
	u.mu.Unlock()
	wake.Signal(u.signal)
}

func (u *updates) addStates(states []store.State) {
	u.mu.Lock()
	for _, s := range states {
		if old, found := u.states[s.MonitorID]; !found || s.Number() > old.Number() {
			u.states[s.MonitorID] = s
		}
	}
	u.mu.Unlock()
	wake.Signal(u.signal)
}

func (u *updates) addProblem(text string, since time.Time) {
	u.mu.Lock()
	u.problems = append(u.problems, runnerProblem{text, since})
	u.mu.Unlock()
	wake.Signal(u.signal)
}

// take returns and clears the updates.
func (u *updates) take() (*monitorSet, map[string]store.State) {
	u.mu.Lock()
	defer u.mu.Unlock()
	monitors, states := u.monitors, u.states
	u.monitors, u.states = nil, make(map[string]store.State)
	return monitors, states
}

// takeProblems returns and clears the problems of this runner.
func (u *updates) takeProblems() []runnerProblem {
	u.mu.Lock()
	defer u.mu.Unlock()
	problems := u.problems
	u.problems = nil
	return problems
}
