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

const selectStatusChangesOf = `SELECT f.monitor, t.date, t.track, t.was, t.now FROM ` + refsOf + `transitions t ON t.ref = f.ref
	AND t.date >= ? AND t.date < ? ORDER BY t.date DESC, f.monitor, t.track DESC LIMIT ?`

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

const selectRollupsOf = `SELECT f.monitor, r.start, r.summary FROM ` + refsOf + `rollups r ON r.ref = f.ref
	AND r.period = ? AND r.start >= ? AND r.start < ?`

// EachRollup calls each for the rollups of several monitors.
func (s *Store) EachRollup(
	ctx context.Context, monitorIDs []string, p store.Period, from, to time.Time, each func(store.Rollup),
) error {
	const name = "list rollups"
	ids, err := json.Marshal(monitorIDs)
	if err != nil {
		return describe(name, err)
	}
	if p == store.Hour {
		return s.eachHour(ctx, string(ids), from, to, each)
	}
	args := []any{string(ids), string(p), ceilMilli(from), ceilMilli(to)}
	return s.read(ctx, name, selectRollupsOf, args, func(rows *sql.Rows) error {
		r := store.Rollup{Period: p}
		var id []byte
		var start int64
		if err := rows.Scan(&id, &start, &r.Summary); err != nil {
			return err
		}
		r.MonitorID, r.Start = hex.EncodeToString(id), date(start)
		each(r)
		return nil
	})
}

// selectHoursOf is [selectHours] for several monitors. The rows of a day follow each other.
const selectHoursOf = `SELECT f.monitor, r.start, r.summary, r.period = 'hours', (SELECT hours_from FROM meta) FROM ` + refsOf + `rollups r
	ON r.ref = f.ref AND r.period IN ('hour', 'hours') AND r.start > ?2 - 86400000 AND r.start < ?3
	ORDER BY f.ref, r.start / 86400000, r.period`

// hoursOf contains the hourly rollups of a monitor and a day by their start.
type hoursOf struct {
	monitorID string
	day       int64
	summaries map[int64][]byte
}

func (s *Store) eachHour(ctx context.Context, ids string, from, to time.Time, each func(store.Rollup)) error {
	first, end := ceilMilli(from), ceilMilli(to)
	var hours hoursOf
	err := s.read(ctx, "list rollups", selectHoursOf, []any{ids, first, end}, func(rows *sql.Rows) error {
		var start, hoursFrom int64
		var id, summary []byte
		var isDay bool
		if err := rows.Scan(&id, &start, &summary, &isDay, &hoursFrom); err != nil {
			return err
		}
		next := hoursOf{hex.EncodeToString(id), start / store.Day.Length().Milliseconds(), make(map[int64][]byte)}
		if next.monitorID != hours.monitorID || next.day != hours.day {
			hours.pass(each)
			hours = next
		}
		if isDay {
			return addHours(hours.summaries, start, max(hoursFrom, first), end, summary)
		}
		if start >= first {
			hours.summaries[start] = summary
		}
		return nil
	})
	hours.pass(each)
	return err
}

// pass calls each for the rollups.
func (h hoursOf) pass(each func(store.Rollup)) {
	for start, summary := range h.summaries {
		each(store.Rollup{MonitorID: h.monitorID, Period: store.Hour, Start: date(start), Summary: summary})
	}
}
