package monitor

import "strings"

// DependsOn is the property that names, by id or by name, the monitor that another one needs.
const DependsOn = "dependsOn"

// DependsOnItself reports whether m names itself as the monitor that it needs.
func (m Monitor) DependsOnItself() bool {
	needed := m.Properties[DependsOn]
	return needed != "" && (needed == m.Name || strings.EqualFold(needed, m.ID))
}

// Parents gives, by id, the id of the monitor that each one depends on: the one with the id that its property [DependsOn]
// holds, else with that name, of several the first by id. A monitor without the property has none, nor has one that names
// no monitor of all, a disabled one or itself, nor any of those that depend on each other in a circle.
func Dependencies(all []Monitor) map[string]string {
	byID, byName := make(map[string]*Monitor, len(all)), make(map[string]*Monitor, len(all))
	for i := range all {
		m := &all[i]
		byID[m.ID] = m
		if first := byName[m.Name]; first == nil || m.ID < first.ID {
			byName[m.Name] = m
		}
	}
	parents := make(map[string]string)
	for _, m := range all {
		needed := m.Properties[DependsOn]
		if needed == "" {
			continue
		}
		parent := byID[strings.ToLower(needed)]
		if parent == nil {
			parent = byName[needed]
		}
		if parent != nil {
			parents[m.ID] = parent.ID
		}
	}
	for _, id := range circular(parents) {
		delete(parents, id)
	}
	for id, parent := range parents {
		if !byID[parent].Enabled {
			delete(parents, id)
		}
	}
	return parents
}

// circular are the ids from which one comes back to them by going from parent to parent.
func circular(parents map[string]string) []string {
	var found []string
	// passed tells which start first came by an id.
	passed := make(map[string]string, len(parents))
	for start := range parents {
		id := start
		for passed[id] == "" && parents[id] != "" {
			passed[id] = start
			id = parents[id]
		}
		if passed[id] != start {
			continue // the way ended, or joined one gone before
		}
		first := id
		for again := false; !again; again = id == first {
			found = append(found, id)
			id = parents[id]
		}
	}
	return found
}
