package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"math"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const insertPing = `INSERT INTO pings (id, monitor, received, kind, exit, run, body) VALUES (?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT DO NOTHING`

// deleteSurplusPings deletes all but the newest pings of a monitor.
const deleteSurplusPings = `DELETE FROM pings WHERE id IN (SELECT id FROM pings INDEXED BY pings_by_monitor
	WHERE monitor = ? ORDER BY received DESC, id DESC LIMIT -1 OFFSET ?)`

// AddPing stores a ping. Once in a while it deletes the oldest ones of the monitor if there are too many. It may wait for
// other pings, which share the commit.
func (s *Store) AddPing(ctx context.Context, p store.Ping) error {
	if err := p.Validate(); err != nil {
		return err
	}
	id, err := storableID("ping", p.ID)
	if err != nil {
		return err
	}
	monitorID, err := storableID("monitor", p.MonitorID)
	if err != nil {
		return err
	}
	var body any
	if len(p.Body) > 0 {
		body = p.Body
	}
	surplus := 0
	err = s.writePatiently(ctx, "add ping", func(t *tx) error {
		_, err := t.exec(insertPing, id, monitorID, p.Received.UnixMilli(), string(p.Kind), p.ExitCode, p.RunID, body)
		if err == nil && store.LooksForSurplus(p.ID) {
			surplus, err = t.exec(deleteSurplusPings, monitorID, store.MaxWaitingPings)
		}
		return err
	}, store.TopicPings)
	if err == nil {
		s.surplus.Record(p.MonitorID, surplus)
	}
	return err
}

const selectPings = `SELECT id, monitor, received, kind, exit, run, body FROM pings INDEXED BY pings_by_date
	WHERE (received, id) > (?, ?) ORDER BY received, id LIMIT ?`

// Pings returns pings, oldest first.
func (s *Store) Pings(ctx context.Context, after *store.Cursor, limit int) ([]store.Ping, error) {
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	args := []any{int64(math.MinInt64), []byte{}, limit}
	if after != nil {
		id, err := storableID("cursor", after.ID)
		if err != nil {
			return nil, err
		}
		args = []any{after.Date.UnixMilli(), id, limit}
	}
	list := []store.Ping{}
	err := s.read(ctx, "list pings", selectPings, args, func(rows *sql.Rows) error {
		var p store.Ping
		var id, monitorID []byte
		var received int64
		err := rows.Scan(&id, &monitorID, &received, &p.Kind, &p.ExitCode, &p.RunID, &p.Body)
		p.ID, p.MonitorID, p.Received = hex.EncodeToString(id), hex.EncodeToString(monitorID), date(received)
		list = append(list, p)
		return err
	})
	return list, err
}

// pushStateRow is a push state as JSON.
type pushStateRow struct {
	monitorID []byte
	sequence  int64
	state     string
}

// addPush adds the push states and done pings of b to the batch. It ignores an id that no ping can have.
func (b *batch) addPush(from store.Batch) error {
	for _, state := range from.PushStates {
		row, err := newPushStateRow(state)
		if err != nil {
			return err
		}
		b.pushStates = append(b.pushStates, row)
	}
	for _, id := range from.DonePings {
		if raw, ok := rawID(id); ok {
			b.donePings = append(b.donePings, raw)
		}
	}
	return nil
}

func newPushStateRow(state store.PushState) (row pushStateRow, err error) {
	if row.monitorID, err = storableID("monitor", state.MonitorID); err != nil {
		return row, err
	}
	if err := state.Validate(); err != nil {
		return row, err
	}
	text, err := json.Marshal(state)
	if err != nil {
		return row, monitor.Invalidf("push state of monitor %s can't be stored: %v", state.MonitorID, err)
	}
	row.sequence, row.state = state.Sequence, string(text)
	return row, nil
}

const upsertPushState = `INSERT INTO push_states (monitor, seq, state) VALUES (?, ?, ?)
	ON CONFLICT DO UPDATE SET seq = excluded.seq, state = excluded.state WHERE excluded.seq > seq`

// appendPush stores the push states that are newer than the stored ones, and deletes the done pings.
func appendPush(t *tx, b *batch) error {
	for _, row := range b.pushStates {
		deleted, err := isDeleted(t, row.monitorID)
		if err == nil && !deleted {
			_, err = t.exec(upsertPushState, row.monitorID, row.sequence, row.state)
		}
		if err != nil {
			return err
		}
	}
	for _, id := range b.donePings {
		if _, err := t.exec("DELETE FROM pings WHERE id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

const selectPushStates = "SELECT state FROM push_states WHERE monitor " + inIDList

// PushStates returns the push states of the given monitors.
func (s *Store) PushStates(ctx context.Context, monitorIDs []string) ([]store.PushState, error) {
	ids, err := json.Marshal(monitorIDs)
	if err != nil {
		return nil, describe("list push states", err)
	}
	list := []store.PushState{}
	err = s.read(ctx, "list push states", selectPushStates, []any{string(ids)}, func(rows *sql.Rows) error {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return err
		}
		var state store.PushState
		if err := json.Unmarshal(text, &state); err != nil {
			return errEncoding
		}
		list = append(list, state)
		return nil
	})
	return list, err
}
