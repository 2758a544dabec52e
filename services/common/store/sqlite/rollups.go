package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// summaryKind is the kind of a row in table summaries.
type summaryKind struct {
	number int
	// hours is the number of hours in a row.
	hours int64
}

// hoursPerRow is the number of hourly rollups in a row. Their series takes some hundred bytes; a row of more than a
// thousand would need a page of its own.
const hoursPerRow = 12

// summaryKinds are the kinds of rows by period. A row of several hours contains a series with the rollup of each hour.
var summaryKinds = map[store.Period]summaryKind{store.Minutes: {1, 1}, store.Hour: {2, hoursPerRow}, store.Day: {3, 24}}

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
			if err := putRollup(t, ids[i], r); err != nil {
				return err
			}
		}
		return nil
	})
}

func putRollup(t *tx, id []byte, r store.Rollup) error {
	if deleted, err := isDeleted(t, id); err != nil || deleted {
		return err
	}
	ref, err := t.ref(id)
	if err != nil {
		return err
	}
	start, summary := hourNumber(r.Start.UnixMilli()), append([]byte{}, r.Summary...)
	if r.Period == store.Hour {
		part := int(start % hoursPerRow)
		start -= int64(part)
		hours, err := storedHours(t, ref, start)
		if err != nil {
			return err
		}
		hours = append(hours, make([][]byte, max(0, part+1-len(hours)))...)
		hours[part] = summary
		summary = rollup.EncodeSeries(hours)
		// The day is computed from its hours before they expire.
		if _, err := t.exec("UPDATE meta SET hours_from = ?1 WHERE hours_from > ?1", r.Start.UnixMilli()); err != nil {
			return err
		}
	}
	_, err = t.exec(`INSERT INTO summaries (ref, kind, start, summary) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET summary = excluded.summary`, ref, summaryKinds[r.Period].number, start, summary)
	return err
}

// storedHours returns the series in a row of hours; nil if there is no row or it is damaged, because nobody can read it.
func storedHours(t *tx, ref, start int64) ([][]byte, error) {
	var row []byte
	err := t.each("SELECT summary FROM summaries WHERE ref = ? AND kind = ? AND start = ?",
		[]any{ref, summaryKinds[store.Hour].number, start}, func(rows *sql.Rows) error { return rows.Scan(&row) })
	if err != nil {
		return nil, err
	}
	hours, err := rollup.DecodeSeries(row, hoursPerRow)
	if err != nil {
		return nil, nil
	}
	return hours, nil
}

// hourNumber returns the hour of a time in milliseconds, which is not before 1970.
func hourNumber(milli int64) int64 { return milli / time.Hour.Milliseconds() }

// selectRollups selects the rollups of earlier versions and then the others, which replace them.
const selectRollups = `WITH found AS (SELECT ref FROM refs WHERE monitor = ?1)
	SELECT start, summary, FALSE, 0 FROM rollups
		WHERE ref = (SELECT ref FROM found) AND period = ?2 AND start >= ?3 AND start < ?4
	UNION ALL
	SELECT start, summary, TRUE, (SELECT hours_from FROM meta) FROM summaries
		WHERE ref = (SELECT ref FROM found) AND kind = ?5 AND start > ?3 / 3600000 - ?6 AND start < (?4 + 3599999) / 3600000`

// Rollups returns the rollups of a monitor, oldest first.
func (s *Store) Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) ([]store.Rollup, error) {
	id, _ := rawID(monitorID)
	kind := summaryKinds[p]
	found := foundRollups{period: p, from: ceilMilli(from), to: ceilMilli(to), summaries: make(map[int64][]byte)}
	args := []any{id, string(p), found.from, found.to, kind.number, kind.hours}
	err := s.read(ctx, "list rollups", selectRollups, args, found.add)
	list := make([]store.Rollup, 0, len(found.summaries))
	for start, summary := range found.summaries {
		list = append(list, store.Rollup{MonitorID: hex.EncodeToString(id), Period: p, Start: date(start), Summary: summary})
	}
	slices.SortFunc(list, func(a, b store.Rollup) int { return a.Start.Compare(b.Start) })
	return list, err
}

// foundRollups collects the rollups with from <= start < to, in milliseconds.
type foundRollups struct {
	period   store.Period
	from, to int64
	// summaries holds them by start.
	summaries map[int64][]byte
}

// add adds the rollups in a row of selectRollups.
func (f *foundRollups) add(rows *sql.Rows) error {
	var start, hoursFrom int64
	var summary []byte
	var isCurrent bool
	if err := rows.Scan(&start, &summary, &isCurrent, &hoursFrom); err != nil {
		return err
	}
	return f.put(start, summary, isCurrent, hoursFrom)
}

// put adds the rollups in the columns of a row of selectRollups.
func (f *foundRollups) put(start int64, summary []byte, isCurrent bool, hoursFrom int64) error {
	if !isCurrent {
		if f.summaries[start] == nil {
			f.summaries[start] = summary
		}
		return nil
	}
	parts, from := [][]byte{summary}, f.from
	if f.period == store.Hour {
		var err error
		if parts, err = rollup.DecodeSeries(summary, hoursPerRow); err != nil {
			return errEncoding
		}
		from = max(from, hoursFrom)
	}
	for i, part := range parts {
		at := (start + int64(i)) * time.Hour.Milliseconds()
		if part != nil && at >= from && at < f.to {
			f.summaries[at] = part
		}
	}
	return nil
}

// expireRollups deletes expired rollups. A row of hours is deleted when all of them have expired; until then
// [Store.Rollups] ignores expired ones.
func (s *Store) expireRollups(ctx context.Context, now time.Time, keep store.Retention) error {
	hours := now.Add(-keep.Age(store.Hour)).UnixMilli()
	err := s.write(ctx, "expire hours", func(t *tx) error {
		_, err := t.exec("UPDATE meta SET hours_from = ?1 WHERE hours_from <> ?1", hours)
		return err
	})
	if err != nil {
		return err
	}
	for p, kind := range summaryKinds {
		before := now.Add(-keep.Age(p)).UnixMilli()
		if err := s.expirePeriod(ctx, p, kind, before); err != nil {
			return err
		}
	}
	return nil
}

// expirePeriod deletes the rollups of a period that start before a time in milliseconds.
func (s *Store) expirePeriod(ctx context.Context, p store.Period, kind summaryKind, before int64) error {
	old := "DELETE FROM rollups WHERE rowid IN (SELECT rowid FROM rollups WHERE period = '" + string(p) + "' AND start < ? LIMIT ?)"
	if _, err := s.deleteInSteps(ctx, old, before); err != nil {
		return err
	}
	first := hourNumber(before + time.Hour.Milliseconds() - 1) // the first hour that is kept
	if p == store.Hour {
		first -= kind.hours - 1
	}
	current := fmt.Sprintf(`DELETE FROM summaries WHERE (ref, kind, start) IN
		(SELECT ref, kind, start FROM summaries WHERE kind = %d AND start < ? LIMIT ?)`, kind.number)
	_, err := s.deleteInSteps(ctx, current, first)
	return err
}
