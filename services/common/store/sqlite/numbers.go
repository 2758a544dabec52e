package sqlite

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"nanomon/services/common/store"
)

const (
	// decodeStep is the number of blocks whose bytes are in memory at the same time.
	decodeStep = 32
	// blockFactor is how many results in blocks are read in place of a row: they take less than a thirtieth of its time.
	blockFactor = 30
	// rowSlices is the number of parts of a section from which a sample of its rows is read.
	rowSlices = 4
)

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
	// passed is the number of results that were passed on.
	passed int
	// columns contains for each shape which of the wanted numbers each output is, or -1.
	columns map[int64][]int
	// numbers is the buffer for the numbers in a block.
	numbers []float64
}

// EachNumber calls each for the numbers in the outputs of results. A sample of a section is all results in some of its
// blocks, and the newest rows in each of its parts.
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
	tooMany := size+int(rows) > r.Limit
	if tooMany {
		blocks = r.sampleOf(blocks)
	}
	for step := range slices.Chunk(blocks, decodeStep) {
		if err := r.readBlocks(step); err != nil {
			return tooMany, err
		}
	}
	switch {
	case rows == 0:
	case tooMany:
		err = r.readSections(oldest)
	default:
		err = r.readRows(r.from, r.to, int(rows))
	}
	return r.passed < size+int(rows) || int(rows) > r.Limit, err
}

// numberBlock is a block without its data.
type numberBlock struct {
	block, hour int64
	size        int
}

// blocks returns the blocks in the time range, newest first, and the number of their results in it.
func (r *numberReader) blocks() (blocks []numberBlock, size int, err error) {
	err = r.q.each(selectBlocksOfMonitor, []any{r.monitor, r.from - hourLength, r.to}, func(rows *sql.Rows) error {
		var b numberBlock
		var encoded sql.RawBytes
		if err := rows.Scan(&b.block, &b.hour, &b.size, &encoded); err != nil {
			return err
		}
		blocks = append(blocks, b)
		if b.hour >= r.from && b.hour+hourLength <= r.to {
			size += b.size
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

// sampleOf returns some blocks of each section, spread evenly over it. The order of the blocks stays.
func (r *numberReader) sampleOf(blocks []numberBlock) []numberBlock {
	sectionOf := func(b numberBlock) int { return r.section(max(b.hour, r.from)) }
	var sample []numberBlock
	for len(blocks) > 0 {
		section := sectionOf(blocks[0])
		n := slices.IndexFunc(blocks, func(b numberBlock) bool { return sectionOf(b) != section })
		if n < 0 {
			n = len(blocks)
		}
		sample = append(sample, r.sampleOfSection(section, blocks[:n])...)
		blocks = blocks[n:]
	}
	return sample
}

// sampleOfSection returns some of the blocks that begin in a section: as many of the blocks inside of it as may be
// read, and at least one. Each section begins with another one of its blocks, so that they are not from the same hours
// of every day. A block that extends over the start or the end is always read: it may have the only results of the
// section, or none.
func (r *numberReader) sampleOfSection(section int, blocks []numberBlock) (sample []numberBlock) {
	inside := func(b numberBlock) bool {
		return b.hour >= r.from && b.hour+hourLength <= r.to && r.section(b.hour+hourLength-1) == section
	}
	n, size := 0, 0
	for _, b := range blocks {
		if inside(b) {
			n, size = n+1, size+b.size
		}
	}
	count := min(n, max(1, n*blockFactor*r.PerSection()/max(1, size)))
	i := section * 5
	for _, b := range blocks {
		if !inside(b) {
			sample = append(sample, b)
			continue
		}
		if i%n*count%n < count {
			sample = append(sample, b)
		}
		i++
	}
	return sample
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

// readBlock reads the results in a block.
func (r *numberReader) readBlock(b openBlock) error {
	n := len(r.Outputs)
	numbers, err := b.head.Numbers(r.numbers, b.data, n, r.columnsOf)
	r.numbers = numbers
	if err != nil {
		return blockError(b.monitor, b.hour, err)
	}
	first, _ := slices.BinarySearch(b.head.Dates, r.from)
	last, _ := slices.BinarySearch(b.head.Dates, r.to)
	for i := first; i < last; i++ {
		r.pass(b.head.Dates[i], numbers[i*n:(i+1)*n])
	}
	return nil
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

// readSections reads the newest rows in each part of the sections from a date on.
func (r *numberReader) readSections(oldest int64) error {
	parts := min(rowSlices, r.PerSection())
	for section := r.section(oldest); section < r.Sections(); section++ {
		for part := range parts {
			limit := func(part int) int64 {
				return ceilMilli(r.From.Add(time.Duration(section)*r.Section + time.Duration(part)*r.Section/time.Duration(parts)))
			}
			from, to := max(limit(part), r.from), min(limit(part+1), r.to)
			if err := r.readRows(from, to, r.PerSection()/parts); err != nil {
				return err
			}
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

// pass passes a result on.
func (r *numberReader) pass(milli int64, numbers []float64) {
	r.passed++
	r.each(date(milli), numbers)
}
