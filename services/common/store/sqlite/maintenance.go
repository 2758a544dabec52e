package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"reflect"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// MaintenanceWindows returns all maintenance windows.
func (s *Store) MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error) {
	list := []maintenance.Window{}
	const query = "SELECT definition FROM maintenance ORDER BY name, id"
	err := s.read(ctx, "list maintenance windows", query, nil, func(rows *sql.Rows) error {
		var definition []byte
		if err := rows.Scan(&definition); err != nil {
			return err
		}
		var w maintenance.Window
		err := json.Unmarshal(definition, &w)
		list = append(list, w)
		return err
	})
	return list, err
}

// MaintenanceWindow returns one maintenance window.
func (s *Store) MaintenanceWindow(ctx context.Context, id string) (w maintenance.Window, err error) {
	raw, _ := rawID(id)
	const name = "get maintenance window"
	var definition []byte
	if err := s.row(ctx, name, "SELECT definition FROM maintenance WHERE id = ?", []any{raw}, &definition); err != nil {
		return w, err
	}
	return w, describe(name, json.Unmarshal(definition, &w))
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
	return s.changeWindow(ctx, "replace maintenance window", w.ID, old, "UPDATE maintenance SET name = ?, definition = ? WHERE id = ?", w.Name, definition)
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
	return s.changeWindow(ctx, "delete maintenance window", id, old, "DELETE FROM maintenance WHERE id = ?")
}

// changeWindow runs a statement with args and, as the last argument, the id of a window. It returns
// [monitor.ErrNotFound] if the statement changes no row, and [monitor.ErrChanged] if old is not nil and the stored window
// does not equal it.
func (s *Store) changeWindow(ctx context.Context, operation, id string, old *maintenance.Window, statement string, args ...any) error {
	raw, ok := rawID(id)
	if !ok {
		return describe(operation, monitor.ErrNotFound)
	}
	return s.define(ctx, operation, func(t *tx) error {
		if err := expectWindow(t, raw, old); err != nil {
			return err
		}
		n, err := t.exec(statement, append(args, raw)...)
		if err == nil && n == 0 {
			err = monitor.ErrNotFound
		}
		return err
	}, store.TopicMonitors)
}

// expectWindow returns [monitor.ErrChanged] if old is not nil and the window with the given id does not equal it.
func expectWindow(t *tx, id []byte, old *maintenance.Window) error {
	if old == nil {
		return nil
	}
	stored, err := maintenance.Window{}, sql.ErrNoRows
	each := t.each("SELECT definition FROM maintenance WHERE id = ?", []any{id}, func(rows *sql.Rows) error {
		var definition []byte
		if err = rows.Scan(&definition); err == nil {
			err = json.Unmarshal(definition, &stored)
		}
		return err
	})
	if err = cmp.Or(each, err); err == nil && !reflect.DeepEqual(stored, *old) {
		err = monitor.ErrChanged
	}
	return err
}

func encodeWindow(w maintenance.Window) (string, error) {
	w.Normalize()
	text, err := json.Marshal(w)
	return string(text), describe("encode maintenance window "+w.ID, err)
}
