package server

import (
	"fmt"
	"maps"
	"strings"

	"nanomon/services/common/monitor"
)

// importChanges describes the changes that an import makes. Its lists are never nil.
type importChanges struct {
	Added   []monitorChange `json:"added"`
	Changed []monitorChange `json:"changed"`
	Removed []monitorChange `json:"removed"`
	// Unchanged is the number of monitors that stay the same.
	Unchanged int `json:"unchanged"`
	// Warnings explains for each monitor what the import ignores.
	Warnings []string `json:"warnings,omitempty"`
}

type monitorChange struct {
	// ID is empty if the import will create it.
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	Type string `json:"type"`
	// Fields are the sorted names of the fields that differ, for a changed monitor.
	Fields []string `json:"fields,omitempty"`
}

// warnings names the properties that an import ignores, for each item that has some. Items are counted from 1.
func warnings(items []monitor.Monitor, ignored [][]string) []string {
	var texts []string
	for i, m := range items {
		if len(ignored[i]) > 0 {
			texts = append(texts, fmt.Sprintf("monitor %d %.100q: ignored the properties %s, which the type %s does not have",
				i+1, m.Name, strings.Join(ignored[i], ", "), m.Type))
		}
	}
	return texts
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
		{"labels", maps.Equal(a.Labels, b.Labels)},
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
