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

// refsOf joins the refs of the monitors in a JSON array of ids. Each is joined once. CROSS JOIN makes SQLite read the
// tables in this order, so that it uses the indexes that begin with ref.
const refsOf = `(SELECT ref, monitor FROM refs WHERE monitor ` + inIDList + `) f CROSS JOIN `

const selectStatusChangesOf = `SELECT f.monitor, t.date, t.track, t.was, t.now FROM ` + refsOf + `transitions t
	ON t.ref = f.ref AND t.date >= ? AND t.date < ? ORDER BY t.date DESC, f.monitor, t.track DESC LIMIT ?`

// StatusChangesOf returns the status changes of several monitors, newest first.
func (s *Store) StatusChangesOf(
	ctx context.Context, monitorIDs []string, from, to time.Time, limit int,
) ([]store.StatusChange, error) {
	const name = "list status changes"
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	ids, err := json.Marshal(monitorIDs)
	if err != nil {
		return nil, describe(name, err)
	}
	list := []store.StatusChange{}
	args := []any{string(ids), ceilMilli(from), ceilMilli(to), limit}
	err = s.read(ctx, name, selectStatusChangesOf, args, func(rows *sql.Rows) error {
		var change store.StatusChange
		var id []byte
		var milli int64
		err := rows.Scan(&id, &milli, &change.Kind, &change.From, &change.To)
		change.MonitorID, change.Date = hex.EncodeToString(id), date(milli)
		list = append(list, change)
		return err
	})
	return list, err
}

// selectRollupsOf is [selectRollups] for several monitors. The rows of a monitor follow each other.
const selectRollupsOf = `WITH found AS (
		SELECT ref, monitor FROM refs WHERE monitor IN (SELECT unhex(value) FROM json_each(?1)))
	SELECT f.monitor, r.start, r.summary, FALSE, 0 FROM found f CROSS JOIN rollups r
		ON r.ref = f.ref AND r.period = ?2 AND r.start >= ?3 AND r.start < ?4
	UNION ALL
	SELECT f.monitor, s.start, s.summary, TRUE, (SELECT hours_from FROM meta) FROM found f CROSS JOIN summaries s
		ON s.ref = f.ref AND s.kind = ?5 AND s.start > ?3 / 3600000 - ?6 AND s.start < (?4 + 3599999) / 3600000
	ORDER BY 1`

// EachRollup calls each for the rollups of several monitors.
func (s *Store) EachRollup(
	ctx context.Context, monitorIDs []string, p store.Period, from, to time.Time, each func(store.Rollup),
) error {
	const name = "list rollups"
	ids, err := json.Marshal(monitorIDs)
	if err != nil {
		return describe(name, err)
	}
	kind, current := summaryKinds[p], ""
	found := foundRollups{period: p, from: ceilMilli(from), to: ceilMilli(to), summaries: make(map[int64][]byte)}
	pass := func() {
		for start, summary := range found.summaries {
			each(store.Rollup{MonitorID: current, Period: p, Start: date(start), Summary: summary})
		}
		clear(found.summaries)
	}
	args := []any{string(ids), string(p), found.from, found.to, kind.number, kind.hours}
	err = s.read(ctx, name, selectRollupsOf, args, func(rows *sql.Rows) error {
		var id, summary []byte
		var start, hoursFrom int64
		var isCurrent bool
		if err := rows.Scan(&id, &start, &summary, &isCurrent, &hoursFrom); err != nil {
			return err
		}
		if next := hex.EncodeToString(id); next != current {
			pass()
			current = next
		}
		return found.put(start, summary, isCurrent, hoursFrom)
	})
	pass()
	return err
}
