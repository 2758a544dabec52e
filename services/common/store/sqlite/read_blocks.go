package sqlite

import (
	"cmp"
	"database/sql"
	"encoding/hex"
	"errors"
	"maps"
	"slices"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store/sqlite/block"
)

// hit is a result in a block that may be one of the newest selected ones.
type hit struct {
	date, block int64
	position    int
}

// errEnough ends a query whose remaining rows are not needed.
var errEnough = errors.New("enough rows")

// newestSealed returns the selected results in blocks that may be among the newest. The rows found so far are sorted.
func (q *snapshot) newestSealed(s selection, rows []storedResult) ([]storedResult, error) {
	oldest := s.from
	if len(rows) == s.limit {
		oldest = max(oldest, rows[len(rows)-1].Date.UnixMilli())
	}
	hits, err := q.newestHits(s, oldest)
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	positions := make(map[int64][]int)
	for _, h := range hits {
		positions[h.block] = append(positions[h.block], h.position)
	}
	blocks := make([]int64, 0, len(positions))
	for block := range positions {
		blocks = append(blocks, block)
	}
	return q.decodeBlocks(blocks, func(b openBlock) ([]block.Row, error) {
		rows, err := b.head.DecodeRows(b.data, positions[b.block])
		return slices.DeleteFunc(rows, func(r block.Row) bool { return !s.contains(r.Date, r.ID[:]) }), err
	})
}

// newestHits returns the positions of the newest selected results in blocks that are not older than oldest: at least the
// limit of the selection, if there are so many.
func (q *snapshot) newestHits(s selection, oldest int64) (hits []hit, err error) {
	query, args := s.blockQuery(hourOf(oldest))
	hour, enough := int64(0), false
	err = q.each(query, args, func(rows *sql.Rows) error {
		var block, blockHour int64
		var monitorID []byte
		var encoded sql.RawBytes
		if err := rows.Scan(&block, &blockHour, &monitorID, &encoded); err != nil {
			return err
		}
		if blockHour != hour && enough {
			return errEnough
		}
		hour = blockHour
		head, err := decodeHead(encoded, monitorID, hour)
		if err != nil {
			return err
		}
		known := len(hits)
		for position, date := range head.Dates {
			if date >= oldest && s.mayContain(date, head.Statuses[position]) {
				hits = append(hits, hit{date, block, position})
			}
		}
		if len(hits) > known {
			hits, enough = newest(hits, s)
		}
		if enough {
			oldest = hits[len(hits)-1].date
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return hits, err
}

func decodeHead(encoded, monitorID []byte, hour int64) (block.Head, error) {
	head, err := block.DecodeHead(encoded)
	if err != nil {
		err = blockError(monitorID, hour, err)
	}
	return head, err
}

// newest returns the hits that may be among the newest results of a selection, and whether they are as many as its
// limit. Hits with the date of the cursor don't count, because their ids decide whether they are selected.
func newest(hits []hit, s selection) (_ []hit, enough bool) {
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(b.date, a.date) })
	first := slices.IndexFunc(hits, func(h hit) bool { return h.date != s.before })
	if first < 0 || len(hits)-first < s.limit {
		return hits, false
	}
	last := hits[first+s.limit-1].date
	if end := slices.IndexFunc(hits, func(h hit) bool { return h.date < last }); end >= 0 {
		hits = hits[:end]
	}
	return hits, true
}

// sealedSince returns results in blocks with a seq greater than after. It returns at least the first ones, up to the limit.
func (q *snapshot) sealedSince(after int64, limit int) (list []storedResult, err error) {
	var blocks, minSeqs []int64
	const query = "SELECT block, min_seq FROM blocks INDEXED BY blocks_by_seq WHERE max_seq > ? ORDER BY min_seq"
	err = q.each(query, []any{after}, func(rows *sql.Rows) error {
		var block, minSeq int64
		err := rows.Scan(&block, &minSeq)
		blocks, minSeqs = append(blocks, block), append(minSeqs, minSeq)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range blocks {
		if len(list) >= limit && list[limit-1].seq < minSeqs[i] {
			break
		}
		rows, err := q.decodeBlocks(blocks[i:i+1], func(b openBlock) ([]block.Row, error) {
			rows, err := b.head.Decode(b.data)
			return slices.DeleteFunc(rows, func(r block.Row) bool { return r.Seq <= after }), err
		})
		if err != nil {
			return nil, err
		}
		list = append(list, rows...)
		sortBySeq(list)
		list = list[:min(len(list), limit)]
	}
	return list, nil
}

// openBlock is a block of which rows are decoded.
type openBlock struct {
	block, hour int64
	monitor     []byte
	head        block.Head
	data        []byte
}

const selectBlocks = `SELECT b.block, b.hour, f.monitor, b.head, b.data FROM json_each(?) k
	CROSS JOIN blocks b ON b.block = k.value CROSS JOIN refs f ON f.ref = b.ref WHERE f.monitor IS NOT NULL`

// decodedBlock is a block with the rows that are needed.
type decodedBlock struct {
	openBlock
	rows []block.Row
}

// decodeBlocks returns the results that decode returns for each block, in no particular order.
func (q *snapshot) decodeBlocks(blocks []int64, decode func(openBlock) ([]block.Row, error)) (results []storedResult, err error) {
	var decoded []decodedBlock
	err = q.each(selectBlocks, []any{jsonList(blocks)}, func(rows *sql.Rows) error {
		var b decodedBlock
		var head, data sql.RawBytes
		err := rows.Scan(&b.block, &b.hour, &b.monitor, &head, &data)
		if err == nil {
			b.head, err = decodeHead(head, b.monitor, b.hour)
		}
		if err != nil {
			return err
		}
		b.data = data
		if b.rows, err = decode(b.openBlock); err != nil {
			return blockError(b.monitor, b.hour, err)
		}
		decoded = append(decoded, b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	names, err := q.namesOf(decoded)
	for i := 0; err == nil && i < len(decoded); i++ {
		results, err = names.appendResults(results, decoded[i])
	}
	return results, err
}

// blockNames holds the labels and the names of shapes for results in blocks.
type blockNames struct {
	labels map[int64]label
	shapes map[int64][]string
}

// namesOf returns the names that results in blocks need.
func (q *snapshot) namesOf(blocks []decodedBlock) (n blockNames, err error) {
	n = blockNames{labels: make(map[int64]label), shapes: make(map[int64][]string)}
	for _, b := range blocks {
		for _, r := range b.rows {
			n.labels[r.Label], n.shapes[r.Shape] = label{}, nil
		}
	}
	const labels = "SELECT l.label, l.ref, l.name, l.target FROM json_each(?) k CROSS JOIN labels l ON l.label = k.value"
	err = q.each(labels, []any{jsonList(slices.Collect(maps.Keys(n.labels)))}, func(rows *sql.Rows) error {
		var number int64
		var l label
		err := rows.Scan(&number, &l.ref, &l.name, &l.target)
		n.labels[number] = l
		return err
	})
	if err != nil {
		return n, err
	}
	const shapes = "SELECT s.shape, s.names FROM json_each(?) k CROSS JOIN shapes s ON s.shape = k.value"
	return n, q.each(shapes, []any{jsonList(slices.Collect(maps.Keys(n.shapes)))}, func(rows *sql.Rows) error {
		var number int64
		var encoded []byte
		if err := rows.Scan(&number, &encoded); err != nil {
			return err
		}
		names, err := decodeNames(encoded)
		n.shapes[number] = names
		return err
	})
}

// appendResults appends the results of a block to a list.
func (n blockNames) appendResults(to []storedResult, b decodedBlock) ([]storedResult, error) {
	for _, row := range b.rows {
		r, err := n.result(b.monitor, row)
		if err != nil {
			return nil, blockError(b.monitor, b.hour, err)
		}
		to = append(to, r)
	}
	return to, nil
}

// result returns the result of a row.
func (n blockNames) result(monitorID []byte, r block.Row) (result storedResult, err error) {
	l, names := n.labels[r.Label], n.shapes[r.Shape]
	if l.ref == 0 || len(names) != len(r.Outputs) {
		return result, errEncoding
	}
	result = storedResult{r.Seq, monitor.Result{
		ID: hex.EncodeToString(r.ID[:]), Date: date(r.Date), Value: r.Value, Message: r.Message,
		MonitorID: hex.EncodeToString(monitorID), MonitorName: l.name, MonitorTarget: l.target,
		Outputs: make(map[string]any, len(names)),
	}}
	for i, name := range names {
		result.Outputs[name] = r.Outputs[i]
	}
	result.Status, result.Ignored, err = decodeStatus(r.Status)
	return result, err
}
