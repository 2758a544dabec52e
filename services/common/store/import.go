package store

import (
	"strings"
	"time"

	"nanomon/services/common/monitor"
)

// PlanImport returns the items of an import with final ids and labels. An item with a valid id keeps it. Another item
// gets the id of an existing monitor with the same name and type, if there is one that no other item uses, or else a new
// id. An item whose Labels are nil gets the labels of the existing monitor with its id. If two items have the same id,
// PlanImport returns a [monitor.InvalidError].
func PlanImport(existing, items []monitor.Monitor, now time.Time) ([]monitor.Monitor, error) {
	used := make(map[string]string, len(items))
	for _, item := range items {
		if !monitor.ValidID(item.ID) {
			continue
		}
		id := strings.ToLower(item.ID)
		if other, duplicate := used[id]; duplicate {
			return nil, monitor.Invalidf("id %s occurs twice in the import: %q and %q", id, other, item.Name)
		}
		used[id] = item.Name
	}

	type kind struct{ name, monitorType string }
	free, labels := make(map[kind][]string), make(map[string]map[string]string, len(existing))
	for _, m := range existing {
		labels[m.ID] = m.Labels
		if _, isUsed := used[m.ID]; !isUsed {
			k := kind{m.Name, m.Type}
			free[k] = append(free[k], m.ID)
		}
	}

	planned := make([]monitor.Monitor, len(items))
	for i, item := range items {
		k := kind{item.Name, item.Type}
		switch {
		case monitor.ValidID(item.ID):
			item.ID = strings.ToLower(item.ID)
		case len(free[k]) > 0:
			item.ID, free[k] = free[k][0], free[k][1:]
		default:
			item.ID = monitor.NewID(now)
		}
		if item.Labels == nil {
			item.Labels = labels[item.ID]
		}
		planned[i] = item
	}
	return planned, nil
}
