package incident

import (
	"context"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// trackDeleted tracks the monitors that were deleted while no runner was there to close their incidents. all contains the
// monitors of incidents and notifications that were read before the call. A monitor that is not in the evaluator's list
// may be new, so trackDeleted reads the stored monitors.
func (e *Evaluator) trackDeleted(ctx context.Context, all []monitor.Monitor) error {
	unknown := make(map[string]monitor.Monitor)
	for _, m := range all {
		if _, known := e.monitors.all[m.ID]; !known && e.tracked[m.ID] == nil {
			unknown[m.ID] = m
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	stored, err := store.Call(ctx, store.LongCall, e.store.Monitors)
	if err != nil {
		return err
	}
	for _, m := range stored {
		delete(unknown, m.ID)
	}
	for id, m := range unknown {
		t := newTrackedMonitor(m)
		t.deleted = true
		e.tracked[id], e.pending[id] = t, true
	}
	return nil
}

// monitorsOf returns the monitors of incidents, as far as the incidents describe them.
func monitorsOf(incidents []store.Incident) []monitor.Monitor {
	list := make([]monitor.Monitor, len(incidents))
	for n, i := range incidents {
		list[n] = monitor.Monitor{ID: i.MonitorID, Name: i.MonitorName, Group: i.Group}
	}
	return list
}
