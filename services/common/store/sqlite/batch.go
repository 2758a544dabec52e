package sqlite

import (
	"context"
	"fmt"
	"math"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// resultRow is a result with its encoded columns. Encoding happens outside the writer, which is busy enough.
type resultRow struct {
	monitor.Result
	monitorID, id    []byte
	shape, values    []byte
	date, statusCode int64
}

func newResultRow(r monitor.Result) (row resultRow, err error) {
	row = resultRow{Result: r, date: r.Date.UnixMilli()}
	if row.id, err = storableID("result", r.ID); err != nil {
		return row, err
	}
	if row.monitorID, err = storableID("monitor", r.MonitorID); err != nil {
		return row, err
	}
	if row.statusCode, err = encodeStatus(r.Status, r.Ignored); err != nil {
		return row, fmt.Errorf("result %s: %w", r.ID, err)
	}
	if math.IsNaN(r.Value) {
		return row, monitor.Invalidf("value of result %s is not a number", r.ID)
	}
	if row.shape, row.values, err = encodeOutputs(r.Outputs); err != nil {
		return row, fmt.Errorf("result %s: %w", r.ID, err)
	}
	return row, nil
}

// batch is a [store.Batch] with its encoded columns, prepared outside the writer.
type batch struct {
	results       []resultRow
	states        []stateRow
	statusChanges []statusChangeRow
	pushStates    []pushStateRow
	donePings     [][]byte
}

func newBatch(b store.Batch) (*batch, error) {
	prepared := &batch{
		results:       make([]resultRow, len(b.Results)),
		states:        make([]stateRow, len(b.States)),
		statusChanges: make([]statusChangeRow, len(b.StatusChanges)),
	}
	var err error
	for i, r := range b.Results {
		if prepared.results[i], err = newResultRow(r); err != nil {
			return nil, err
		}
	}
	byID := make(map[string]*resultRow, len(b.Results))
	for i := range prepared.results {
		byID[b.Results[i].ID] = &prepared.results[i]
	}
	for i, state := range b.States {
		if prepared.states[i], err = newStateRow(state, byID[state.Latest.ID]); err != nil {
			return nil, err
		}
	}
	for i, change := range b.StatusChanges {
		id, err := storableID("monitor", change.MonitorID)
		if err != nil {
			return nil, err
		}
		prepared.statusChanges[i] = statusChangeRow{change, id}
	}
	return prepared, prepared.addPush(b)
}

// AppendBatch stores a batch in one transaction, and skips what is stored already.
func (s *Store) AppendBatch(ctx context.Context, b store.Batch) error {
	prepared, err := newBatch(b)
	if err != nil {
		return err
	}
	var topics []store.Topic
	if len(b.Results) > 0 {
		topics = append(topics, store.TopicResults)
	}
	return s.write(ctx, "append batch", func(t *tx) error { return t.append(prepared) }, topics...)
}

func (t *tx) append(b *batch) error {
	if err := t.appendResults(b.results); err != nil {
		return err
	}
	for _, change := range b.statusChanges {
		if err := t.logStatusChange(change.monitorID, change.StatusChange); err != nil {
			return err
		}
	}
	for _, state := range b.states {
		if err := t.putState(state); err != nil {
			return err
		}
	}
	return appendPush(t, b)
}

const insertResult = `INSERT INTO results (seq, ref, date, id, status, era, label, shape, value, message, outputs)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

// monitorHour identifies one hour of one monitor.
type monitorHour struct{ hour, ref int64 }

// appendResults stores the results that are not stored yet, except of deleted monitors, and marks their hours as dirty.
func (t *tx) appendResults(rows []resultRow) error {
	if len(rows) == 0 {
		return nil
	}
	era, err := t.number("SELECT era FROM meta")
	if err != nil {
		return err
	}
	tokens, sealed := make(map[monitorHour]int64), sealedHours{}
	for _, r := range rows {
		if deleted, err := isDeleted(t, r.monitorID); err != nil || deleted {
			if err != nil {
				return err
			}
			continue
		}
		ref, err := t.ref(r.monitorID)
		if err != nil {
			return err
		}
		hour := monitorHour{hourOf(r.date), ref}
		if stored, err := sealed.contain(t, hour, r); err != nil || stored {
			if err != nil {
				return err
			}
			continue
		}
		label, err := t.label(label{ref, r.MonitorName, r.MonitorTarget})
		if err != nil {
			return err
		}
		shape, err := t.shape(r.shape)
		if err != nil {
			return err
		}
		n, err := t.exec(insertResult, t.seq, ref, r.date, r.id, r.statusCode, era, label, shape, r.Value, nullable(r.Message), r.values)
		if err != nil {
			return err
		}
		if n > 0 {
			tokens[hour] = t.seq
			t.seq++
		}
	}
	return t.markDirty(tokens)
}

const markHour = `INSERT INTO dirty (hour, ref, token, marked) VALUES (?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET token = excluded.token, marked = excluded.marked`

// markDirty marks hours as dirty. The token of each is the seq of its newest result.
func (t *tx) markDirty(tokens map[monitorHour]int64) error {
	now := time.Now().UnixMilli()
	for h, token := range tokens {
		if _, err := t.exec(markHour, h.hour, h.ref, token, now); err != nil {
			return err
		}
	}
	return nil
}
