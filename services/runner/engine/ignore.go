package engine

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
)

// maxMaintenanceCache is the maximum validity of a maintenanceStatus.
const maxMaintenanceCache = 24 * time.Hour

// ignoreRules determine which results are ignored. They never change; a change creates new ones.
type ignoreRules struct {
	windows []maintenance.Window
	// byMonitor and byGroup index the windows by monitor id and by group.
	byMonitor, byGroup map[string][]*maintenance.Window
	// dependencies holds the dependency of each monitor of this runner, by the id of the dependent.
	dependencies map[string]monitor.Dependency
	// remote holds the dependencies that other runners check, by their own id.
	remote map[string]monitor.Dependency
}

// newIgnoreRules returns the rules for the monitors in own, a part of all.
func newIgnoreRules(windows []maintenance.Window, all []monitor.Monitor, own map[string]monitor.Monitor) *ignoreRules {
	rules := &ignoreRules{
		windows:   windows,
		byMonitor: make(map[string][]*maintenance.Window), byGroup: make(map[string][]*maintenance.Window),
		dependencies: make(map[string]monitor.Dependency), remote: make(map[string]monitor.Dependency),
	}
	for i := range windows {
		w := &windows[i]
		for _, id := range w.Monitors {
			rules.byMonitor[id] = append(rules.byMonitor[id], w)
		}
		for _, group := range w.Groups {
			rules.byGroup[group] = append(rules.byGroup[group], w)
		}
	}
	rules.addDependencies(all, own)
	return rules
}

// orEqual returns last if it equals rules, so that a comparison of pointers detects changes. Otherwise it returns
// rules.
func (rules *ignoreRules) orEqual(last *ignoreRules) *ignoreRules {
	sameWindow := func(a, b maintenance.Window) bool { return reflect.DeepEqual(a, b) }
	if slices.EqualFunc(rules.windows, last.windows, sameWindow) && maps.Equal(rules.dependencies, last.dependencies) &&
		maps.Equal(rules.remote, last.remote) {
		return last
	}
	return rules
}

// windowsOf returns the maintenance windows of m. It may return a window twice.
func (rules *ignoreRules) windowsOf(m monitor.Monitor) []*maintenance.Window {
	windows := rules.byMonitor[m.ID]
	if m.Group != "" {
		windows = append(windows[:len(windows):len(windows)], rules.byGroup[m.Group]...)
	}
	return windows
}

// maintenanceStatus caches whether a monitor is in maintenance. It is valid for times t with from <= t < until, as long
// as the rules do not change.
type maintenanceStatus struct {
	rules       *ignoreRules
	from, until time.Time
	active      bool
}

func (s maintenanceStatus) validAt(at time.Time, rules *ignoreRules) bool {
	return s.rules == rules && !at.Before(s.from) && at.Before(s.until)
}

// maintenanceAt returns the maintenance status of m at a time. It evaluates all windows of m, so callers cache the
// status.
func (rules *ignoreRules) maintenanceAt(m monitor.Monitor, at time.Time) maintenanceStatus {
	s := maintenanceStatus{rules: rules, from: at, until: at.Add(maxMaintenanceCache)}
	for _, w := range rules.windowsOf(m) {
		start, end, ok := w.Occurrence(at)
		if !ok {
			continue
		}
		change := start
		if !start.After(at) {
			s.active, change = true, end
		}
		if change.Before(s.until) {
			s.until = change
		}
	}
	return s
}

// setIgnored sets why r, a result of en, is ignored. It removes a warning that does not count: in maintenance, and while
// the dependency is not OK.
func (en *entry) setIgnored(s *scheduler, r *monitor.Result) {
	r.Ignored = s.ignoreReason(en, *r)
	if !r.IsWarning() {
		return
	}
	if r.Ignored != "" || s.isNotOK(s.ignoreRules.Load().dependencies[en.monitor.ID], r.Date) {
		r.Message = ""
	}
}

// ignoreReason returns why r, a result of en, is ignored. It returns an empty reason if the result counts.
func (s *scheduler) ignoreReason(en *entry, r monitor.Result) monitor.IgnoreReason {
	rules := s.ignoreRules.Load()
	if !en.maintenance.validAt(r.Date, rules) {
		en.maintenance = rules.maintenanceAt(en.monitor, r.Date)
	}
	switch {
	case en.maintenance.active:
		return monitor.IgnoredMaintenance
	case r.Status != monitor.StatusOK && s.isNotOK(rules.dependencies[en.monitor.ID], r.Date):
		return monitor.IgnoredBlocked
	default:
		return ""
	}
}
