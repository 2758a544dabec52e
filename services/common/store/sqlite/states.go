package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// stateRow is a state with its encoded columns.
type stateRow struct {
	resultRow
	number, streak, since int64
	history               []byte
}

// newStateRow returns the row of a state. encoded is its latest result if that is encoded already, otherwise nil.
func newStateRow(state store.State, encoded *resultRow) (stateRow, error) {
	if encoded == nil || encoded.MonitorID != state.MonitorID {
		latest := state.Latest
		latest.MonitorID = state.MonitorID
		row, err := newResultRow(latest)
		if err != nil {
			return stateRow{}, err
		}
		encoded = &row
	}
	history, err := encodeHistory(state.History)
	return stateRow{*encoded, state.Number(), int64(state.Streak), state.Since.UnixMilli(), history}, err
}

const upsertState = `INSERT INTO states (monitor, seq, date, id, status, value, message, name, target, shape, outputs, streak, since, history)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET seq = excluded.seq, date = excluded.date, id = excluded.id, status = excluded.status, value = excluded.value,
		message = excluded.message, name = excluded.name, target = excluded.target, shape = excluded.shape,
		outputs = excluded.outputs, streak = excluded.streak, since = excluded.since, history = excluded.history
	WHERE (excluded.seq, excluded.id) > (seq, id)`

// putState stores a state if it is newer than the stored one.
func (t *tx) putState(row stateRow) error {
	if deleted, err := isDeleted(t, row.monitorID); err != nil || deleted {
		return err
	}
	shape, err := t.shape(row.shape)
	if err != nil {
		return err
	}
	_, err = t.exec(upsertState, row.monitorID, row.number, row.date, row.id, row.statusCode, row.Value, nullable(row.Message),
		row.MonitorName, row.MonitorTarget, shape, row.values, row.streak, row.since, row.history)
	return err
}

const selectStates = `SELECT t.monitor, t.seq, t.date, t.id, t.status, t.value, coalesce(t.message, ''), t.name, t.target, s.names, t.outputs,
	t.streak, t.since, t.history FROM states t CROSS JOIN shapes s ON s.shape = t.shape`

// States returns the states of all monitors.
func (s *Store) States(ctx context.Context) ([]store.State, error) {
	return s.states(ctx, selectStates)
}

// StatesOf returns the states of the given monitors.
func (s *Store) StatesOf(ctx context.Context, monitorIDs []string) ([]store.State, error) {
	ids, err := json.Marshal(monitorIDs)
	if err != nil {
		return nil, describe("list states", err)
	}
	return s.states(ctx, selectStates+" WHERE t.monitor "+inIDList, string(ids))
}

// State returns the state of one monitor.
func (s *Store) State(ctx context.Context, monitorID string) (store.State, error) {
	id, _ := rawID(monitorID)
	list, err := s.states(ctx, selectStates+" WHERE t.monitor = ?", id)
	switch {
	case err != nil:
		return store.State{}, err
	case len(list) == 0:
		return store.State{}, describe("get state", monitor.ErrNotFound)
	}
	return list[0], nil
}

// Revision returns the number of transactions that changed monitors and, if requested, states. It reads from the file
// too, so that it fails when the file can't be read.
func (s *Store) Revision(ctx context.Context, states bool) (string, error) {
	changes := s.monitorChanges.Load()
	if states {
		changes += s.stateChanges.Load()
	}
	return s.revision(ctx, changes)
}

// revision returns a number of changes as a text. It fails when the file can't be read.
func (s *Store) revision(ctx context.Context, changes int64) (string, error) {
	var era int64
	err := s.row(ctx, "get revision", "SELECT era FROM meta", nil, &era)
	return strconv.FormatInt(changes, 10), err
}

func (s *Store) states(ctx context.Context, query string, args ...any) ([]store.State, error) {
	list, shapes := []store.State{}, shapeNames{}
	err := s.read(ctx, "list states", query, args, func(rows *sql.Rows) error {
		var state store.State
		var number, milli, code, since int64
		var id, monitorID, names, values, history []byte
		r := &state.Latest
		err := rows.Scan(&monitorID, &number, &milli, &id, &code, &r.Value, &r.Message, &r.MonitorName, &r.MonitorTarget, &names, &values,
			&state.Streak, &since, &history)
		if err != nil {
			return err
		}
		r.ID, r.MonitorID, r.Date = hex.EncodeToString(id), hex.EncodeToString(monitorID), date(milli)
		state.MonitorID, state.Since = r.MonitorID, date(since)
		if number != milli {
			state.Sequence = number
		}
		if r.Status, r.Ignored, err = decodeStatus(code); err != nil {
			return err
		}
		if r.Outputs, err = shapes.decode(names, values); err != nil {
			return err
		}
		state.History, err = decodeHistory(history)
		list = append(list, state)
		return err
	})
	return list, err
}

// statusChangeRow is a status change with the bytes of its monitor's id.
type statusChangeRow struct {
	store.StatusChange
	monitorID []byte
}

// logStatusChange stores a status change of the monitor with this id.
func (t *tx) logStatusChange(id []byte, change store.StatusChange) error {
	if deleted, err := isDeleted(t, id); err != nil || deleted {
		return err
	}
	ref, err := t.ref(id)
	if err != nil {
		return err
	}
	milli, kind := change.Date.UnixMilli(), string(change.Kind)
	if change.Supersedes() {
		_, err = t.exec("DELETE FROM transitions WHERE ref = ? AND date > ? AND track = ? AND coalesce(nullif(seq, 0), date) < ?",
			ref, milli, kind, change.Number())
		if err != nil {
			return err
		}
	}
	_, err = t.exec("INSERT INTO transitions (ref, date, track, was, now, seq) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		ref, milli, kind, change.From, change.To, change.Sequence)
	return err
}

// setStatusChangesExpired sets StatusChangesExpired unless it is later already. A date later than now becomes now.
func (s *Store) setStatusChangesExpired(ctx context.Context, from, now int64) error {
	return s.write(ctx, "expire status changes", func(t *tx) error {
		_, err := t.exec(`UPDATE meta SET changes_from = max(min(coalesce(changes_from, ?1), ?2), ?1)
			WHERE changes_from IS NOT max(min(coalesce(changes_from, ?1), ?2), ?1)`, from, now)
		return err
	})
}

// StatusChangesExpired returns the date before which status changes have expired.
func (s *Store) StatusChangesExpired(ctx context.Context) (time.Time, error) {
	return s.metaDate(ctx, "get the age of status changes", "SELECT changes_from FROM meta")
}

// metaDate returns a date in meta, zero if it is NULL.
func (s *Store) metaDate(ctx context.Context, operation, query string) (time.Time, error) {
	var at sql.NullInt64
	err := s.row(ctx, operation, query, nil, &at)
	if err != nil || !at.Valid {
		return time.Time{}, err
	}
	return date(at.Int64), nil
}

const selectStatusChanges = `SELECT date, track, was, now FROM transitions WHERE ref = (SELECT ref FROM refs WHERE monitor = ?)
	AND date >= ? AND date < ? ORDER BY date DESC, track DESC LIMIT ?`

// StatusChanges returns the status changes of a monitor, newest first.
func (s *Store) StatusChanges(ctx context.Context, monitorID string, from, to time.Time, limit int) ([]store.StatusChange, error) {
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	id, _ := rawID(monitorID)
	list := []store.StatusChange{}
	args := []any{id, ceilMilli(from), ceilMilli(to), limit}
	err := s.read(ctx, "list status changes", selectStatusChanges, args, func(rows *sql.Rows) error {
		change := store.StatusChange{MonitorID: hex.EncodeToString(id)}
		var milli int64
		err := rows.Scan(&milli, &change.Kind, &change.From, &change.To)
		change.Date = date(milli)
		list = append(list, change)
		return err
	})
	return list, err
}
