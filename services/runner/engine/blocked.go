package engine

import (
	"context"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// dependencyPollInterval is the time between two reads of the states of dependencies that other runners check.
const dependencyPollInterval = 2 * time.Second

// dependency is a monitor that another monitor depends on.
type dependency struct {
	id       string
	interval time.Duration
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
