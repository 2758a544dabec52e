package alerting

import (
	"sync"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// inbox is what was told to the alerter and isn't taken in yet. Of each monitor it keeps the newest state.
type inbox struct {
	// signal holds a value while there is something new.
	signal chan struct{}

	mu sync.Mutex
	// monitors is nil when they haven't changed.
	monitors *monitorSet
	states   map[string]store.State
}

func newInbox() *inbox {
	return &inbox{signal: make(chan struct{}, 1), states: make(map[string]store.State)}
}

func (i *inbox) setMonitors(all []monitor.Monitor, own func(id string) bool) {
	set := newMonitorSet(all, own)
	i.mu.Lock()
	i.monitors = set
	i.mu.Unlock()
	i.tell()
}

func (i *inbox) addStates(states []store.State) {
	i.mu.Lock()
	for _, s := range states {
		if old, found := i.states[s.MonitorID]; !found || s.Latest.Date.After(old.Latest.Date) {
			i.states[s.MonitorID] = s
		}
	}
	i.mu.Unlock()
	i.tell()
}

func (i *inbox) tell() {
	select {
	case i.signal <- struct{}{}:
	default:
	}
}

// take empties the inbox.
func (i *inbox) take() (*monitorSet, map[string]store.State) {
	i.mu.Lock()
	defer i.mu.Unlock()
	monitors, states := i.monitors, i.states
	i.monitors, i.states = nil, make(map[string]store.State)
	return monitors, states
}
