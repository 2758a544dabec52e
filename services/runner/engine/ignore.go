package engine

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// dependencyPollInterval is the time between two reads of the states of dependencies that other runners check.
	dependencyPollInterval = 2 * time.Second
	// maxMaintenanceCache is the maximum validity of a maintenanceStatus.
	maxMaintenanceCache = 24 * time.Hour
)

// ignoreRules determine which results are ignored. They never change; a change creates new ones.
type ignoreRules struct {
	windows []maintenance.Window
	// byMonitor and byGroup index the windows by monitor id and by group.
	byMonitor, byGroup map[string][]*maintenance.Window
	// dependencies holds the dependency of each monitor of this runner, by the id of the dependent.
	dependencies map[string]dependency
	// remote holds the dependencies that other runners check, by their own id.
	remote map[string]dependency
}

// dependency is a monitor that another monitor depends on.
type dependency struct {
	id       string
	interval time.Duration
}

// newIgnoreRules returns the rules for the monitors in own, a part of all.
func newIgnoreRules(windows []maintenance.Window, all []monitor.Monitor, own map[string]monitor.Monitor) *ignoreRules {
	rules := &ignoreRules{
		windows:   windows,
		byMonitor: make(map[string][]*maintenance.Window), byGroup: make(map[string][]*maintenance.Window),
		dependencies: make(map[string]dependency), remote: make(map[string]dependency),
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

// addDependencies sets the dependencies of the monitors in own.
func (rules *ignoreRules) addDependencies(all []monitor.Monitor, own map[string]monitor.Monitor) {
	dependencies, intervals := monitor.Dependencies(all), make(map[string]time.Duration)
	for _, id := range dependencies {
		intervals[id] = 0
	}
	for _, m := range all {
		if _, needed := intervals[m.ID]; needed {
			intervals[m.ID] = m.Every()
		}
	}
	for dependent, id := range dependencies {
		if _, isOwn := own[dependent]; !isOwn {
			continue
		}
		d := dependency{id, intervals[id]}
		rules.dependencies[dependent] = d
		if _, isLocal := own[id]; !isLocal {
			rules.remote[id] = d
		}
	}
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

// isNotOK reports whether d is known to be not OK at a time.
func (s *scheduler) isNotOK(d dependency, at time.Time) bool {
	if en := s.entries[d.id]; en != nil {
		return d.isNotOK(en.state.Load(), at)
	}
	return s.remoteNotOK[d.id]
}

// isNotOK reports whether the state s of d is not OK at a time. A stale state counts as OK: otherwise a dependency that
// is no longer checked would block its dependents forever.
func (d dependency) isNotOK(s *store.State, at time.Time) bool {
	return s != nil && s.Latest.Status != monitor.StatusOK && at.Sub(s.Latest.Date) <= monitor.StaleAfter(d.interval)
}

// remoteNotOKAfter returns remoteNotOK for the dependencies in c. For new dependencies it uses the states in c.
func (s *scheduler) remoteNotOKAfter(c change) map[string]bool {
	result := make(map[string]bool, len(c.ignoreRules.remote))
	for id, d := range c.ignoreRules.remote {
		notOK, known := s.remoteNotOK[id]
		if !known {
			notOK = d.isNotOK(c.states[id], s.cfg.Clock.Now())
		}
		result[id] = notOK
	}
	return result
}

// pollRemoteDependencies reads the states of the dependencies that other runners check, and sends them to the
// scheduler's goroutine, until ctx ends. While the store is unavailable, the last states stay in use.
func (e *Engine) pollRemoteDependencies(ctx context.Context) {
	reading := e.health.Operation("read states of dependencies")
	ticker := time.NewTicker(dependencyPollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		remote := e.scheduler.ignoreRules.Load().remote
		if len(remote) == 0 {
			continue
		}
		notOK, err := e.readNotOK(ctx, remote)
		if ctx.Err() != nil {
			return
		}
		reading.Record(err)
		if err != nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case e.scheduler.dependencyUpdates <- notOK:
		}
	}
}

// readNotOK reads from the store which of the dependencies are not OK now.
func (e *Engine) readNotOK(ctx context.Context, dependencies map[string]dependency) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, store.ShortCall)
	defer cancel()
	ids, notOK := make([]string, 0, len(dependencies)), make(map[string]bool, len(dependencies))
	for id := range dependencies {
		ids = append(ids, id)
		notOK[id] = false
	}
	states, err := e.store.StatesOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	for _, s := range states {
		notOK[s.MonitorID] = dependencies[s.MonitorID].isNotOK(&s, e.cfg.Clock.Now())
	}
	return notOK, nil
}
