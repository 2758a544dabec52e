package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const selectMonitors = `SELECT id, name, type, interval, target, rule, enabled, properties, heading, updated FROM monitors`

// Monitors lists all, ordered by name and then id.
func (s *Store) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	list := []monitor.Monitor{}
	err := s.read(ctx, "list monitors", selectMonitors+" ORDER BY name, id", nil, func(rows *sql.Rows) error {
		m, err := scanMonitor(rows.Scan)
		list = append(list, m)
		return err
	})
	return list, err
}

// Monitor is the one with that id.
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
	var id, properties []byte
	var updated int64
	err := scan(&id, &m.Name, &m.Type, &m.Interval, &m.Target, &m.Rule, &m.Enabled, &properties, &m.Group, &updated)
	if err != nil {
		return m, err
	}
	m.ID, m.Updated = hex.EncodeToString(id), date(updated)
	err = json.Unmarshal(properties, &m.Properties)
	m.Normalize()
	return m, err
}

// monitorRow is a monitor as the statements take it, the id last.
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
	return []any{
		m.Name, m.Type, m.Interval, m.Target, m.Rule, m.Enabled, string(properties), m.Group, m.Updated.UnixMilli(), id,
	}, nil
}

const (
	insertMonitor = `INSERT INTO monitors (name, type, interval, target, rule, enabled, properties, heading, updated, id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	updateMonitor = `UPDATE monitors SET name = ?, type = ?, interval = ?, target = ?, rule = ?, enabled = ?, properties = ?,
		heading = ?, updated = ? WHERE id = ?`
)

// CreateMonitor stores m, whose id must be free.
func (s *Store) CreateMonitor(ctx context.Context, m monitor.Monitor) error {
	row, err := monitorRow(m)
	if err != nil {
		return err
	}
	return s.write(ctx, "create monitor", func(t *tx) error {
		n, err := t.exec(insertMonitor, row...)
		if err == nil && n == 0 {
			err = monitor.Invalidf("there is a monitor with the id %s already", m.ID)
		}
		return err
	}, store.TopicMonitors)
}

// ReplaceMonitor stores m in place of the one with its id, and logs a transition when Enabled differs.
func (s *Store) ReplaceMonitor(ctx context.Context, m monitor.Monitor) error {
	row, err := monitorRow(m)
	if err != nil {
		return describe("replace monitor", monitor.ErrNotFound)
	}
	return s.write(ctx, "replace monitor", func(t *tx) error { return t.replace(m, row) }, store.TopicMonitors)
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
	return t.logTransition(id, change)
}

// ImportMonitors makes ms the whole set, at once.
func (s *Store) ImportMonitors(ctx context.Context, ms []monitor.Monitor) error {
	rows := make([][]any, len(ms))
	for i, m := range ms {
		var err error
		if rows[i], err = monitorRow(m); err != nil {
			return err
		}
	}
	return s.write(ctx, "import monitors", func(t *tx) error {
		staying := make(map[string]bool, len(ms))
		for i, m := range ms {
			staying[string(rows[i][len(rows[i])-1].([]byte))] = true
			err := t.replace(m, rows[i])
			if errors.Is(err, sql.ErrNoRows) {
				_, err = t.exec(insertMonitor, rows[i]...)
			}
			if err != nil {
				return err
			}
		}
		return t.removeOthers(staying)
	}, store.TopicMonitors)
}

// removeOthers removes the monitors that don't stay, and leaves their history.
func (t *tx) removeOthers(staying map[string]bool) error {
	surplus, err := t.ids("SELECT id FROM monitors")
	if err != nil {
		return err
	}
	for _, id := range surplus {
		if !staying[string(id)] {
			if _, err := t.exec("DELETE FROM monitors WHERE id = ?", id); err != nil {
				return err
			}
		}
	}
	return nil
}

// ids is the one column of a query.
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

// DeleteMonitor removes the monitor and all that is known of it.
func (s *Store) DeleteMonitor(ctx context.Context, id string) error {
	const name = "delete monitor"
	raw, ok := rawID(id)
	if !ok {
		return describe(name, monitor.ErrNotFound)
	}
	err := s.write(ctx, name, func(t *tx) error {
		n, err := t.exec("DELETE FROM monitors WHERE id = ?", raw)
		if err != nil {
			return err
		}
		if n == 0 {
			return monitor.ErrNotFound
		}
		return t.detach(raw)
	}, store.TopicMonitors, store.TopicResults)
	s.purgeSoon()
	return err
}

// detach deletes what is known of a monitor. The many rows of it become invisible now and go in a purge.
func (t *tx) detach(id []byte) error {
	t.forget()
	for _, statement := range []string{
		"DELETE FROM states WHERE monitor = ?",
		"DELETE FROM dirty WHERE ref = (SELECT ref FROM refs WHERE monitor = ?)",
		"UPDATE refs SET monitor = NULL WHERE monitor = ?",
	} {
		if _, err := t.exec(statement, id); err != nil {
			return err
		}
	}
	return nil
}

// DeleteMonitors removes all monitors and what is known of them.
func (s *Store) DeleteMonitors(ctx context.Context) error {
	err := s.write(ctx, "delete all monitors", func(t *tx) error {
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
