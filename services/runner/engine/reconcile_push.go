package engine

import (
	"context"
	"fmt"
	"slices"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// paused returns which of the monitors that c stops are disabled.
func (c change) paused() map[string]bool {
	paused := make(map[string]bool)
	if len(c.stop) == 0 {
		return paused
	}
	for _, m := range c.all {
		if !m.Enabled {
			paused[m.ID] = true
		}
	}
	return paused
}

// newPush returns the ids of the running monitors that c makes push monitors.
func (r *reconciler) newPush(c change) []string {
	var ids []string
	for _, m := range c.restart {
		if r.types[m.Type].Spec.Push && !r.types[r.running[m.ID].Type].Spec.Push {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// pushStates reads the push states of the push monitors among the given ones.
func (r *reconciler) pushStates(
	ctx context.Context, ids []string, monitors map[string]monitor.Monitor,
) (map[string]*store.PushState, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !r.types[monitors[id].Type].Spec.Push })
	return readPushStates(ctx, r.store, ids)
}

// readPushStates reads the push states of the given monitors.
func readPushStates(ctx context.Context, s Store, ids []string) (map[string]*store.PushState, error) {
	ctx, cancel := context.WithTimeout(ctx, store.LongCall)
	defer cancel()
	states := make(map[string]*store.PushState, len(ids))
	for part := range slices.Chunk(ids, maxStatesPerRead) {
		list, err := s.PushStates(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("read push states: %w", err)
		}
		for i := range list {
			states[list[i].MonitorID] = &list[i]
		}
	}
	return states, nil
}
