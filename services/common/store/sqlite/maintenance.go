package sqlite

import (
	"context"
	"encoding/json"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var windows = definitions[maintenance.Window]{
	kind: "maintenance window", table: "maintenance", topic: store.TopicMonitors, decode: fromJSON[maintenance.Window],
}

// MaintenanceWindows returns all maintenance windows.
func (s *Store) MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error) {
	list := []maintenance.Window{}
	const query = "SELECT id, definition FROM maintenance ORDER BY name, id"
	err := windows.each(ctx, s, query, nil, func(_ []byte, w maintenance.Window, err error) error {
		list = append(list, w)
		return err
	})
	return list, err
}

// MaintenanceWindow returns one maintenance window.
func (s *Store) MaintenanceWindow(ctx context.Context, id string) (maintenance.Window, error) {
	return windows.get(ctx, s, id)
}

// CreateMaintenanceWindow stores a new maintenance window.
func (s *Store) CreateMaintenanceWindow(ctx context.Context, w maintenance.Window) error {
	id, err := storableID("maintenance window", w.ID)
	if err != nil {
		return err
	}
	definition, err := encodeWindow(w)
	if err != nil {
		return err
	}
	return s.define(ctx, "create maintenance window", func(t *tx) error {
		n, err := t.exec("INSERT INTO maintenance (id, name, definition) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, w.Name, definition)
		if err == nil && n == 0 {
			err = monitor.Invalidf("a maintenance window with the id %s already exists", w.ID)
		}
		return err
	}, store.TopicMonitors)
}

// ReplaceMaintenanceWindow replaces the window with the id of w.
func (s *Store) ReplaceMaintenanceWindow(ctx context.Context, w maintenance.Window) error {
	return s.replaceWindow(ctx, w, nil)
}

// ReplaceMaintenanceWindowIf does the same if the stored window equals old.
func (s *Store) ReplaceMaintenanceWindowIf(ctx context.Context, w, old maintenance.Window) error {
	return s.replaceWindow(ctx, w, &old)
}

func (s *Store) replaceWindow(ctx context.Context, w maintenance.Window, old *maintenance.Window) error {
	definition, err := encodeWindow(w)
	if err != nil {
		return err
	}
	return windows.change(ctx, s, "replace", w.ID, old, func(t *tx, id []byte) (int, error) {
		return t.exec("UPDATE maintenance SET name = ?, definition = ? WHERE id = ?", w.Name, definition, id)
	})
}

// DeleteMaintenanceWindow deletes a maintenance window.
func (s *Store) DeleteMaintenanceWindow(ctx context.Context, id string) error {
	return s.deleteWindow(ctx, id, nil)
}

// DeleteMaintenanceWindowIf does the same if the stored window equals old.
func (s *Store) DeleteMaintenanceWindowIf(ctx context.Context, old maintenance.Window) error {
	return s.deleteWindow(ctx, old.ID, &old)
}

func (s *Store) deleteWindow(ctx context.Context, id string, old *maintenance.Window) error {
	return windows.change(ctx, s, "delete", id, old, func(t *tx, id []byte) (int, error) {
		return t.exec("DELETE FROM maintenance WHERE id = ?", id)
	})
}

func encodeWindow(w maintenance.Window) (string, error) {
	w.Normalize()
	text, err := json.Marshal(w)
	return string(text), describe("encode maintenance window "+w.ID, err)
}
