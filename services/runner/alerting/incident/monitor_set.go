package incident

import (
	"slices"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// monitorSet contains all stored monitors, by id.
type monitorSet struct {
	all map[string]monitor.Monitor
	// own contains the ids of the monitors that are assigned to this runner.
	own map[string]bool
	// dependencies maps a monitor's id to its dependency, dependents maps it to the ids of its direct dependents.
	dependencies map[string]monitor.Dependency
	dependents   map[string][]string
}

func newMonitorSet(all []monitor.Monitor, own func(id string) bool) *monitorSet {
	set := &monitorSet{
		all: make(map[string]monitor.Monitor, len(all)), own: make(map[string]bool),
		dependencies: monitor.Dependencies(all), dependents: make(map[string][]string),
	}
	for _, m := range all {
		set.all[m.ID] = m
		if own(m.ID) {
			set.own[m.ID] = true
		}
	}
	for dependent, dependency := range set.dependencies {
		set.dependents[dependency.ID] = append(set.dependents[dependency.ID], dependent)
	}
	return set
}

// dependentsOf returns the ids of the enabled monitors that depend on the given one, directly or indirectly.
func (s monitorSet) dependentsOf(id string) []string {
	var ids []string
	for queue := slices.Clone(s.dependents[id]); len(queue) > 0; {
		last := len(queue) - 1
		dependent := queue[last]
		queue = append(queue[:last], s.dependents[dependent]...)
		if s.all[dependent].Enabled {
			ids = append(ids, dependent)
		}
	}
	return ids
}

// dependencyOf returns the dependency of the given monitor, with its newest result if newest contains it.
func (s monitorSet) dependencyOf(id string, newest map[string]store.Point) dependency {
	d := s.dependencies[id]
	point, known := newest[d.ID]
	return dependency{Dependency: d, known: known, newest: point}
}
