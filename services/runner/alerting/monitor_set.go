package alerting

import (
	"context"
	"maps"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// monitorSet is all stored monitors, and which of them are this runner's own.
type monitorSet struct {
	all map[string]monitor.Monitor
	own map[string]bool
	// parents are the monitors that others depend on, by theirs, and children the other way round.
	dependencies  map[string]string
	dependents map[string][]string
	// told is when.
	receivedAt time.Time
}

func newMonitorSet(all []monitor.Monitor, own func(id string) bool) *monitorSet {
	set := &monitorSet{
		all: make(map[string]monitor.Monitor, len(all)), own: make(map[string]bool),
		dependencies: monitor.Dependencies(all), dependents: make(map[string][]string), receivedAt: time.Now(),
	}
	for _, m := range all {
		set.all[m.ID] = m
		if own(m.ID) {
			set.own[m.ID] = true
		}
	}
	for dependent, dependency := range set.dependencies {
		set.dependents[dependency] = append(set.dependents[dependency], dependent)
	}
	return set
}

// behind is how many enabled monitors depend on the one with the id, directly or through others.
func (s monitorSet) countDependents(id string) int {
	n := 0
	for queue := slices.Clone(s.dependents[id]); len(queue) > 0; {
		last := len(queue) - 1
		dependent := queue[last]
		queue = append(queue[:last], s.dependents[dependent]...)
		if s.all[dependent].Enabled {
			n++
		}
	}
	return n
}

// askParents reads the newest results of the monitors that alerts wait for; those that have none have no date.
func (e *evaluator) readDependencies(ctx context.Context, work []*trackedMonitor) (map[string]store.Point, error) {
	newest := make(map[string]store.Point)
	for _, t := range work {
		if id := e.monitors.dependencies[t.monitor.ID]; id != "" && !t.state.WaitingSince.IsZero() {
			newest[id] = store.Point{}
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(newest)), pageSize) {
		states, err := call(ctx, longTimeout, func(ctx context.Context) ([]store.State, error) { return e.store.StatesOf(ctx, ids) })
		if err != nil {
			return nil, err
		}
		for _, s := range states {
			newest[s.MonitorID] = store.Point{Date: s.Latest.Date, Status: s.Latest.Status}
		}
	}
	return newest, nil
}

// parentOf is the monitor that the one with the id depends on, with the newest of its results where it was asked for.
func (e *evaluator) dependencyOf(id string, newest map[string]store.Point) dependency {
	dependencyID := e.monitors.dependencies[id]
	point, known := newest[dependencyID]
	return dependency{id: dependencyID, interval: e.monitors.all[dependencyID].Every(), known: known, newest: point}
}
