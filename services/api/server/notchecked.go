package server

import (
	"bytes"
	"context"
	"time"

	"nanomon/services/api/summary"
	"nanomon/services/common/maintenance"
	"nanomon/services/common/store"
)

// situationPoll is the time between two reads of the monitors that are not checked or in maintenance, while the event
// stream has clients.
const situationPoll = 2 * time.Second

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

// situation contains what is true of monitors now, and not part of their states.
type situation struct {
	notChecked    map[string]notChecked
	inMaintenance maintenance.Active
	// silencedUntil contains the ends of the silences, by monitor.
	silencedUntil map[string]time.Time
	// summaries may be nil.
	summaries *summary.Snapshot
}

// situation returns the current situation if include selects it.
func (h *monitorHandler) situation(ctx context.Context, include includeOptions) (s situation, err error) {
	if include.summary {
		s.summaries = h.summaries.Current()
	}
	if !include.latest {
		return s, nil
	}
	if s.notChecked, err = notCheckedMonitors(ctx, h.store); err != nil {
		return s, err
	}
	if s.inMaintenance, err = inMaintenance(ctx, h.store); err != nil {
		return s, err
	}
	s.silencedUntil, err = silencedMonitors(ctx, h.store)
	return s, err
}

// endedBy reports whether the monitor has been checked since, so that the heartbeat is outdated. The state may be nil.
func (n notChecked) endedBy(state *store.State) bool {
	return state != nil && state.Latest.Date.After(n.Since)
}

// followSituation sends an event for each monitor that is no longer checked, or checked again, or whose maintenance
// or silence begins or ends, until ctx ends. A read that fails is repeated: the other parts of the feed log that the store is
// unavailable.
func (f *eventFeed) followSituation(ctx context.Context) {
	ticker := time.NewTicker(situationPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-f.situationChanged:
		}
		if current, err := notCheckedMonitors(ctx, f.store); err == nil {
			f.sendNotChecked(current)
		}
		_ = f.sendInMaintenance(ctx)
		_ = f.sendSilenced(ctx)
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
