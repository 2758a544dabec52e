package server

import (
	"maps"

	"nanomon/services/common/monitor"
)

// importChanges describes the changes that an import makes. Its lists are never nil.
type importChanges struct {
	Added   []monitorChange `json:"added"`
	Changed []monitorChange `json:"changed"`
	Removed []monitorChange `json:"removed"`
	// Unchanged is the number of monitors that stay the same.
	Unchanged int `json:"unchanged"`
}

type monitorChange struct {
	// ID is empty if the import will create it.
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	Type string `json:"type"`
	// Fields are the sorted names of the fields that differ, for a changed monitor.
	Fields []string `json:"fields,omitempty"`
}

// diffImport returns the changes from existing to planned, which is the result of store.PlanImport for items.
func diffImport(existing, items, planned []monitor.Monitor) importChanges {
	changes := importChanges{Added: []monitorChange{}, Changed: []monitorChange{}, Removed: []monitorChange{}}
	before := make(map[string]monitor.Monitor, len(existing))
	for _, m := range existing {
		before[m.ID] = m
	}
	remaining := make(map[string]bool, len(planned))
	for i, m := range planned {
		remaining[m.ID] = true
		item := monitorChange{ID: m.ID, Name: m.Name, Type: m.Type}
		old, exists := before[m.ID]
		if !exists {
			if !monitor.ValidID(items[i].ID) {
				item.ID = ""
			}
			changes.Added = append(changes.Added, item)
			continue
		}
		if item.Fields = changedFields(old, m); len(item.Fields) > 0 {
			changes.Changed = append(changes.Changed, item)
		} else {
			changes.Unchanged++
		}
	}
	for _, m := range existing {
		if !remaining[m.ID] {
			changes.Removed = append(changes.Removed, monitorChange{ID: m.ID, Name: m.Name, Type: m.Type})
		}
	}
	return changes
}

// changedFields returns the sorted names of the fields that differ, except id and updated.
func changedFields(a, b monitor.Monitor) []string {
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
