package store

import (
	"strings"
	"time"

	"nanomon/services/common/monitor"
)

// PlanImport gives every item of an import its id: the one that it carries, if that is valid;
// else that of the next existing monitor of the same name and type that no other item has;
// else a new one. The same id carried twice is a [monitor.InvalidError].
func PlanImport(existing, items []monitor.Monitor, now time.Time) ([]monitor.Monitor, error) {
	taken := make(map[string]string, len(items))
	for _, item := range items {
		if !monitor.ValidID(item.ID) {
			continue
		}
		id := strings.ToLower(item.ID)
		if other, twice := taken[id]; twice {
			return nil, monitor.Invalidf("id %s is in the import twice: %q and %q", id, other, item.Name)
		}
		taken[id] = item.Name
	}

	type kind struct{ name, monitorType string }
	free := make(map[kind][]string)
	for _, m := range existing {
		if _, gone := taken[m.ID]; !gone {
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
		planned[i] = item
	}
	return planned, nil
}
