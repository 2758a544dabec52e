package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"slices"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// hoursOfDay is the period of a row with the rollups of the hours of a day. Its summary is their series.
const hoursOfDay = "hours"

// PutRollups stores rollups and replaces existing ones.
func (s *Store) PutRollups(ctx context.Context, rs []store.Rollup) error {
	ids := make([][]byte, len(rs))
	for i, r := range rs {
		var err error
		if ids[i], err = storableID("monitor", r.MonitorID); err != nil {
			return err
		}
	}
	return s.write(ctx, "put rollups", func(t *tx) error {
		for i, r := range rs {
			ref, err := t.ref(ids[i])
			if err == nil {
				err = t.putRollup(ref, r)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) putRollup(ref int64, r store.Rollup) error {
	if r.Period == store.Hour {
		return t.putHour(ref, r)
	}
	return t.putSummary(ref, string(r.Period), r.Start, append([]byte{}, r.Summary...))
}

// putHour stores the rollup of an hour in the row of its day. One row of a day takes less than half the space of 24.
func (t *tx) putHour(ref int64, r store.Rollup) error {
	day := r.Start.Truncate(store.Day.Length())
	hour := int(r.Start.Sub(day) / store.Hour.Length())
	var row []byte
	err := t.each("SELECT summary FROM rollups WHERE ref = ? AND period = ? AND start = ?",
		[]any{ref, hoursOfDay, day.UnixMilli()}, func(rows *sql.Rows) error { return rows.Scan(&row) })
	if err != nil {
		return err
	}
	hours, err := rollup.DecodeSeries(row, 24)
	if err != nil {
		hours = nil // Nobody can read a damaged row.
	}
	hours = append(hours, make([][]byte, max(0, hour+1-len(hours)))...)
	hours[hour] = r.Summary
	return t.putSummary(ref, hoursOfDay, day, rollup.EncodeSeries(hours))
}

func (t *tx) putSummary(ref int64, period string, start time.Time, summary []byte) error {
	_, err := t.exec(`INSERT INTO rollups (ref, period, start, summary) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET summary = excluded.summary`, ref, period, start.UnixMilli(), summary)
	return err
}

const selectRollups = `SELECT start, summary FROM rollups WHERE ref = (SELECT ref FROM refs WHERE monitor = ?)
	AND period = ? AND start >= ? AND start < ? ORDER BY start`

// Rollups returns the rollups of a monitor, oldest first.
func (s *Store) Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) ([]store.Rollup, error) {
	id, _ := rawID(monitorID)
	if p == store.Hour {
		return s.hours(ctx, id, from, to)
	}
	list := []store.Rollup{}
	args := []any{id, string(p), ceilMilli(from), ceilMilli(to)}
	err := s.read(ctx, "list rollups", selectRollups, args, func(rows *sql.Rows) error {
		r := store.Rollup{MonitorID: hex.EncodeToString(id), Period: p}
		var start int64
		err := rows.Scan(&start, &r.Summary)
		r.Start = date(start)
		list = append(list, r)
		return err
	})
	return list, err
}

// selectHours selects the rows of hours and then those of days that may contain hours of a range. The hours of a day
// replace the others, which are older.
const selectHours = `WITH found AS (SELECT ref FROM refs WHERE monitor = ?1)
	SELECT start, summary, FALSE, (SELECT hours_from FROM meta) FROM rollups
		WHERE ref = (SELECT ref FROM found) AND period = 'hour' AND start >= ?2 AND start < ?3
	UNION ALL
	SELECT start, summary, TRUE, (SELECT hours_from FROM meta) FROM rollups
		WHERE ref = (SELECT ref FROM found) AND period = 'hours' AND start > ?2 - 86400000 AND start < ?3`

// hours returns the hourly rollups of a monitor.
func (s *Store) hours(ctx context.Context, id []byte, from, to time.Time) ([]store.Rollup, error) {
	found := make(map[int64][]byte)
	err := s.read(ctx, "list rollups", selectHours, []any{id, ceilMilli(from), ceilMilli(to)}, func(rows *sql.Rows) error {
		var start, hoursFrom int64
		var summary []byte
		var isDay bool
		err := rows.Scan(&start, &summary, &isDay, &hoursFrom)
		if err == nil && isDay {
			return addHours(found, start, max(hoursFrom, ceilMilli(from)), ceilMilli(to), summary)
		}
		if _, newer := found[start]; !newer {
			found[start] = summary
		}
		return err
	})
	list := make([]store.Rollup, 0, len(found))
	for start, summary := range found {
		list = append(list, store.Rollup{MonitorID: hex.EncodeToString(id), Period: store.Hour, Start: date(start), Summary: summary})
	}
	slices.SortFunc(list, func(a, b store.Rollup) int { return a.Start.Compare(b.Start) })
	return list, err
}

// addHours adds the hours in the row of a day that start at from or later and before to.
func addHours(found map[int64][]byte, day, from, to int64, row []byte) error {
	hours, err := rollup.DecodeSeries(row, 24)
	if err != nil {
		return errEncoding
	}
	for i, summary := range hours {
		start := day + int64(i)*store.Hour.Length().Milliseconds()
		if summary != nil && start >= from && start < to {
			found[start] = summary
		}
	}
	return nil
}

// expireRollups deletes expired rollups. The row of a day is deleted when all its hours have expired; until then
// [Store.Rollups] ignores expired ones.
func (s *Store) expireRollups(ctx context.Context, now time.Time, keep store.Retention) error {
	hours := now.Add(-keep.Age(store.Hour))
	err := s.write(ctx, "expire hours", func(t *tx) error {
		_, err := t.exec("UPDATE meta SET hours_from = ?1 WHERE hours_from <> ?1", hours.UnixMilli())
		return err
	})
	if err != nil {
		return err
	}
	for period, before := range map[string]time.Time{
		string(store.Minutes): now.Add(-keep.Age(store.Minutes)),
		string(store.Hour):    hours,
		hoursOfDay:            hours.Add(store.Hour.Length() - store.Day.Length()),
		string(store.Day):     now.Add(-keep.Age(store.Day)),
	} {
		statement := "DELETE FROM rollups WHERE rowid IN (SELECT rowid FROM rollups WHERE period = '" + period + "' AND start < ? LIMIT ?)"
		if _, err := s.deleteInSteps(ctx, statement, before.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}
