package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"nanomon/services/common/store"
)

// PutHeartbeat stores the heartbeat of a runner.
func (s *Store) PutHeartbeat(ctx context.Context, r store.Runner) error {
	return s.write(ctx, "store heartbeat", func(t *tx) error {
		problems, err := encodeList(r.Problems)
		if err != nil {
			return err
		}
		notChecked, err := encodeList(r.NotChecked)
		if err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO runners (id, monitors, seen, problems, not_checked) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET monitors = excluded.monitors, seen = excluded.seen, problems = excluded.problems,
			not_checked = excluded.not_checked`,
			r.ID, r.Monitors, r.LastSeen.UnixMilli(), problems, notChecked)
		return err
	})
}

// Runners returns the runners with a heartbeat since the given time.
func (s *Store) Runners(ctx context.Context, since time.Time) ([]store.Runner, error) {
	list := []store.Runner{}
	const query = `SELECT id, monitors, seen, coalesce(problems, 'null'), coalesce(not_checked, 'null')
		FROM runners WHERE seen >= ? ORDER BY id`
	err := s.read(ctx, "list runners", query, []any{ceilMilli(since)}, func(rows *sql.Rows) error {
		var r store.Runner
		var seen int64
		var problems, notChecked []byte
		if err := rows.Scan(&r.ID, &r.Monitors, &seen, &problems, &notChecked); err != nil {
			return err
		}
		err := errors.Join(json.Unmarshal(problems, &r.Problems), json.Unmarshal(notChecked, &r.NotChecked))
		r.LastSeen = date(seen)
		list = append(list, r)
		return err
	})
	return list, err
}

// encodeList returns the JSON of a list, or nil (stored as NULL) if it is empty.
func encodeList[T any](list []T) (any, error) {
	if len(list) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// RemoveRunner deletes the heartbeat of a runner.
func (s *Store) RemoveRunner(ctx context.Context, id string) error {
	return s.write(ctx, "remove runner", func(t *tx) error {
		_, err := t.exec("DELETE FROM runners WHERE id = ?", id)
		return err
	})
}
