package sqlite

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// selection is a filter of results in the form of the database. Dates are in milliseconds.
type selection struct {
	monitor     []byte // nil if the id is not valid
	ofMonitor   bool
	statuses    []monitor.Status // empty: all
	from, to    int64
	dates       []int64 // sorted, in from and to; nil: all
	before      int64   // the date of the cursor; without a cursor, a date that no result has
	beforeID    []byte
	statusCodes int64 // a bit mask, see encodeStatus
	limit       int
}

func newSelection(f store.ResultFilter) (s selection, err error) {
	if f.Limit <= 0 {
		return s, monitor.Invalidf("limit must be positive")
	}
	s = selection{
		ofMonitor: f.MonitorID != "", statuses: f.Statuses, statusCodes: statusBits(f.Statuses), limit: f.Limit,
		from: math.MinInt64 + hourLength, to: math.MaxInt64, before: math.MinInt64, beforeID: []byte{},
	}
	s.monitor, _ = rawID(f.MonitorID)
	if !f.From.IsZero() {
		s.from = ceilMilli(f.From)
	}
	if !f.To.IsZero() {
		s.to = ceilMilli(f.To)
	}
	if f.Before != nil {
		if s.beforeID, err = storableID("cursor", f.Before.ID); err != nil {
			return s, err
		}
		s.before = f.Before.Date.UnixMilli()
		s.to = min(s.to, s.before+1)
	}
	if len(f.Dates) > 0 {
		s.dates = s.datesOf(f.Dates)
	}
	return s, nil
}

// datesOf returns the dates that are in the limits of the selection, sorted.
func (s selection) datesOf(dates []time.Time) []int64 {
	list := make([]int64, 0, len(dates))
	for _, date := range dates {
		if milli := date.UnixMilli(); milli >= s.from && milli < s.to {
			list = append(list, milli)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
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

// mayContain reports whether the selection contains a result with this date and status code, apart from its id.
func (s selection) mayContain(date, code int64) bool {
	return date >= s.from && date < s.to && s.statusCodes>>code&1 == 1 && s.hasDate(date)
}

func (s selection) hasDate(date int64) bool {
	if s.dates == nil {
		return true
	}
	_, found := slices.BinarySearch(s.dates, date)
	return found
}

// contains reports whether the selection contains a result for which mayContain is true.
func (s selection) contains(date int64, id []byte) bool {
	return date != s.before || bytes.Compare(id, s.beforeID) < 0
}

// statusIndexes lists the statuses that have indexes of their own, and a part of the names of these.
var statusIndexes = [...]struct {
	status monitor.Status
	name   string
}{{monitor.StatusOK, "ok_"}, {monitor.StatusError, "error_"}, {monitor.StatusFailed, "failed_"}}

const (
	resultFilter = ` AND NOT (r.date = ? AND r.id >= ?) AND (? >> r.status) & 1 AND f.monitor IS NOT NULL`
	inList       = " IN (SELECT value FROM json_each(?))"

	currentEra   = "%s.era = (SELECT era FROM meta)"
	refOfMonitor = "%s.ref = (SELECT ref FROM refs WHERE monitor = ?)"
)

// rowQuery returns the query for the newest selected rows, with its arguments. It names its index, so that it does not
// scan or sort the whole table: an index of each selected status, or one with all rows if OK ones are selected.
func (s selection) rowQuery() (string, []any) {
	dates, filter := " AND r.date >= ? AND r.date < ?", []any{s.from, s.to}
	if s.dates != nil {
		dates, filter = " AND r.date"+inList, []any{jsonList(s.dates)}
	}
	filter = append(filter, s.before, s.beforeID, s.statusCodes)
	suffix, condition := "by_date", fmt.Sprintf(currentEra, "r")
	if s.ofMonitor {
		suffix, condition = "by_ref", fmt.Sprintf(refOfMonitor, "r")
		filter = append([]any{s.monitor}, filter...)
	}
	branch := func(index, condition string) string {
		return resultColumns + "FROM results r INDEXED BY results_" + index + suffix + resultJoins + "WHERE " + condition + dates + resultFilter
	}
	const newestFirst = " ORDER BY r.date DESC, r.id DESC LIMIT ?"
	var branches []string
	var args []any
	for _, index := range statusIndexes {
		if slices.Contains(s.statuses, index.status) {
			branches = append(branches, branch(index.name, fmt.Sprintf("%s AND r.status & 3 = %d", condition, index.status)))
			args = append(args, filter...)
		}
	}
	if len(branches) == 0 || slices.Contains(s.statuses, monitor.StatusOK) {
		return branch("", condition) + newestFirst, append(filter, s.limit)
	}
	return strings.Join(branches, " UNION ALL ") + newestFirst, append(args, s.limit)
}

// blockQuery returns the query for the blocks from hour oldest on that may contain selected results, newest hour first,
// with its arguments. Like rowQuery, it reads from an index of each selected status if not all blocks are searched.
func (s selection) blockQuery(oldest int64) (string, []any) {
	hours, filter := " AND b.hour >= ? AND b.hour < ?", []any{oldest, s.to}
	if s.dates != nil {
		hours, filter = " AND b.hour"+inList, []any{jsonList(s.hoursFrom(oldest))}
	}
	filter = append(filter, s.statusCodes)
	const selectBlocks = "SELECT b.block, b.hour, f.monitor, b.head FROM blocks b INDEXED BY blocks_"
	rest := hours + " AND b.statuses & ? AND f.monitor IS NOT NULL"
	const newestFirst = " ORDER BY b.hour DESC"
	const join = " CROSS JOIN refs f ON f.ref = b.ref WHERE "
	if s.ofMonitor {
		return selectBlocks + "by_ref" + join + fmt.Sprintf(refOfMonitor, "b") + rest + newestFirst, append([]any{s.monitor}, filter...)
	}
	condition := fmt.Sprintf(currentEra, "b")
	all := selectBlocks + "by_date" + join + condition + rest + newestFirst
	var branches []string
	var args []any
	for _, index := range statusIndexes {
		if slices.Contains(s.statuses, index.status) {
			mask := statusBits([]monitor.Status{index.status})
			branches = append(branches, selectBlocks+index.name+"by_date"+join+condition+fmt.Sprintf(" AND b.statuses & %#x", mask)+rest)
			condition += fmt.Sprintf(" AND NOT b.statuses & %#x", mask) // no block twice
			args = append(args, filter...)
		}
	}
	if len(branches) == 0 {
		return all, filter
	}
	return strings.Join(branches, " UNION ALL ") + newestFirst, args
}

// hoursFrom returns the hours of the dates, from oldest on.
func (s selection) hoursFrom(oldest int64) []int64 {
	hours := []int64{}
	for _, date := range s.dates {
		if hour := hourOf(date); hour >= oldest {
			hours = append(hours, hour)
		}
	}
	return slices.Compact(hours)
}
