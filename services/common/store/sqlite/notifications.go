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

// IncidentStates lists those of the given monitors that were ever written.
func (s *Store) IncidentStates(ctx context.Context, monitorIDs []string) ([]store.IncidentState, error) {
	ids, err := json.Marshal(monitorIDs)
	if err != nil {
		return nil, describe("list alert states", err)
	}
	const query = "SELECT state FROM alert_states WHERE monitor " + amongIDs
	list := []store.IncidentState{}
	err = s.read(ctx, "list alert states", query, []any{string(ids)}, func(rows *sql.Rows) error {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return err
		}
		var state store.IncidentState
		err := json.Unmarshal(text, &state)
		list = append(list, state)
		return err
	})
	return list, err
}

// PutIncidentStates stores each state that is newer than what is there.
func (s *Store) PutIncidentStates(ctx context.Context, states []store.IncidentState) error {
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
		rows[i] = row{id, state.Evaluated.UnixMilli(), string(text)}
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

// AddNotifications stores messages. Those whose id is there already are left as they are, and returned.
func (s *Store) AddNotifications(ctx context.Context, as []store.Notification) ([]string, error) {
	type row struct {
		store.Notification
		content, deliveries string
	}
	rows := make([]row, len(as))
	for i, a := range as {
		content, deliveries, err := store.EncodeNotification(a)
		if err != nil {
			return nil, describe("encode alert "+a.ID, err)
		}
		rows[i] = row{a, content, deliveries}
	}
	var known []string
	err := s.write(ctx, "add alerts", func(t *tx) error {
		known = nil
		for _, r := range rows {
			n, err := t.exec(`INSERT INTO alerts (id, monitor, date, `+contentColumn+`, next, attempts, deliveries) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT DO NOTHING`, r.ID, r.MonitorID, r.Date.UnixMilli(), r.content, nullDate(r.Next), r.Attempts, r.deliveries)
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

// nullDate is a date as it is stored, NULL for none.
func nullDate(d time.Time) any {
	if d.IsZero() {
		return nil
	}
	return d.UnixMilli()
}

const selectAlerts = "SELECT " + contentColumn + ", next, attempts, deliveries FROM alerts "

func (s *Store) alerts(ctx context.Context, where string, args ...any) ([]store.Notification, error) {
	list := []store.Notification{}
	err := s.read(ctx, "list alerts", selectAlerts+where, args, func(rows *sql.Rows) error {
		var content, deliveries []byte
		var next sql.NullInt64
		var attempts int
		if err := rows.Scan(&content, &next, &attempts, &deliveries); err != nil {
			return err
		}
		a, err := store.DecodeNotification(content, deliveries)
		if next.Valid {
			a.Next = date(next.Int64)
		}
		a.Attempts = attempts
		list = append(list, a)
		return err
	})
	return list, err
}

// DueNotifications lists messages whose Next has come at now, the longest overdue first.
func (s *Store) DueNotifications(ctx context.Context, now time.Time, limit int) ([]store.Notification, error) {
	return s.alerts(ctx, "WHERE next <= ? ORDER BY next, id LIMIT ?", now.UnixMilli(), limit)
}

// Notification is the message with the id.
func (s *Store) Notification(ctx context.Context, id string) (store.Notification, error) {
	list, err := s.alerts(ctx, "WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = describe("get alert", monitor.ErrNotFound)
	}
	if err != nil {
		return store.Notification{}, err
	}
	return list[0], nil
}

// Alerts lists what f selects, newest first.
func (s *Store) Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error) {
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

// ClaimNotification gives one attempt at sending a message to a runner.
func (s *Store) ClaimNotification(ctx context.Context, id string, attempt int, runner string, now time.Time) (won bool, claimed time.Time, err error) {
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

// PutDeliveries stores Next, Attempts and Deliveries of a message.
func (s *Store) PutDeliveries(ctx context.Context, a store.Notification) error {
	deliveries, err := store.EncodeDeliveries(a.Deliveries)
	if err != nil {
		return describe("encode alert "+a.ID, err)
	}
	return s.write(ctx, "store deliveries", func(t *tx) error {
		n, err := t.exec("UPDATE alerts SET next = ?, attempts = ?, deliveries = ? WHERE id = ?", nullDate(a.Next), a.Attempts, deliveries, a.ID)
		if err == nil && n == 0 {
			err = monitor.ErrNotFound
		}
		return err
	})
}
