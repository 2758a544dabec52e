package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	resultColumns = `SELECT r.seq, r.id, r.date, r.status, r.value, coalesce(r.message, ''), f.monitor, l.name, l.target, s.names, r.outputs `
	resultJoins   = ` CROSS JOIN refs f ON f.ref = r.ref CROSS JOIN labels l ON l.label = r.label CROSS JOIN shapes s ON s.shape = r.shape `

	// f.monitor is NULL for a detached ref, whose results are deleted.
	selectResultsSince = resultColumns + `FROM results r NOT INDEXED` + resultJoins +
		`WHERE r.seq > ? AND r.era = (SELECT era FROM meta) AND f.monitor IS NOT NULL ORDER BY r.seq LIMIT ?`

	selectNewestSeq = "SELECT max(coalesce((SELECT max(seq) FROM results), 0), seq - 1) FROM meta"
)

// storedResult is a result with the number that orders results in the order of storing.
type storedResult struct {
	seq int64
	monitor.Result
}

// Results returns the results that f selects, newest first. They are in rows, in blocks, or both.
func (s *Store) Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error) {
	selected, err := newSelection(f)
	if err != nil {
		return nil, err
	}
	var found []storedResult
	err = s.snapshot(ctx, "list results", func(q *snapshot) error {
		query, args := selected.rowQuery()
		found, err = q.results(query, args)
		if err != nil {
			return err
		}
		sealed, err := q.newestSealed(selected, found)
		found = append(found, sealed...)
		return err
	})
	slices.SortFunc(found, func(a, b storedResult) int {
		return cmp.Or(b.Date.Compare(a.Date), strings.Compare(b.ID, a.ID), cmp.Compare(a.seq, b.seq))
	})
	list, _ := distinct(found, f.Limit)
	return list, err
}

// ResultsSince returns results in the order of storing. The cursor is the seq of the last returned result.
func (s *Store) ResultsSince(ctx context.Context, cursor string, limit int) ([]monitor.Result, string, error) {
	if cursor == "" {
		var last int64
		err := s.row(ctx, "find newest result", selectNewestSeq, nil, &last)
		return []monitor.Result{}, strconv.FormatInt(last, 10), err
	}
	after, err := strconv.ParseInt(cursor, 10, 64)
	switch {
	case err != nil:
		return nil, "", monitor.Invalidf("%q is not a valid cursor: use the one that the previous call returned", cursor)
	case limit <= 0:
		return nil, "", monitor.Invalidf("limit must be positive")
	}
	var found []storedResult
	err = s.snapshot(ctx, "list results", func(q *snapshot) error {
		sealed, err := q.sealedSince(after, limit)
		if err != nil {
			return err
		}
		found, err = q.results(selectResultsSince, []any{after, limit})
		found = append(found, sealed...)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	sortBySeq(found)
	list, last := distinct(found, limit)
	return list, strconv.FormatInt(max(after, last), 10), nil
}

func sortBySeq(list []storedResult) {
	slices.SortFunc(list, func(a, b storedResult) int { return cmp.Compare(a.seq, b.seq) })
}

// distinct returns up to limit results without the duplicates, which are neighbors, and the seq of the last one.
func distinct(sorted []storedResult, limit int) (list []monitor.Result, last int64) {
	list = []monitor.Result{}
	for _, r := range sorted {
		if len(list) == limit {
			break
		}
		if len(list) == 0 || r.seq != last {
			list, last = append(list, r.Result), r.seq
		}
	}
	return list, last
}

// results returns the results that a query selects.
func (q *snapshot) results(query string, args []any) (list []storedResult, err error) {
	shapes := shapeNames{}
	err = q.each(query, args, func(rows *sql.Rows) error {
		var r storedResult
		var milli, code int64
		var id, monitorID, names, values []byte
		err := rows.Scan(&r.seq, &id, &milli, &code, &r.Value, &r.Message, &monitorID, &r.MonitorName, &r.MonitorTarget, &names, &values)
		if err != nil {
			return err
		}
		r.ID, r.MonitorID, r.Date = hex.EncodeToString(id), hex.EncodeToString(monitorID), date(milli)
		if r.Status, r.Ignored, err = decodeStatus(code); err != nil {
			return err
		}
		r.Outputs, err = shapes.decode(names, values)
		list = append(list, r)
		return err
	})
	return list, err
}

// shapeNames caches the decoded names of shapes, by their encoded form, during one call.
type shapeNames map[string][]string

func (s shapeNames) decode(shape, values []byte) (map[string]any, error) {
	names, cached := s[string(shape)]
	if !cached {
		var err error
		if names, err = decodeNames(shape); err != nil {
			return nil, err
		}
		s[string(shape)] = names
	}
	return decodeOutputs(names, values)
}
