package server

import (
	"maps"

	"nanomon/services/common/monitor"
)

// importPlan is what an import would change. Its lists are never nil.
type importPlan struct {
	Added   []plannedMonitor `json:"added"`
	Changed []plannedMonitor `json:"changed"`
	Removed []plannedMonitor `json:"removed"`
	// Unchanged is how many monitors stay as they are.
	Unchanged int `json:"unchanged"`
}

type plannedMonitor struct {
	// ID is empty where one is made by the import itself.
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	Type string `json:"type"`
	// Fields are the names of those that differ, sorted, of a changed monitor.
	Fields []string `json:"fields,omitempty"`
}

// compareImport says what becomes of existing when planned, as store.PlanImport made it of items, replaces it.
func compareImport(existing, items, planned []monitor.Monitor) importPlan {
	plan := importPlan{Added: []plannedMonitor{}, Changed: []plannedMonitor{}, Removed: []plannedMonitor{}}
	before := make(map[string]monitor.Monitor, len(existing))
	for _, m := range existing {
		before[m.ID] = m
	}
	kept := make(map[string]bool, len(planned))
	for i, m := range planned {
		kept[m.ID] = true
		item := plannedMonitor{ID: m.ID, Name: m.Name, Type: m.Type}
		old, exists := before[m.ID]
		if !exists {
			if !monitor.ValidID(items[i].ID) {
				item.ID = ""
			}
			plan.Added = append(plan.Added, item)
			continue
		}
		if item.Fields = differences(old, m); len(item.Fields) > 0 {
			plan.Changed = append(plan.Changed, item)
		} else {
			plan.Unchanged++
		}
	}
	for _, m := range existing {
		if !kept[m.ID] {
			plan.Removed = append(plan.Removed, plannedMonitor{ID: m.ID, Name: m.Name, Type: m.Type})
		}
	}
	return plan
}

// differences names the fields that differ beside id and updated, sorted.
func differences(a, b monitor.Monitor) []string {
	var names []string
	for _, field := range []struct {
		name string
		same bool
	}{
		{"enabled", a.Enabled == b.Enabled},
		{"group", a.Group == b.Group},
		{"interval", a.Interval == b.Interval},
		{"name", a.Name == b.Name},
		{"properties", maps.Equal(a.Properties, b.Properties)},
		{"rule", a.Rule == b.Rule},
		{"target", a.Target == b.Target},
		{"type", a.Type == b.Type},
	} {
		if !field.same {
			names = append(names, field.name)
		}
	}
	return names
}
