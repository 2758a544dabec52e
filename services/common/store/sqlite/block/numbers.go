package block

import (
	"encoding/binary"
	"math"
	"slices"
)

// Numbers decodes numbers in the outputs of all rows of the block with this head: n numbers for each row, one row after
// the other. A number is NaN if the row has none. columns returns for each output of a shape which of the n numbers it
// is, or -1. The numbers replace the content of to. That is much faster than to decode the rows.
func (h Head) Numbers(to []float64, data []byte, n int, columns func(shape int64) ([]int, error)) ([]float64, error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	decoded, err := decoder.DecodeAll(data, (*buffer)[:0])
	if err != nil {
		return nil, ErrDamaged
	}
	*buffer = decoded
	r := &reader{data: decoded}
	shapes := r.skipToOutputs(len(h.Dates))
	numbers := to[:0]
	for range n * len(h.Dates) {
		numbers = append(numbers, math.NaN())
	}
	for i, shape := range shapes {
		if r.failed || slices.Index(shapes, shape) < i {
			continue
		}
		wanted, err := columns(shape)
		if err != nil {
			return nil, err
		}
		r.readNumbers(rowsOf(shapes, shape), wanted, n, numbers)
	}
	if r.failed || r.left() > 0 {
		return nil, ErrDamaged
	}
	return numbers, nil
}

// skipToOutputs skips the columns of n rows before the outputs. It returns their shapes.
func (r *reader) skipToOutputs(n int) []int64 {
	for range 2 * n { // sequence numbers, and the first parts of ids
		r.skip(kindWhole)
	}
	r.bytes((IDSize - 4) * n)
	for range n { // labels
		r.skip(kindWhole)
	}
	shapes := make([]int64, n)
	for i := range shapes {
		shapes[i] = r.varint()
	}
	for range n { // messages
		r.skip(kindText)
	}
	for range n { // values
		if same := r.uvarint(); same == 0 && !r.failed {
			r.skip(r.byte())
		}
	}
	return shapes
}

// rowsOf returns the positions of the rows with a shape.
func rowsOf(shapes []int64, shape int64) []int {
	rows := make([]int, 0, len(shapes))
	for i := range shapes {
		if shapes[i] == shape {
			rows = append(rows, i)
		}
	}
	return rows
}

// readNumbers reads the outputs of the rows with one shape, see appendOutputs, and stores the wanted ones: n of each row.
func (r *reader) readNumbers(rows, wanted []int, n int, numbers []float64) {
	if outputs := r.count(len(rows)); outputs != len(wanted) {
		r.failed = true
	}
	for _, column := range wanted {
		kinds := r.bytes(len(rows))
		if r.failed {
			return
		}
		for i, row := range rows {
			if column < 0 || kinds[i] == kindText || kinds[i] <= kindTrue {
				r.skip(kinds[i])
				continue
			}
			numbers[row*n+column] = r.number(kinds[i])
		}
	}
}

// number reads a number of a kind.
func (r *reader) number(kind byte) float64 {
	switch kind {
	case kindWhole:
		return float64(r.varint())
	case kindThousandths:
		return float64(r.varint()) / 1000
	case kindFloat:
		if raw := r.bytes(8); !r.failed {
			return math.Float64frombits(binary.LittleEndian.Uint64(raw))
		}
	default:
		r.failed = true
	}
	return 0
}
