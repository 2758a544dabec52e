package block

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"sync"
)

// Head contains the dates and statuses of the rows of a block, in the order of [Encode].
type Head struct {
	// Dates are in milliseconds since 1970.
	Dates    []int64
	Statuses []int64
}

// checksumSize is the number of bytes of the checksum at the end of a head.
const checksumSize = 4

// DecodeHead decodes the head of a block.
func DecodeHead(head []byte) (Head, error) {
	end := len(head) - checksumSize
	if end < 1 || head[0] != version || crc32.ChecksumIEEE(head[:end]) != binary.LittleEndian.Uint32(head[end:]) {
		return Head{}, ErrDamaged
	}
	r := &reader{data: head[:end], at: 1}
	n := r.count(1)
	h := Head{Dates: make([]int64, n), Statuses: make([]int64, 0, n)}
	last, step := int64(0), int64(0)
	for i := range h.Dates {
		step += r.varint()
		last += step
		h.Dates[i] = last
	}
	for len(h.Statuses) < n && !r.failed {
		status, run := r.varint(), r.uvarint()
		if run == 0 || run > uint64(n-len(h.Statuses)) {
			r.failed = true
			break
		}
		h.Statuses = append(h.Statuses, slices.Repeat([]int64{status}, int(run))...)
	}
	if r.failed || r.left() > 0 {
		return Head{}, ErrDamaged
	}
	return h, nil
}

// buffers contains buffers for columns. Rows contain copies of what they need.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Decode decodes all rows of the block with this head.
func (h Head) Decode(data []byte) ([]Row, error) {
	all := make([]int, len(h.Dates))
	for i := range all {
		all[i] = i
	}
	return h.DecodeRows(data, all)
}

// DecodeRows decodes the rows at the given positions of the block with this head. That takes less time and memory than
// to decode all of them.
func (h Head) DecodeRows(data []byte, positions []int) ([]Row, error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	columns, err := decoder.DecodeAll(data, (*buffer)[:0])
	if err != nil {
		return nil, ErrDamaged
	}
	*buffer = columns
	rows, wanted := make([]Row, len(positions)), make([]*Row, len(h.Dates))
	for i, position := range positions {
		rows[i].Date, rows[i].Status = h.Dates[position], h.Statuses[position]
		wanted[position] = &rows[i]
	}
	r := &reader{data: columns}
	r.readColumns(h, wanted)
	if r.failed || r.left() > 0 {
		return nil, ErrDamaged
	}
	return rows, nil
}

// readColumns reads the columns that appendColumns has written, and stores them in the wanted rows. A nil element of wanted
// is a row that nobody wants.
func (r *reader) readColumns(h Head, wanted []*Row) {
	ignored := new(Row)
	row := func(i int) *Row {
		if wanted[i] == nil {
			return ignored
		}
		return wanted[i]
	}
	r.readIdentities(h, row)
	shapes := make([]int64, len(wanted))
	for i := range wanted {
		shapes[i] = r.varint()
		row(i).Shape = shapes[i]
	}
	for i := range wanted {
		if wanted[i] == nil {
			r.skip(kindText)
			continue
		}
		wanted[i].Message, _ = r.value(kindText).(string)
	}
	same := make([]int, len(wanted))
	for i := range wanted {
		if same[i] = int(r.uvarint()); same[i] == 0 {
			row(i).Value, _ = r.value(r.byte()).(float64)
		}
	}
	r.readOutputs(shapes, wanted)
	r.copyValues(wanted, same)
}

// readIdentities reads sequence numbers, ids and labels.
func (r *reader) readIdentities(h Head, row func(i int) *Row) {
	seq := int64(0)
	for i := range h.Dates {
		seq += r.varint()
		row(i).Seq = seq
	}
	for i := range h.Dates {
		binary.BigEndian.PutUint32(row(i).ID[:4], uint32(h.Dates[i]/1000+r.varint()))
	}
	for i := range h.Dates {
		copy(row(i).ID[4:], r.bytes(IDSize-4))
	}
	for i := range h.Dates {
		row(i).Label = r.varint()
	}
}

// readOutputs reads the columns of outputs.
func (r *reader) readOutputs(shapes []int64, wanted []*Row) {
	seen := make(map[int64]bool)
	for _, shape := range shapes {
		if seen[shape] || r.failed {
			continue
		}
		seen[shape] = true
		rows := make([]*Row, 0, len(wanted))
		for i, row := range wanted {
			if shapes[i] == shape {
				rows = append(rows, row)
			}
		}
		r.readShape(rows)
	}
}

// readShape reads the outputs of the rows with one shape, see appendOutputs.
func (r *reader) readShape(rows []*Row) {
	outputs := r.count(len(rows)) // each has at least its kind
	for _, row := range rows {
		if row != nil {
			row.Outputs = make([]any, outputs)
		}
	}
	for position := range outputs {
		kinds := r.bytes(len(rows))
		if r.failed {
			return
		}
		for i, row := range rows {
			if row == nil {
				r.skip(kinds[i])
				continue
			}
			row.Outputs[position] = r.value(kinds[i])
		}
	}
}

// copyValues sets the values that equal an output: same contains the positions of these outputs, counted from 1.
func (r *reader) copyValues(wanted []*Row, same []int) {
	for i, row := range wanted {
		if row == nil || same[i] == 0 {
			continue
		}
		if same[i] < 0 || same[i] > len(row.Outputs) {
			r.failed = true
			return
		}
		row.Value, _ = row.Outputs[same[i]-1].(float64)
	}
}

// reader reads values from data, beginning at an index. After a failure it returns zero values.
type reader struct {
	data   []byte
	at     int
	failed bool
}

func (r *reader) left() int { return len(r.data) - r.at }

// value reads a value of a kind.
func (r *reader) value(kind byte) (value any) {
	switch kind {
	case kindFalse, kindTrue:
		return kind == kindTrue
	case kindWhole, kindThousandths, kindFloat:
		return r.number(kind)
	case kindText:
		return string(r.bytes(r.count(1)))
	default:
		r.failed = true
	}
	return nil
}

// skip skips a value of a kind, which is faster than to read it.
func (r *reader) skip(kind byte) {
	switch kind {
	case kindFalse, kindTrue:
	case kindWhole, kindThousandths:
		at := r.at
		for at < len(r.data) && r.data[at] >= 0x80 {
			at++
		}
		r.at = at
		r.bytes(1)
	case kindFloat:
		r.bytes(8)
	case kindText:
		r.bytes(r.count(1))
	default:
		r.failed = true
	}
}

// count reads a number of elements, each of which takes at least size of the remaining bytes.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(r.left()/size) {
		r.failed = true
		return 0
	}
	return int(n)
}

func (r *reader) byte() byte {
	if b := r.bytes(1); !r.failed {
		return b[0]
	}
	return 0
}

func (r *reader) bytes(n int) []byte {
	if r.failed || n > r.left() {
		r.failed = true
		return nil
	}
	r.at += n
	return r.data[r.at-n : r.at]
}

func (r *reader) varint() int64 {
	value, size := binary.Varint(r.data[r.at:])
	return int64(r.advance(uint64(value), size))
}

func (r *reader) uvarint() uint64 {
	value, size := binary.Uvarint(r.data[r.at:])
	return r.advance(value, size)
}

// advance skips size bytes and returns value, or 0 after a failure.
func (r *reader) advance(value uint64, size int) uint64 {
	if r.failed || size <= 0 {
		r.failed = true
		return 0
	}
	r.at += size
	return value
}
