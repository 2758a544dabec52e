package server

import (
	"bytes"
	"context"
	"reflect"
	"time"

	"nanomon/services/common/maintenance"
)

// windowLister is the part of the store that returns all maintenance windows.
type windowLister interface {
	MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error)
}

// inMaintenance returns the monitors that are in maintenance now.
func inMaintenance(ctx context.Context, s windowLister) (maintenance.Active, error) {
	windows, err := s.MaintenanceWindows(ctx)
	return maintenance.ActiveAt(windows, time.Now()), err
}

// sendInMaintenance sends an event for each monitor whose maintenance has begun or ended. It reads the monitors only
// after such a change.
func (f *eventFeed) sendInMaintenance(ctx context.Context) error {
	current, err := inMaintenance(ctx, f.store)
	if err != nil || reflect.DeepEqual(current, f.inMaintenance) {
		return err
	}
	monitors, err := f.store.Monitors(ctx)
	if err != nil {
		return err
	}
	var changes bytes.Buffer
	for _, m := range monitors {
		if current.Includes(m.ID, m.Group) != f.inMaintenance.Includes(m.ID, m.Group) {
			writeEvent(&changes, f.log, "monitor", monitorEvent{m.ID, "changed"})
		}
	}
	f.inMaintenance = current
	f.flush(eventFrame{changes.Bytes(), changes.Bytes()})
	return nil
}
