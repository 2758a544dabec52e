package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"strconv"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const selectDirty = `SELECT d.hour, f.monitor, d.token FROM dirty d CROSS JOIN refs f ON f.ref = d.ref
	WHERE d.hour <= ? AND d.marked < ? ORDER BY d.hour, d.ref LIMIT ?`

// DirtyHours returns the dirty hours that ended before closed and were marked before quiet, oldest first.
func (s *Store) DirtyHours(ctx context.Context, closed, quiet time.Time, limit int) ([]store.DirtyHour, error) {
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	list := []store.DirtyHour{}
	args := []any{closed.Add(-time.Hour).UnixMilli(), ceilMilli(quiet), limit}
	err := s.read(ctx, "list dirty hours", selectDirty, args, func(rows *sql.Rows) error {
		var hour, token int64
		var id []byte
		err := rows.Scan(&hour, &id, &token)
		list = append(list, store.DirtyHour{MonitorID: hex.EncodeToString(id), Hour: date(hour), Token: strconv.FormatInt(token, 10)})
		return err
	})
	return list, err
}

// ClearDirty deletes the marks whose token is unchanged.
func (s *Store) ClearDirty(ctx context.Context, marks []store.DirtyHour) error {
	return s.write(ctx, "clear dirty hours", func(t *tx) error {
		for _, mark := range marks {
			id, _ := rawID(mark.MonitorID)
			_, err := t.exec(`DELETE FROM dirty WHERE hour = ? AND ref = (SELECT ref FROM refs WHERE monitor = ?) AND token = CAST(? AS INTEGER)`,
				mark.Hour.UnixMilli(), id, mark.Token)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// MarkHistory has nothing to do: no other program writes to the file, and storing a result marks its hour.
func (s *Store) MarkHistory(context.Context) (store.MarkedHistory, error) {
	return store.MarkedHistory{Done: true}, nil
}
