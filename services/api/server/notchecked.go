package server

import (
	"bytes"
	"context"
	"time"

	"nanomon/services/common/store"
)

// notCheckedPoll is the time between two reads of the monitors that are not checked, while the event stream has clients.
const notCheckedPoll = 2 * time.Second

// notChecked says why a monitor is not checked, although its checks are due.
type notChecked struct {
	Reason string `json:"reason"`
	// Since is the date of the first check that was not made.
	Since time.Time `json:"since"`
	// Runner is the id of the runner that can't make the checks.
	Runner string `json:"runner"`
}

// notCheckedMonitors returns the monitors that the live runners can't check, by id.
func notCheckedMonitors(ctx context.Context, s runnerLister) (map[string]notChecked, error) {
	runners, err := liveRunners(ctx, s)
	if err != nil {
		return nil, err
	}
	monitors := make(map[string]notChecked)
	for _, r := range runners {
		for _, n := range r.NotChecked {
			addNotChecked(monitors, r.ID, n)
		}
	}
	return monitors, nil
}

// addNotChecked adds the monitors that a runner can't check for one reason. After a take-over, two runners may list a
// monitor for a few seconds: the later date counts.
func addNotChecked(monitors map[string]notChecked, runner string, n store.NotChecked) {
	for _, m := range n.Monitors {
		if known, exists := monitors[m.ID]; !exists || known.Since.Before(m.Since) {
			monitors[m.ID] = notChecked{Reason: n.Reason, Since: m.Since, Runner: runner}
		}
	}
}

// notChecked returns the monitors that are not checked, by id, if include selects them.
func (h *monitorHandler) notChecked(ctx context.Context, include includeOptions) (map[string]notChecked, error) {
	if !include.latest {
		return nil, nil
	}
	return notCheckedMonitors(ctx, h.store)
}

// endedBy reports whether the monitor has been checked since, so that the heartbeat is outdated. The state may be nil.
func (n notChecked) endedBy(state *store.State) bool {
	return state != nil && state.Latest.Date.After(n.Since)
}

// followNotChecked sends an event for each monitor that is no longer checked, or checked again, until ctx ends. A read
// that fails is repeated: the other parts of the feed log that the store is unavailable.
func (f *eventFeed) followNotChecked(ctx context.Context) {
	ticker := time.NewTicker(notCheckedPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if current, err := notCheckedMonitors(ctx, f.store); err == nil {
			f.sendNotChecked(current)
		}
	}
}

func (f *eventFeed) sendNotChecked(current map[string]notChecked) {
	var changes bytes.Buffer
	for id, n := range current {
		if f.notChecked[id] != n {
			writeEvent(&changes, f.log, "monitor", monitorEvent{id, "changed"})
		}
	}
	for id := range f.notChecked {
		if _, exists := current[id]; !exists {
			writeEvent(&changes, f.log, "monitor", monitorEvent{id, "changed"})
		}
	}
	f.notChecked = current
	f.flush(eventFrame{changes.Bytes(), changes.Bytes()})
}
