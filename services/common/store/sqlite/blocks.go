package sqlite

import (
	"bytes"
	"cmp"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"nanomon/services/common/store/sqlite/block"
)

// hourLength is the length of an hour in milliseconds.
const hourLength = int64(time.Hour / time.Millisecond)

// hourOf returns the start of the hour of a date, both in milliseconds.
func hourOf(date int64) int64 {
	hour := date - date%hourLength
	if hour > date {
		hour -= hourLength
	}
	return hour
}

// sealedBlock is a block with the columns that select it.
type sealedBlock struct {
	ref, hour int64
	// replaces is the block that this one replaces, 0 if there is none, and replacesSeq is the maximum seq in it.
	replaces, replacesSeq  int64
	size                   int
	minSeq, maxSeq, status int64
	head, data             []byte
}

// newBlock encodes rows of a ref and an hour.
func newBlock(ref, hour int64, rows []block.Row) (b sealedBlock, err error) {
	slices.SortFunc(rows, func(a, b block.Row) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), bytes.Compare(a.ID[:], b.ID[:]))
	})
	b = sealedBlock{ref: ref, hour: hour, size: len(rows), minSeq: rows[0].Seq, maxSeq: rows[0].Seq}
	for _, r := range rows {
		b.minSeq, b.maxSeq, b.status = min(b.minSeq, r.Seq), max(b.maxSeq, r.Seq), b.status|1<<r.Status
	}
	b.head, b.data, err = block.Encode(rows)
	return b, err
}

const (
	// insertBlock inserts nothing if the results have been deleted since they were read: a seq never returns.
	insertBlock = `INSERT INTO blocks (ref, hour, era, size, min_seq, max_seq, statuses, head, data)
		SELECT r.ref, ?, r.era, ?, ?, r.seq, ?, ?, ? FROM results r CROSS JOIN refs f ON f.ref = r.ref
		WHERE r.seq = ? AND f.monitor IS NOT NULL AND NOT EXISTS (SELECT 1 FROM blocks WHERE ref = ? AND hour = ?)`

	replaceBlock = `UPDATE blocks SET size = ?, min_seq = ?, max_seq = ?, statuses = ?, head = ?, data = ? WHERE block = ? AND max_seq = ?`
)

// putBlocks stores blocks whose results are still there. From then on the rows of these results are superfluous.
func putBlocks(t *tx, blocks []sealedBlock) (err error) {
	for _, b := range blocks {
		if b.replaces > 0 {
			_, err = t.exec(replaceBlock, b.size, b.minSeq, b.maxSeq, b.status, b.head, b.data, b.replaces, b.replacesSeq)
		} else {
			_, err = t.exec(insertBlock, b.hour, b.size, b.minSeq, b.status, b.head, b.data, b.maxSeq, b.ref, b.hour)
		}
		if err != nil {
			return err
		}
		t.newestBlock = max(t.newestBlock, b.hour)
	}
	return nil
}

// deleteSealed deletes rows from a date up to another one that are in blocks. They are neighbors in the file, because
// their order is that of their dates.
const deleteSealed = `DELETE FROM results WHERE seq IN (SELECT r.seq FROM results r INDEXED BY results_by_date
	CROSS JOIN blocks b INDEXED BY blocks_by_ref ON b.ref = r.ref AND b.hour = r.date - r.date % 3600000
	WHERE r.era = (SELECT era FROM meta) AND r.date >= ?
		AND r.date < min(?, (SELECT max(hour) + 3600000 FROM blocks WHERE era = (SELECT era FROM meta)))
		AND r.seq <= b.max_seq LIMIT ?)`

// sealedHours holds the blocks to which late results were compared during one operation; nil for an hour without a block.
type sealedHours map[monitorHour]*lateBlock

type lateBlock struct {
	head block.Head
	data []byte
	rows []block.Row // decoded if necessary
}

// contain reports whether a result is in the block of its hour.
func (s sealedHours) contain(t *tx, hour monitorHour, r resultRow) (bool, error) {
	if hour.hour > t.newestBlock {
		return false, nil
	}
	b, known := s[hour]
	if !known {
		var err error
		if b, err = newLateBlock(t, hour); err != nil {
			return false, err
		}
		s[hour] = b
	}
	return b != nil && b.contains(r), nil
}

// newLateBlock returns the block of an hour, nil if there is none or it is damaged: storing goes on beside a damaged block.
func newLateBlock(t *tx, hour monitorHour) (b *lateBlock, err error) {
	const query = "SELECT head, data FROM blocks WHERE ref = ? AND hour = ?"
	err = t.each(query, []any{hour.ref, hour.hour}, func(rows *sql.Rows) error {
		var head, data []byte
		if err := rows.Scan(&head, &data); err != nil {
			return err
		}
		if h, err := block.DecodeHead(head); err == nil {
			b = &lateBlock{head: h, data: data}
		}
		return nil
	})
	return b, err
}

func (b *lateBlock) contains(r resultRow) bool {
	if !slices.Contains(b.head.Dates, r.date) {
		return false
	}
	if b.rows == nil {
		b.rows, _ = b.head.Decode(b.data)
	}
	return slices.ContainsFunc(b.rows, func(stored block.Row) bool {
		return stored.Date == r.date && stored.Status == r.statusCode && bytes.Equal(stored.ID[:], r.id)
	})
}

// blockError adds the monitor and the hour to an error about their block.
func blockError(monitor []byte, hour int64, err error) error {
	return fmt.Errorf("results of monitor %x from %s: %w", monitor, date(hour).Format(time.RFC3339), err)
}
