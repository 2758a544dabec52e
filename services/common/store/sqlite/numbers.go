package sqlite

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"nanomon/services/common/store"
)

// decodeStep is the number of blocks whose bytes are in memory at the same time.
const decodeStep = 32

const (
	selectBlocksOfMonitor = `SELECT b.block, b.hour, b.size, b.head FROM blocks b INDEXED BY blocks_by_ref
		WHERE b.ref = (SELECT ref FROM refs WHERE monitor = ?) AND b.hour > ? AND b.hour < ? ORDER BY b.hour DESC`

	// rowsOfMonitor selects the rows of a monitor whose results are not in a block, too.
	rowsOfMonitor = ` WHERE r.ref = (SELECT ref FROM refs WHERE monitor = ?) AND r.date >= ? AND r.date < ? AND NOT EXISTS
		(SELECT 1 FROM blocks b INDEXED BY blocks_by_ref
			WHERE b.ref = r.ref AND b.hour = r.date - r.date % 3600000 AND b.max_seq >= r.seq)`

	selectNumbers = `SELECT r.date, s.names, r.outputs FROM results r INDEXED BY results_by_ref
		CROSS JOIN shapes s ON s.shape = r.shape` + rowsOfMonitor + ` ORDER BY r.date DESC LIMIT ?`

	selectDates = `SELECT r.date FROM results r INDEXED BY results_by_ref` + rowsOfMonitor + ` ORDER BY r.date LIMIT ?`

	countRows = `SELECT count(*), coalesce(min(date), 0) FROM (` + selectDates + `)`
)

// numberReader reads numbers of the results of a monitor. Dates are in milliseconds.
type numberReader struct {
	store.NumberFilter
	q        *snapshot
	monitor  []byte
	from, to int64
	each     func(date time.Time, numbers []float64)
	// left is the number of results that each section may still have; nil if all results are read.
	left []int
	// columns contains for each shape which of the wanted numbers each output is, or -1.
	columns map[int64][]int
	// numbers is the buffer for the numbers in a block.
	numbers []float64
}

// EachNumber calls each for the numbers in the outputs of results. A sample of a section is spread evenly over its newest
// block, or is its newest rows.
func (s *Store) EachNumber(
	ctx context.Context, f store.NumberFilter, each func(date time.Time, numbers []float64),
) (sampled bool, err error) {
	id, valid := rawID(f.MonitorID)
	if err := f.Validate(); err != nil || !valid {
		return false, err
	}
	r := numberReader{
		NumberFilter: f, monitor: id, from: ceilMilli(f.From), to: ceilMilli(f.To), each: each,
		columns: make(map[int64][]int),
	}
	err = s.snapshot(ctx, "list numbers", func(q *snapshot) (err error) {
		r.q = q
		sampled, err = r.read()
		return err
	})
	return sampled, err
}

// read reads all results, or a sample of them.
func (r *numberReader) read() (sampled bool, err error) {
	blocks, size, err := r.blocks()
	if err != nil {
		return false, err
	}
	var rows, oldest int64
	err = r.q.each(countRows, []any{r.monitor, r.from, r.to, r.Limit + 1}, func(found *sql.Rows) error {
		return found.Scan(&rows, &oldest)
	})
	if err != nil {
		return false, err
	}
	if sampled = size+int(rows) > r.Limit; sampled {
		r.left = slices.Repeat([]int{r.PerSection()}, r.Sections())
		blocks = r.newestOfSections(blocks)
	}
	for step := range slices.Chunk(blocks, decodeStep) {
		if err := r.readBlocks(step); err != nil {
			return sampled, err
		}
	}
	switch {
	case rows == 0:
	case sampled:
		err = r.readSections(oldest)
	default:
		err = r.readRows(r.from, r.to, int(rows))
	}
	return sampled, err
}

// numberBlock is a block without its data.
type numberBlock struct{ block, hour int64 }

// blocks returns the blocks in the time range, newest first, and the number of their results in it.
func (r *numberReader) blocks() (blocks []numberBlock, size int, err error) {
	err = r.q.each(selectBlocksOfMonitor, []any{r.monitor, r.from - hourLength, r.to}, func(rows *sql.Rows) error {
		var b numberBlock
		var count int
		var encoded sql.RawBytes
		if err := rows.Scan(&b.block, &b.hour, &count, &encoded); err != nil {
			return err
		}
		blocks = append(blocks, b)
		if b.hour >= r.from && b.hour+hourLength <= r.to {
			size += count
			return nil
		}
		head, err := decodeHead(encoded, r.monitor, b.hour)
		first, _ := slices.BinarySearch(head.Dates, r.from)
		last, _ := slices.BinarySearch(head.Dates, r.to)
		size += max(0, last-first)
		return err
	})
	return blocks, size, err
}

// section returns the index of the section of a date in the time range.
func (r *numberReader) section(milli int64) int { return r.SectionOf(date(milli)) }

// newestOfSections returns the newest one of the blocks that begin in the same section.
func (r *numberReader) newestOfSections(blocks []numberBlock) []numberBlock {
	var newest []numberBlock
	last := -1
	for _, b := range blocks { // newest first
		section := r.section(max(b.hour, r.from))
		if section != last || b.hour < r.from {
			newest = append(newest, b)
		}
		last = section
	}
	return newest
}

// readBlocks reads the results in some blocks.
func (r *numberReader) readBlocks(blocks []numberBlock) error {
	ids := make([]int64, len(blocks))
	for i, b := range blocks {
		ids[i] = b.block
	}
	var open []openBlock
	err := r.q.each(selectBlocks, []any{jsonList(ids)}, func(rows *sql.Rows) error {
		var b openBlock
		var head sql.RawBytes
		err := rows.Scan(&b.block, &b.hour, &b.monitor, &head, &b.data)
		if err == nil {
			b.head, err = decodeHead(head, b.monitor, b.hour)
		}
		open = append(open, b)
		return err
	})
	for i := 0; err == nil && i < len(open); i++ {
		err = r.readBlock(open[i])
	}
	return err
}

// readBlock reads the results in a block, or a part of those of each section.
func (r *numberReader) readBlock(b openBlock) error {
	n := len(r.Outputs)
	numbers, err := b.head.Numbers(r.numbers, b.data, n, r.columnsOf)
	r.numbers = numbers
	if err != nil {
		return blockError(b.monitor, b.hour, err)
	}
	dates := b.head.Dates
	start, _ := slices.BinarySearch(dates, r.from)
	last, _ := slices.BinarySearch(dates, r.to)
	for start < last {
		end := start + r.lengthOfRun(dates[start:last])
		step := r.stepFor(dates[start], end-start)
		for i := start; i < end; i += step {
			r.pass(dates[i], numbers[i*n:(i+1)*n])
		}
		start = end
	}
	return nil
}

// lengthOfRun returns the number of dates at the beginning that are in one section.
func (r *numberReader) lengthOfRun(dates []int64) int {
	end := -1
	if r.left != nil {
		first := r.section(dates[0])
		end = slices.IndexFunc(dates, func(date int64) bool { return r.section(date) != first })
	}
	if end < 0 {
		return len(dates)
	}
	return end
}

// stepFor returns the step through a number of results that reads as many of them as their section may have.
func (r *numberReader) stepFor(milli int64, count int) int {
	if r.left == nil {
		return 1
	}
	left := max(1, r.left[r.section(milli)])
	return (count + left - 1) / left
}

// columnsOf returns which of the wanted numbers each output of a shape is, or -1.
func (r *numberReader) columnsOf(shape int64) ([]int, error) {
	if columns, known := r.columns[shape]; known {
		return columns, nil
	}
	var columns []int
	err := r.q.each("SELECT names FROM shapes WHERE shape = ?", []any{shape}, func(rows *sql.Rows) error {
		var encoded sql.RawBytes
		if err := rows.Scan(&encoded); err != nil {
			return err
		}
		names, err := decodeNames(encoded)
		for _, name := range names {
			columns = append(columns, slices.Index(r.Outputs, name))
		}
		return err
	})
	r.columns[shape] = columns
	return columns, err
}

// readSections reads the newest rows of the sections from a date on.
func (r *numberReader) readSections(oldest int64) error {
	for section := r.section(oldest); section < len(r.left); section++ {
		start := r.From.Add(time.Duration(section) * r.Section)
		end := min(ceilMilli(start.Add(r.Section)), r.to)
		if r.left[section] == 0 {
			continue
		}
		if err := r.readRows(max(ceilMilli(start), r.from), end, r.left[section]); err != nil {
			return err
		}
	}
	return nil
}

// readRows reads the newest rows with from <= date < to.
func (r *numberReader) readRows(from, to int64, limit int) error {
	names, numbers := shapeNames{}, make([]float64, len(r.Outputs))
	return r.q.each(selectNumbers, []any{r.monitor, from, to, limit}, func(rows *sql.Rows) error {
		var milli int64
		var shape, values sql.RawBytes
		if err := rows.Scan(&milli, &shape, &values); err != nil {
			return err
		}
		outputs, err := names.decode(shape, values)
		for i, name := range r.Outputs {
			numbers[i] = math.NaN()
			if number, isNumber := outputs[name].(float64); isNumber {
				numbers[i] = number
			}
		}
		r.pass(milli, numbers)
		return err
	})
}

// pass passes a result on, unless its section has enough results.
func (r *numberReader) pass(milli int64, numbers []float64) {
	if r.left != nil {
		left := &r.left[r.section(milli)]
		if *left == 0 {
			return
		}
		*left--
	}
	r.each(date(milli), numbers)
}
