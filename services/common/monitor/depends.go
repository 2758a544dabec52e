package monitor

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// DependsOn is the name of the property that holds the id or the name of a monitor's dependency.
const DependsOn = "dependsOn"

// DependsOnItself reports whether the property [DependsOn] of m holds its own id or name.
func (m Monitor) DependsOnItself() bool {
	dependency := m.Properties[DependsOn]
	return dependency != "" && (dependency == m.Name || strings.EqualFold(dependency, m.ID))
}

// Dependency is a monitor that another monitor depends on.
type Dependency struct {
	ID string
	// Interval is the time between two checks of the dependency.
	Interval time.Duration
}

// IsNotOK reports whether a dependency with this latest result is not OK at a time. A stale result counts as OK:
// otherwise a dependency that is no longer checked would block its dependents forever.
func (d Dependency) IsNotOK(latest Status, date, at time.Time) bool {
	return latest != StatusOK && !d.IsStale(date, at)
}

// IsStale reports whether a latest result of that date is stale at a time; see [StaleAfter].
func (d Dependency) IsStale(date, at time.Time) bool { return at.Sub(date) > StaleAfter(d.Interval) }

// Dependencies maps the id of each monitor to its dependency. It looks up the value of the property
// [DependsOn] as an id first, then as a name; if several monitors have that name, it uses the lowest id. Monitors
// without the property, with an unknown or disabled dependency, or in a cycle (themselves included) have no dependency.
func Dependencies(all []Monitor) map[string]Dependency {
	idOrName := make(map[string]string)
	for _, m := range all {
		if value := m.Properties[DependsOn]; value != "" {
			idOrName[m.ID] = value
		}
	}
	byID, byName := named(all, slices.Collect(maps.Values(idOrName)))
	found, dependencies := make(map[string]*Monitor), make(map[string]string)
	for id, value := range idOrName {
		dependency := byID[strings.ToLower(value)]
		if dependency == nil {
			dependency = byName[value]
		}
		if dependency != nil {
			found[id], dependencies[id] = dependency, dependency.ID
		}
	}
	for _, id := range cycleMembers(dependencies) {
		delete(dependencies, id)
	}
	enabled := make(map[string]Dependency, len(dependencies))
	for id := range dependencies {
		if m := found[id]; m.Enabled {
			enabled[id] = Dependency{ID: m.ID, Interval: m.Every()}
		}
	}
	return enabled
}

// named returns the monitors that have one of the given values as their id, in any case, or as their name. Of several
// monitors with a name it returns the one with the lowest id.
func named(all []Monitor, values []string) (byID, byName map[string]*Monitor) {
	byID, byName = make(map[string]*Monitor), make(map[string]*Monitor)
	if len(values) == 0 {
		return byID, byName
	}
	for _, value := range values {
		byID[strings.ToLower(value)], byName[value] = nil, nil
	}
	for i := range all {
		m := &all[i]
		if _, wanted := byID[m.ID]; wanted {
			byID[m.ID] = m
		}
		if first, wanted := byName[m.Name]; wanted && (first == nil || m.ID < first.ID) {
			byName[m.Name] = m
		}
	}
	return byID, byName
}

// cycleMembers returns the ids of the monitors that depend on themselves, directly or through others.
func cycleMembers(dependencies map[string]string) []string {
	var members []string
	// visitedFrom maps an id to the start of the path that visited it first.
	visitedFrom := make(map[string]string, len(dependencies))
	for start := range dependencies {
		id := start
		for visitedFrom[id] == "" && dependencies[id] != "" {
			visitedFrom[id] = start
			id = dependencies[id]
		}
		if visitedFrom[id] != start {
			continue // The path ended, or joined an earlier one.
		}
		first := id
		for closed := false; !closed; closed = id == first {
			members = append(members, id)
			id = dependencies[id]
		}
	}
	return members
}
