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

// addDependencies sets the dependencies of the monitors in own.
func (rules *ignoreRules) addDependencies(all []monitor.Monitor, own map[string]monitor.Monitor) {
	for dependent, d := range monitor.Dependencies(all) {
		if _, isOwn := own[dependent]; !isOwn {
			continue
		}
		rules.dependencies[dependent] = d
		if _, isLocal := own[d.ID]; !isLocal {
			rules.remote[d.ID] = d
		}
	}
}

// isNotOK reports whether d is known to be not OK at a time.
func (s *scheduler) isNotOK(d monitor.Dependency, at time.Time) bool {
	if en := s.entries[d.ID]; en != nil {
		return stateIsNotOK(d, en.state.Load(), at)
	}
	return s.remoteNotOK[d.ID]
}

// stateIsNotOK reports whether d, with the state s, is not OK at a time.
func stateIsNotOK(d monitor.Dependency, s *store.State, at time.Time) bool {
	return s != nil && d.IsNotOK(s.Latest.Status, s.Latest.Date, at)
}

// remoteNotOKAfter returns remoteNotOK for the dependencies in c. For new dependencies it uses the states in c.
func (s *scheduler) remoteNotOKAfter(c change) map[string]bool {
	result := make(map[string]bool, len(c.ignoreRules.remote))
	for id, d := range c.ignoreRules.remote {
		notOK, known := s.remoteNotOK[id]
		if !known {
			notOK = stateIsNotOK(d, c.states[id], s.cfg.Clock.Now())
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
func (e *Engine) readNotOK(ctx context.Context, dependencies map[string]monitor.Dependency) (map[string]bool, error) {
	ids, notOK := make([]string, 0, len(dependencies)), make(map[string]bool, len(dependencies))
	for id := range dependencies {
		ids = append(ids, id)
		notOK[id] = false
	}
	states, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]store.State, error) {
		return e.store.StatesOf(ctx, ids)
	})
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	for _, s := range states {
		notOK[s.MonitorID] = stateIsNotOK(dependencies[s.MonitorID], &s, e.cfg.Clock.Now())
	}
	return notOK, nil
}
