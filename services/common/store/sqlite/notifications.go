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

// inIDList is a condition that takes a JSON array of ids as one argument, so that the statement has the same text for
// any number of ids.
const inIDList = "IN (SELECT unhex(value) FROM json_each(?))"

// IncidentStates returns the stored incident states of the given monitors.
func (s *Store) IncidentStates(ctx context.Context, monitorIDs []string) ([]store.IncidentState, error) {
	ids, err := json.Marshal(monitorIDs)
	if err != nil {
		return nil, describe("list incident states", err)
	}
	const query = "SELECT state FROM alert_states WHERE monitor " + inIDList
	list := []store.IncidentState{}
	err = s.read(ctx, "list incident states", query, []any{string(ids)}, func(rows *sql.Rows) error {
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

// PutIncidentStates stores each state that is newer than the stored one.
func (s *Store) PutIncidentStates(ctx context.Context, states []store.IncidentState) error {
	type row struct {
		id     []byte
		number int64
		text   string
	}
	rows := make([]row, len(states))
	for i, state := range states {
		id, err := storableID("monitor", state.MonitorID)
		if err != nil {
			return err
		}
		text, err := json.Marshal(state)
		if err != nil {
			return describe("encode the incident state of monitor "+state.MonitorID, err)
		}
		rows[i] = row{id, state.Number(), string(text)}
	}
	return s.write(ctx, "put incident states", func(t *tx) error {
		for _, r := range rows {
			_, err := t.exec(`INSERT INTO alert_states (monitor, seen, state) VALUES (?, ?, ?)
				ON CONFLICT DO UPDATE SET seen = excluded.seen, state = excluded.state WHERE excluded.seen > seen`, r.id, r.number, r.text)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// AddNotifications stores new notifications. It returns the ids that exist already.
func (s *Store) AddNotifications(ctx context.Context, ns []store.Notification) ([]string, error) {
	type row struct {
		store.Notification
		content, deliveries string
	}
	rows := make([]row, len(ns))
	for i, n := range ns {
		content, deliveries, err := store.EncodeNotification(n)
		if err != nil {
			return nil, describe("encode notification "+n.ID, err)
		}
		rows[i] = row{n, content, deliveries}
	}
	var existing []string
	err := s.write(ctx, "add notifications", func(t *tx) error {
		existing = nil
		for _, r := range rows {
			n, err := t.exec(`INSERT INTO alerts (id, monitor, date, `+contentColumn+`, next, attempts, deliveries) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT DO NOTHING`, r.ID, r.MonitorID, r.Date.UnixMilli(), r.content, nullDate(r.Next), r.Attempts, r.deliveries)
			if err != nil {
				return err
			}
			if n == 0 {
				existing = append(existing, r.ID)
			}
		}
		return nil
	})
	return existing, err
}

// nullDate returns a date in milliseconds, or nil (stored as NULL) if it is zero.
func nullDate(d time.Time) any {
	if d.IsZero() {
		return nil
	}
	return d.UnixMilli()
}

const selectNotifications = "SELECT " + contentColumn + ", next, attempts, deliveries FROM alerts "

func (s *Store) notifications(ctx context.Context, operation, where string, args ...any) ([]store.Notification, error) {
	list := []store.Notification{}
	err := s.read(ctx, operation, selectNotifications+where, args, func(rows *sql.Rows) error {
		var content, deliveries []byte
		var next sql.NullInt64
		var attempts int
		if err := rows.Scan(&content, &next, &attempts, &deliveries); err != nil {
			return err
		}
		n, err := store.DecodeNotification(content, deliveries)
		if next.Valid {
			n.Next = date(next.Int64)
		}
		n.Attempts = attempts
		list = append(list, n)
		return err
	})
	return list, err
}

// DueNotifications returns the notifications that are due, ordered by Next.
func (s *Store) DueNotifications(ctx context.Context, now time.Time, limit int) ([]store.Notification, error) {
	return s.notifications(ctx, "list due notifications", "WHERE next <= ? OR next > ? ORDER BY next, id LIMIT ?",
		now.UnixMilli(), now.Add(store.MaxNotificationDelay).UnixMilli(), limit)
}

// Notification returns one notification.
func (s *Store) Notification(ctx context.Context, id string) (store.Notification, error) {
	const operation = "get notification"
	list, err := s.notifications(ctx, operation, "WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = describe(operation, monitor.ErrNotFound)
	}
	if err != nil {
		return store.Notification{}, err
	}
	return list[0], nil
}

// NotificationsByID returns the notifications with the given ids.
func (s *Store) NotificationsByID(ctx context.Context, ids []string) ([]store.Notification, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, describe("list notifications", err)
	}
	return s.notifications(ctx, "list notifications", notificationsByID, string(list))
}

// notificationsByID follows "FROM alerts".
const notificationsByID = "WHERE id IN (SELECT value FROM json_each(?))"

// NotificationsOf returns notifications of the given incidents. The character after the hyphen in ASCII is the dot.
func (s *Store) NotificationsOf(ctx context.Context, incidentIDs []string, limit int) ([]store.Notification, error) {
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	ids, err := json.Marshal(incidentIDs)
	if err != nil {
		return nil, describe("list notifications", err)
	}
	return s.notifications(ctx, "list notifications", notificationsOfIncidents, string(ids), limit)
}

// notificationsOfIncidents follows "FROM alerts": CROSS JOIN makes SQLite read the ids first.
const notificationsOfIncidents = `WHERE id IN (SELECT a.id FROM json_each(?) i CROSS JOIN alerts a
	ON a.id > i.value || '-' AND a.id < i.value || '.') LIMIT ?`

// Notifications returns the notifications that f selects, newest first.
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
	return s.notifications(ctx, "list notifications", clause, append(args, f.Limit)...)
}

// ClaimNotification claims one attempt to send a notification. The first claim wins.
func (s *Store) ClaimNotification(ctx context.Context, id string, attempt int, runner string, now time.Time) (won bool, claimed time.Time, err error) {
	at := now.UnixMilli()
	err = s.write(ctx, "claim notification", func(t *tx) error {
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

// PutDeliveries stores the fields Next, Attempts and Deliveries of a notification.
func (s *Store) PutDeliveries(ctx context.Context, n store.Notification) error {
	deliveries, err := store.EncodeDeliveries(n.Deliveries)
	if err != nil {
		return describe("encode the deliveries of notification "+n.ID, err)
	}
	return s.write(ctx, "store deliveries", func(t *tx) error {
		changed, err := t.exec("UPDATE alerts SET next = ?, attempts = ?, deliveries = ? WHERE id = ?",
			nullDate(n.Next), n.Attempts, deliveries, n.ID)
		if err == nil && changed == 0 {
			err = monitor.ErrNotFound
		}
		return err
	})
}
