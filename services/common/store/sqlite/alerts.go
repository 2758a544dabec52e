package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// amongIDs is true of the ids in one JSON array, so that a statement is the same for every number of them.
const amongIDs = "IN (SELECT unhex(value) FROM json_each(?))"

// AlertStates lists those of the given monitors that were ever written.
func (s *Store) AlertStates(ctx context.Context, monitorIDs []string) ([]store.AlertState, error) {
	ids, err := json.Marshal(monitorIDs)
	if err != nil {
		return nil, describe("list alert states", err)
	}
	const query = "SELECT state FROM alert_states WHERE monitor " + amongIDs
	list := []store.AlertState{}
	err = s.read(ctx, "list alert states", query, []any{string(ids)}, func(rows *sql.Rows) error {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return err
		}
		var state store.AlertState
		err := json.Unmarshal(text, &state)
		list = append(list, state)
		return err
	})
	return list, err
}

// PutAlertStates stores each state that is newer than what is there.
func (s *Store) PutAlertStates(ctx context.Context, states []store.AlertState) error {
	type row struct {
		id   []byte
		seen int64
		text string
	}
	rows := make([]row, len(states))
	for i, state := range states {
		id, err := storableID("monitor", state.MonitorID)
		if err != nil {
			return err
		}
		text, err := json.Marshal(state)
		if err != nil {
			return describe("encode the alert state of monitor "+state.MonitorID, err)
		}
		rows[i] = row{id, state.Seen.UnixMilli(), string(text)}
	}
	return s.write(ctx, "put alert states", func(t *tx) error {
		for _, r := range rows {
			_, err := t.exec(`INSERT INTO alert_states (monitor, seen, state) VALUES (?, ?, ?)
				ON CONFLICT DO UPDATE SET seen = excluded.seen, state = excluded.state WHERE excluded.seen > seen`, r.id, r.seen, r.text)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// AddAlerts stores messages. Those whose id is there already are left as they are, and returned.
func (s *Store) AddAlerts(ctx context.Context, as []store.Alert) ([]string, error) {
	type row struct {
		store.Alert
		owed, deliveries string
	}
	rows := make([]row, len(as))
	for i, a := range as {
		owed, deliveries, err := encodeAlert(a)
		if err != nil {
			return nil, describe("encode alert "+a.ID, err)
		}
		rows[i] = row{a, owed, deliveries}
	}
	var known []string
	err := s.write(ctx, "add alerts", func(t *tx) error {
		known = nil
		for _, r := range rows {
			n, err := t.exec(`INSERT INTO alerts (id, monitor, date, owed, next, attempts, deliveries) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT DO NOTHING`, r.ID, r.MonitorID, r.Date.UnixMilli(), r.owed, nullDate(r.Next), r.Attempts, r.deliveries)
			if err != nil {
				return err
			}
			if n == 0 {
				known = append(known, r.ID)
			}
		}
		return nil
	})
	return known, err
}

// encodeAlert is the JSON of what never changes of a message, and of its deliveries.
func encodeAlert(a store.Alert) (owed, deliveries string, err error) {
	list, err := json.Marshal(a.Deliveries)
	if err != nil {
		return "", "", err
	}
	a.Next, a.Attempts, a.Deliveries = time.Time{}, 0, nil
	text, err := json.Marshal(a)
	return string(text), string(list), err
}

// nullDate is a date as it is stored, NULL for none.
func nullDate(d time.Time) any {
	if d.IsZero() {
		return nil
	}
	return d.UnixMilli()
}

const selectAlerts = "SELECT owed, next, attempts, deliveries FROM alerts "

func (s *Store) alerts(ctx context.Context, where string, args ...any) ([]store.Alert, error) {
	list := []store.Alert{}
	err := s.read(ctx, "list alerts", selectAlerts+where, args, func(rows *sql.Rows) error {
		var owed, deliveries []byte
		var next sql.NullInt64
		var attempts int
		if err := rows.Scan(&owed, &next, &attempts, &deliveries); err != nil {
			return err
		}
		var a store.Alert
		if err := json.Unmarshal(owed, &a); err != nil {
			return err
		}
		if next.Valid {
			a.Next = date(next.Int64)
		}
		a.Attempts = attempts
		err := json.Unmarshal(deliveries, &a.Deliveries)
		list = append(list, a)
		return err
	})
	return list, err
}

// DueAlerts lists messages whose Next has come at now, the longest overdue first.
func (s *Store) DueAlerts(ctx context.Context, now time.Time, limit int) ([]store.Alert, error) {
	return s.alerts(ctx, "WHERE next <= ? ORDER BY next, id LIMIT ?", now.UnixMilli(), limit)
}

// Alert is the message with the id.
func (s *Store) Alert(ctx context.Context, id string) (store.Alert, error) {
	list, err := s.alerts(ctx, "WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = describe("get alert", monitor.ErrNotFound)
	}
	if err != nil {
		return store.Alert{}, err
	}
	return list[0], nil
}

// Alerts lists what f selects, newest first.
func (s *Store) Alerts(ctx context.Context, f store.AlertFilter) ([]store.Alert, error) {
	if f.Limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	var where []string
	var args []any
	if f.MonitorID != "" {
		where, args = append(where, "monitor = ?"), append(args, strings.ToLower(f.MonitorID))
	}
	if f.Before != nil {
		where, args = append(where, "(date, id) < (?, ?)"), append(args, f.Before.Date.UnixMilli(), f.Before.ID)
	}
	clause := "ORDER BY date DESC, id DESC LIMIT ?"
	if len(where) > 0 {
		clause = "WHERE " + strings.Join(where, " AND ") + " " + clause
	}
	return s.alerts(ctx, clause, append(args, f.Limit)...)
}

// ClaimAlert gives one attempt at sending a message to a runner.
func (s *Store) ClaimAlert(ctx context.Context, id string, attempt int, runner string, now time.Time) (won bool, claimed time.Time, err error) {
	at := now.UnixMilli()
	err = s.write(ctx, "claim alert", func(t *tx) error {
		n, err := t.exec("INSERT INTO alert_claims (id, attempt, runner, claimed) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			id, attempt, runner, at)
		if won = n == 1; err != nil || won {
			return err
		}
		at, err = t.number("SELECT claimed FROM alert_claims WHERE id = ? AND attempt = ?", id, attempt)
		return err
	})
	return won && err == nil, date(at), err
}

// PutFate stores Next, Attempts and Deliveries of a message.
func (s *Store) PutFate(ctx context.Context, a store.Alert) error {
	_, deliveries, err := encodeAlert(a)
	if err != nil {
		return describe("encode alert "+a.ID, err)
	}
	return s.write(ctx, "put the fate of alert", func(t *tx) error {
		n, err := t.exec("UPDATE alerts SET next = ?, attempts = ?, deliveries = ? WHERE id = ?", nullDate(a.Next), a.Attempts, deliveries, a.ID)
		if err == nil && n == 0 {
			err = monitor.ErrNotFound
		}
		return err
	})
}
