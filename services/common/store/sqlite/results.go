package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// The queries of results name their index, so that none of them scans or sorts the whole table.
const (
	resultColumns = `SELECT r.seq, r.id, r.date, r.status, r.value, coalesce(r.message, ''), f.monitor, l.name, l.target, s.names, r.outputs `
	resultJoins   = ` CROSS JOIN refs f ON f.ref = r.ref CROSS JOIN labels l ON l.label = r.label CROSS JOIN shapes s ON s.shape = r.shape `
	// f.monitor is NULL for a detached ref, whose results are deleted.
	resultFilter = ` AND r.date >= ? AND r.date < ? AND NOT (r.date = ? AND r.id >= ?) AND (? >> r.status) & 1 AND f.monitor IS NOT NULL`
	newestFirst  = ` ORDER BY r.date DESC, r.id DESC LIMIT ?`

	selectResultsSince = resultColumns + `FROM results r NOT INDEXED` + resultJoins +
		`WHERE r.seq > ? AND r.era = (SELECT era FROM meta) AND f.monitor IS NOT NULL ORDER BY r.seq LIMIT ?`
)

// Results returns the results that f selects, newest first.
func (s *Store) Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error) {
	query, args, err := resultQuery(f)
	if err != nil {
		return nil, err
	}
	list, _, err := s.results(ctx, query, args...)
	return list, err
}

// statusIndexes lists the statuses that have indexes of their own, and a part of the names of these.
var statusIndexes = [...]struct {
	status monitor.Status
	name   string
}{{monitor.StatusError, "error_"}, {monitor.StatusFailed, "failed_"}}

// resultQuery returns the query for f with its arguments. It reads from the index of each status that f selects, or from
// an index with all results if f selects OK ones.
func resultQuery(f store.ResultFilter) (string, []any, error) {
	filter, err := filterArgs(f)
	if err != nil {
		return "", nil, err
	}
	suffix, condition := "by_date", "r.era = (SELECT era FROM meta)"
	if f.MonitorID != "" {
		id, _ := rawID(f.MonitorID)
		filter = append([]any{id}, filter...)
		suffix, condition = "by_ref", "r.ref = (SELECT ref FROM refs WHERE monitor = ?)"
	}
	branch := func(index, condition string) string {
		return resultColumns + "FROM results r INDEXED BY results_" + index + suffix + resultJoins + "WHERE " + condition + resultFilter
	}
	if len(f.Statuses) == 0 || slices.Contains(f.Statuses, monitor.StatusOK) {
		return branch("", condition) + newestFirst, append(filter, f.Limit), nil
	}
	var branches []string
	var args []any
	for _, index := range statusIndexes {
		if slices.Contains(f.Statuses, index.status) {
			branches = append(branches, branch(index.name, fmt.Sprintf("%s AND r.status & 3 = %d", condition, index.status)))
			args = append(args, filter...)
		}
	}
	return strings.Join(branches, " UNION ALL ") + newestFirst, append(args, f.Limit), nil
}

// filterArgs returns the arguments of resultFilter.
func filterArgs(f store.ResultFilter) ([]any, error) {
	if f.Limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if !f.From.IsZero() {
		from = ceilMilli(f.From)
	}
	if !f.To.IsZero() {
		to = ceilMilli(f.To)
	}
	tie, tieID := int64(math.MinInt64), []byte{}
	if f.Before != nil {
		var err error
		if tieID, err = storableID("cursor", f.Before.ID); err != nil {
			return nil, err
		}
		tie = f.Before.Date.UnixMilli()
		to = min(to, tie+1)
	}
	return []any{from, to, tie, tieID, statusBits(f.Statuses)}, nil
}

// statusBits returns a bit mask of the status codes to select, see encodeStatus.
func statusBits(statuses []monitor.Status) int64 {
	if len(statuses) == 0 {
		return -1
	}
	var bits int64
	for _, status := range statuses {
		for reason := range ignoreReasons {
			bits |= 1 << uint(reason*statusSlots+int(status))
		}
	}
	return bits
}

// ResultsSince returns results in the order of storing. The cursor is the seq of the last returned result.
func (s *Store) ResultsSince(ctx context.Context, cursor string, limit int) ([]monitor.Result, string, error) {
	if cursor == "" {
		var last int64
		err := s.row(ctx, "find newest result", "SELECT coalesce(max(seq), 0) FROM results", nil, &last)
		return []monitor.Result{}, strconv.FormatInt(last, 10), err
	}
	after, err := strconv.ParseInt(cursor, 10, 64)
	switch {
	case err != nil:
		return nil, "", monitor.Invalidf("%q is not a valid cursor: use the one that the previous call returned", cursor)
	case limit <= 0:
		return nil, "", monitor.Invalidf("limit must be positive")
	}
	list, last, err := s.results(ctx, selectResultsSince, after, limit)
	if err != nil {
		return nil, "", err
	}
	return list, strconv.FormatInt(max(after, last), 10), nil
}

// results returns the results that a query selects, and the seq of the last one.
func (s *Store) results(ctx context.Context, query string, args ...any) (list []monitor.Result, last int64, err error) {
	list = []monitor.Result{}
	shapes := shapeNames{}
	err = s.read(ctx, "list results", query, args, func(rows *sql.Rows) error {
		var r monitor.Result
		var milli, code int64
		var id, monitorID, names, values []byte
		err := rows.Scan(&last, &id, &milli, &code, &r.Value, &r.Message, &monitorID, &r.MonitorName, &r.MonitorTarget, &names, &values)
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
	return list, last, err
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

// DeleteResults deletes all results, rollups and states, and all status changes except those of Enabled. It begins a
// new era and detaches all refs; status changes of Enabled move to a new ref of their monitor.
func (s *Store) DeleteResults(ctx context.Context, at time.Time) error {
	err := s.write(ctx, "delete all results", func(t *tx) error {
		t.clearCache()
		detached, err := t.detachAll()
		if err != nil {
			return err
		}
		for _, d := range detached {
			ref, err := t.ref(d.monitor)
			if err != nil {
				return err
			}
			if _, err := t.exec("UPDATE transitions SET ref = ? WHERE ref = ? AND track = 'enabled'", ref, d.ref); err != nil {
				return err
			}
		}
		for _, statement := range []string{"DELETE FROM states", "DELETE FROM dirty"} {
			if _, err := t.exec(statement); err != nil {
				return err
			}
		}
		_, err = t.exec("UPDATE meta SET era = era + 1, cleared = ?", at.UnixMilli())
		return err
	}, store.TopicResults, store.TopicMonitors)
	s.purgeSoon()
	return err
}

// detachedRef is a detached ref and the id of the monitor that it belonged to.
type detachedRef struct {
	ref     int64
	monitor []byte
}

// detachAll detaches all refs and returns those with status changes of Enabled.
func (t *tx) detachAll() ([]detachedRef, error) {
	var list []detachedRef
	err := t.each(`SELECT f.ref, f.monitor FROM refs f WHERE f.monitor IS NOT NULL
		AND EXISTS (SELECT 1 FROM transitions t WHERE t.ref = f.ref AND t.track = 'enabled')`, nil, func(rows *sql.Rows) error {
		var d detachedRef
		err := rows.Scan(&d.ref, &d.monitor)
		list = append(list, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = t.exec("UPDATE refs SET monitor = NULL")
	return list, err
}

// ResultsCleared returns the time of the last DeleteResults.
func (s *Store) ResultsCleared(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	err := s.row(ctx, "get time of last clearing", "SELECT cleared FROM meta", nil, &at)
	if err != nil || !at.Valid {
		return time.Time{}, err
	}
	return date(at.Int64), nil
}
