package maintenance

import "time"

// Active is the set of the monitors that are in maintenance at one time. The zero value is empty.
type Active struct {
	// monitors contains ids, groups contains names.
	monitors, groups map[string]bool
}

// ActiveAt returns the monitors that are in maintenance at t because of the given windows.
func ActiveAt(windows []Window, t time.Time) Active {
	a := Active{monitors: make(map[string]bool), groups: make(map[string]bool)}
	for _, w := range windows {
		if w.ActiveAt(t) {
			add(a.monitors, w.Monitors)
			add(a.groups, w.Groups)
		}
	}
	return a
}

func add(set map[string]bool, names []string) {
	for _, name := range names {
		set[name] = true
	}
}

// Includes reports whether the monitor with this id and group is in maintenance. The group may be empty.
func (a Active) Includes(id, group string) bool {
	return a.monitors[id] || group != "" && a.groups[group]
}
