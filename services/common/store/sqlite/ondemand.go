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

// AddOnDemandChecks stores requests.
func (s *Store) AddOnDemandChecks(ctx context.Context, rs ...store.OnDemandCheck) error {
	rows := make([][]any, len(rs))
	for i, r := range rs {
		id, err := storableID("on-demand check", r.ID)
		if err != nil {
			return err
		}
		var definition any
		if r.Definition != nil {
			text, err := json.Marshal(r.Definition)
			if err != nil {
				return describe("encode on-demand check "+r.ID, err)
			}
			definition = string(text)
		}
		rows[i] = []any{id, r.Requested.UnixMilli(), r.Expires.UnixMilli(), r.MonitorID, definition}
	}
	const insert = "INSERT INTO checks (id, asked, expires, monitor, definition) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
	return s.write(ctx, "add checks", func(t *tx) error {
		for _, row := range rows {
			if _, err := t.exec(insert, row...); err != nil {
				return err
			}
		}
		return nil
	}, store.TopicOnDemandChecks)
}

// PendingOnDemandChecks returns the unclaimed requests, oldest first.
func (s *Store) PendingOnDemandChecks(ctx context.Context, now time.Time) ([]store.OnDemandCheck, error) {
	const query = `SELECT id, asked, expires, monitor, definition FROM checks WHERE runner IS NULL AND expires > ? ORDER BY asked, id`
	list := []store.OnDemandCheck{}
	err := s.read(ctx, "list pending checks", query, []any{now.UnixMilli()}, func(rows *sql.Rows) error {
		var r store.OnDemandCheck
		var id, definition []byte
		var requested, expires int64
		if err := rows.Scan(&id, &requested, &expires, &r.MonitorID, &definition); err != nil {
			return err
		}
		r.ID, r.Requested, r.Expires = hex.EncodeToString(id), date(requested), date(expires)
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

// ClaimOnDemandCheck assigns a request to a runner. It returns false if the request is claimed, expired or deleted.
func (s *Store) ClaimOnDemandCheck(ctx context.Context, id, runner string, now time.Time) (bool, error) {
	raw, _ := rawID(id)
	claimed := 0
	err := s.write(ctx, "claim check", func(t *tx) (err error) {
		claimed, err = t.exec("UPDATE checks SET runner = ? WHERE id = ? AND runner IS NULL AND expires > ?", runner, raw, now.UnixMilli())
		return err
	})
	return err == nil && claimed == 1, err
}

// CompleteOnDemandCheck stores the result of a claimed request.
func (s *Store) CompleteOnDemandCheck(ctx context.Context, id string, r monitor.Result) error {
	raw, _ := rawID(id)
	result, err := json.Marshal(r)
	if err != nil {
		return monitor.Invalidf("result %s can't be stored: %v", r.ID, err)
	}
	return s.write(ctx, "complete check", func(t *tx) error {
		n, err := t.exec("UPDATE checks SET answer = ?, definition = NULL WHERE id = ? AND runner IS NOT NULL", string(result), raw)
		if err == nil && n == 0 {
			err = monitor.ErrNotFound
		}
		return err
	}, store.TopicOnDemandChecks)
}

// OnDemandResult returns the result of a request.
func (s *Store) OnDemandResult(ctx context.Context, id string) (monitor.Result, bool, error) {
	raw, _ := rawID(id)
	var r monitor.Result
	found := false
	err := s.read(ctx, "get check result", "SELECT answer FROM checks WHERE id = ? AND answer IS NOT NULL", []any{raw},
		func(rows *sql.Rows) error {
			var result []byte
			if err := rows.Scan(&result); err != nil {
				return err
			}
			found = true
			return json.Unmarshal(result, &r)
		})
	if r.Outputs == nil {
		r.Outputs = map[string]any{}
	}
	return r, found && err == nil, err
}

// DeleteOnDemandCheck deletes a request and its result.
func (s *Store) DeleteOnDemandCheck(ctx context.Context, id string) error {
	raw, _ := rawID(id)
	return s.write(ctx, "delete check", func(t *tx) error {
		_, err := t.exec("DELETE FROM checks WHERE id = ?", raw)
		return err
	})
}
