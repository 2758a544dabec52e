package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const selectMonitors = `SELECT id, name, type, interval, target, rule, enabled, properties, heading, labels, updated FROM monitors`

// Monitors returns all monitors.
func (s *Store) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	list := []monitor.Monitor{}
	err := s.read(ctx, "list monitors", selectMonitors+" ORDER BY name, id", nil, func(rows *sql.Rows) error {
		m, err := scanMonitor(rows.Scan)
		list = append(list, m)
		return err
	})
	return list, err
}

// Monitor returns one monitor.
func (s *Store) Monitor(ctx context.Context, id string) (monitor.Monitor, error) {
	raw, _ := rawID(id)
	var found []monitor.Monitor
	err := s.read(ctx, "get monitor", selectMonitors+" WHERE id = ?", []any{raw}, func(rows *sql.Rows) error {
		m, err := scanMonitor(rows.Scan)
		found = append(found, m)
		return err
	})
	switch {
	case err != nil:
		return monitor.Monitor{}, err
	case len(found) == 0:
		return monitor.Monitor{}, describe("get monitor", monitor.ErrNotFound)
	}
	return found[0], nil
}

func scanMonitor(scan func(...any) error) (monitor.Monitor, error) {
	var m monitor.Monitor
	var id, properties, labels []byte
	var updated int64
	err := scan(&id, &m.Name, &m.Type, &m.Interval, &m.Target, &m.Rule, &m.Enabled, &properties, &m.Group, &labels, &updated)
	if err != nil {
		return m, err
	}
	m.ID, m.Updated = hex.EncodeToString(id), date(updated)
	if err = json.Unmarshal(properties, &m.Properties); err == nil && labels != nil {
		err = json.Unmarshal(labels, &m.Labels)
	}
	m.Normalize()
	return m, err
}

// monitorRow returns the arguments of insertMonitor and updateMonitor. The id is the last.
func monitorRow(m monitor.Monitor) ([]any, error) {
	id, err := storableID("monitor", m.ID)
	if err != nil {
		return nil, err
	}
	m.Normalize()
	properties, err := json.Marshal(m.Properties)
	if err != nil {
		return nil, err
	}
	var labels any
	if len(m.Labels) > 0 {
		encoded, err := json.Marshal(m.Labels)
		if err != nil {
			return nil, err
		}
		labels = string(encoded)
	}
	return []any{
		m.Name, m.Type, m.Interval, m.Target, m.Rule, m.Enabled, string(properties), m.Group, labels,
		m.Updated.UnixMilli(), id,
	}, nil
}

const (
	insertMonitor = `INSERT INTO monitors (name, type, interval, target, rule, enabled, properties, heading, labels,
		updated, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	updateMonitor = `UPDATE monitors SET name = ?, type = ?, interval = ?, target = ?, rule = ?, enabled = ?, properties = ?,
		heading = ?, labels = ?, updated = ? WHERE id = ?`
)

// CreateMonitor stores a new monitor.
func (s *Store) CreateMonitor(ctx context.Context, m monitor.Monitor) error {
	row, err := monitorRow(m)
	if err != nil {
		return err
	}
	return s.define(ctx, "create monitor", func(t *tx) error {
		n, err := insertMonitorRow(t, row)
		if err == nil && n == 0 {
			err = monitor.Invalidf("a monitor with the id %s already exists", m.ID)
		}
		return err
	}, store.TopicMonitors)
}

// ReplaceMonitor replaces the monitor with the id of m, and logs a status change if Enabled differs.
func (s *Store) ReplaceMonitor(ctx context.Context, m monitor.Monitor) error {
	return s.replaceMonitor(ctx, m, nil)
}

// ReplaceMonitorIf does the same if the stored monitor equals old.
func (s *Store) ReplaceMonitorIf(ctx context.Context, m, old monitor.Monitor) error {
	return s.replaceMonitor(ctx, m, &old)
}

// replaceMonitor replaces the monitor with the id of m. If old is not nil, the stored monitor must equal it.
func (s *Store) replaceMonitor(ctx context.Context, m monitor.Monitor, old *monitor.Monitor) error {
	row, err := monitorRow(m)
	if err != nil {
		return describe("replace monitor", monitor.ErrNotFound)
	}
	return s.define(ctx, "replace monitor", func(t *tx) error {
		if err := expectMonitor(t, row[len(row)-1], old); err != nil {
			return err
		}
		return t.replace(m, row)
	}, store.TopicMonitors)
}

// expectMonitor returns [monitor.ErrChanged] if old is not nil and the monitor with the given id does not equal it.
func expectMonitor(t *tx, id any, old *monitor.Monitor) error {
	if old == nil {
		return nil
	}
	stored, err := storedMonitor(t, id)
	if err == nil && !reflect.DeepEqual(stored, *old) {
		err = monitor.ErrChanged
	}
	return err
}

func storedMonitor(t *tx, id any) (monitor.Monitor, error) {
	m, err := monitor.Monitor{}, sql.ErrNoRows
	each := t.each(selectMonitors+" WHERE id = ?", []any{id}, func(rows *sql.Rows) error {
		m, err = scanMonitor(rows.Scan)
		return err
	})
	return m, cmp.Or(each, err)
}

func (t *tx) replace(m monitor.Monitor, row []any) error {
	id := row[len(row)-1].([]byte)
	was, err := t.number("SELECT enabled FROM monitors WHERE id = ?", id)
	if err != nil {
		return err
	}
	if _, err := t.exec(updateMonitor, row...); err != nil || m.Enabled == (was != 0) {
		return err
	}
	change := store.StatusChange{MonitorID: m.ID, Date: m.Updated, Kind: store.ChangeEnabled, From: store.Disabled, To: store.Enabled}
	if !m.Enabled {
		change.From, change.To = change.To, change.From
	}
	return t.logStatusChange(id, change)
}

// ImportMonitors replaces all monitors by ms in one transaction.
func (s *Store) ImportMonitors(ctx context.Context, ms []monitor.Monitor) error {
	rows := make([][]any, len(ms))
	for i, m := range ms {
		var err error
		if rows[i], err = monitorRow(m); err != nil {
			return err
		}
	}
	return s.define(ctx, "import monitors", func(t *tx) error {
		imported := make(map[string]bool, len(ms))
		for i, m := range ms {
			imported[string(rows[i][len(rows[i])-1].([]byte))] = true
			err := t.replace(m, rows[i])
			if errors.Is(err, sql.ErrNoRows) {
				_, err = insertMonitorRow(t, rows[i])
			}
			if err != nil {
				return err
			}
		}
		return t.deleteOthers(imported)
	}, store.TopicMonitors)
}

// deleteOthers deletes the monitors that were not imported. Their history stays until it expires.
func (t *tx) deleteOthers(imported map[string]bool) error {
	all, err := t.ids("SELECT id FROM monitors")
	if err != nil {
		return err
	}
	for _, id := range all {
		if !imported[string(id)] {
			if _, err := t.exec("DELETE FROM monitors WHERE id = ?", id); err != nil {
				return err
			}
		}
	}
	return nil
}

// ids returns the rows of a query with one column.
func (t *tx) ids(query string, args ...any) ([][]byte, error) {
	var list [][]byte
	err := t.each(query, args, func(rows *sql.Rows) error {
		var id []byte
		err := rows.Scan(&id)
		list = append(list, id)
		return err
	})
	return list, err
}

// DeleteMonitor deletes a monitor and its data.
func (s *Store) DeleteMonitor(ctx context.Context, id string) error {
	return s.deleteMonitor(ctx, id, nil)
}

// DeleteMonitorIf does the same if the stored monitor equals old.
func (s *Store) DeleteMonitorIf(ctx context.Context, old monitor.Monitor) error {
	return s.deleteMonitor(ctx, old.ID, &old)
}

// deleteMonitor deletes a monitor and its data. If old is not nil, the stored monitor must equal it.
func (s *Store) deleteMonitor(ctx context.Context, id string, old *monitor.Monitor) error {
	const name = "delete monitor"
	raw, ok := rawID(id)
	if !ok {
		return describe(name, monitor.ErrNotFound)
	}
	err := s.define(ctx, name, func(t *tx) error {
		if err := expectMonitor(t, raw, old); err != nil {
			return err
		}
		deleted, err := removeMonitor(t, raw)
		if err == nil && !deleted {
			err = monitor.ErrNotFound
		}
		return err
	}, store.TopicMonitors, store.TopicResults)
	s.purgeSoon()
	return err
}

// removeMonitor deletes a monitor and its data, and reports whether it existed.
func removeMonitor(t *tx, id []byte) (bool, error) {
	n, err := t.exec("DELETE FROM monitors WHERE id = ?", id)
	if err != nil || n == 0 {
		return false, err
	}
	return true, t.detach(id)
}

// DeleteMonitors deletes all monitors and their data.
func (s *Store) DeleteMonitors(ctx context.Context) error {
	err := s.define(ctx, "delete all monitors", func(t *tx) error {
		all, err := t.ids("SELECT id FROM monitors")
		if err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM monitors"); err != nil {
			return err
		}
		for _, id := range all {
			if err := t.detach(id); err != nil {
				return err
			}
		}
		return nil
	}, store.TopicMonitors, store.TopicResults)
	s.purgeSoon()
	return err
}
