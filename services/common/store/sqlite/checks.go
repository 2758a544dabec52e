package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// AddOnDemandCheck stores a request.
func (s *Store) AddOnDemandCheck(ctx context.Context, r store.OnDemandCheck) error {
	id, err := storableID("check", r.ID)
	if err != nil {
		return err
	}
	var definition any
	if r.Definition != nil {
		text, err := json.Marshal(r.Definition)
		if err != nil {
			return describe("encode check "+r.ID, err)
		}
		definition = string(text)
	}
	return s.write(ctx, "ask for a check", func(t *tx) error {
		_, err := t.exec("INSERT INTO checks (id, asked, expires, monitor, definition) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			id, r.Requested.UnixMilli(), r.Expires.UnixMilli(), r.MonitorID, definition)
		return err
	}, store.TopicOnDemandChecks)
}

// PendingOnDemandChecks lists the requests that are neither claimed nor expired at now, oldest first.
func (s *Store) PendingOnDemandChecks(ctx context.Context, now time.Time) ([]store.OnDemandCheck, error) {
	const query = `SELECT id, asked, expires, monitor, definition FROM checks WHERE runner IS NULL AND expires > ? ORDER BY asked, id`
	list := []store.OnDemandCheck{}
	err := s.read(ctx, "list pending checks", query, []any{now.UnixMilli()}, func(rows *sql.Rows) error {
		var r store.OnDemandCheck
		var id, definition []byte
		var asked, expires int64
		if err := rows.Scan(&id, &asked, &expires, &r.MonitorID, &definition); err != nil {
			return err
		}
		r.ID, r.Requested, r.Expires = hex.EncodeToString(id), date(asked), date(expires)
		if definition != nil {
			r.Definition = new(monitor.Monitor)
			if err := json.Unmarshal(definition, r.Definition); err != nil {
				return err
			}
		}
		list = append(list, r)
		return nil
	})
	return list, err
}

// ClaimOnDemandCheck gives a request to a runner; false when another has it, or it is gone or has expired.
func (s *Store) ClaimOnDemandCheck(ctx context.Context, id, runner string) (bool, error) {
	raw, _ := rawID(id)
	claimed := 0
	err := s.write(ctx, "claim check", func(t *tx) (err error) {
		claimed, err = t.exec("UPDATE checks SET runner = ? WHERE id = ? AND runner IS NULL AND expires > ?", runner, raw, time.Now().UnixMilli())
		return err
	})
	return err == nil && claimed == 1, err
}

// CompleteOnDemandCheck stores the result of a claimed request and removes the request's definition.
func (s *Store) CompleteOnDemandCheck(ctx context.Context, id string, r monitor.Result) error {
	raw, _ := rawID(id)
	answer, err := json.Marshal(r)
	if err != nil {
		return monitor.Invalidf("result %s can't be stored: %v", r.ID, err)
	}
	return s.write(ctx, "answer check", func(t *tx) error {
		n, err := t.exec("UPDATE checks SET answer = ?, definition = NULL WHERE id = ? AND runner IS NOT NULL", string(answer), raw)
		if err == nil && n == 0 {
			err = monitor.ErrNotFound
		}
		return err
	}, store.TopicOnDemandChecks)
}

// OnDemandResult is the result of a request; false while there is none.
func (s *Store) OnDemandResult(ctx context.Context, id string) (monitor.Result, bool, error) {
	raw, _ := rawID(id)
	var r monitor.Result
	there := false
	err := s.read(ctx, "get the answer to a check", "SELECT answer FROM checks WHERE id = ? AND answer IS NOT NULL", []any{raw},
		func(rows *sql.Rows) error {
			var answer []byte
			if err := rows.Scan(&answer); err != nil {
				return err
			}
			there = true
			return json.Unmarshal(answer, &r)
		})
	if r.Outputs == nil {
		r.Outputs = map[string]any{}
	}
	return r, there && err == nil, err
}

// DeleteOnDemandCheck removes a request and its answer.
func (s *Store) DeleteOnDemandCheck(ctx context.Context, id string) error {
	raw, _ := rawID(id)
	return s.write(ctx, "drop check", func(t *tx) error {
		_, err := t.exec("DELETE FROM checks WHERE id = ?", raw)
		return err
	})
}

// Beat stores a runner's heartbeat in place of its last.
func (s *Store) PutHeartbeat(ctx context.Context, r store.Runner) error {
	return s.write(ctx, "store heartbeat", func(t *tx) error {
		_, err := t.exec(`INSERT INTO runners (id, monitors, seen) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET monitors = excluded.monitors, seen = excluded.seen`, r.ID, r.Monitors, r.LastSeen.UnixMilli())
		return err
	})
}

// Runners lists the runners whose last heartbeat is not before since, ordered by id.
func (s *Store) Runners(ctx context.Context, since time.Time) ([]store.Runner, error) {
	list := []store.Runner{}
	const query = "SELECT id, monitors, seen FROM runners WHERE seen >= ? ORDER BY id"
	err := s.read(ctx, "list runners", query, []any{ceilMilli(since)}, func(rows *sql.Rows) error {
		var r store.Runner
		var seen int64
		err := rows.Scan(&r.ID, &r.Monitors, &seen)
		r.LastSeen = date(seen)
		list = append(list, r)
		return err
	})
	return list, err
}

// RemoveRunner removes a runner's heartbeat.
func (s *Store) RemoveRunner(ctx context.Context, id string) error {
	return s.write(ctx, "remove runner", func(t *tx) error {
		_, err := t.exec("DELETE FROM runners WHERE id = ?", id)
		return err
	})
}
