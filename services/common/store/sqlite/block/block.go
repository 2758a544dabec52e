// Package block encodes the results of one monitor in one hour as a block of bytes. These results resemble each other, so
// a block has a column for each of their parts, and the columns are compressed together.
package block

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"nanomon/services/common/store"

	"github.com/klauspost/compress/zstd"
)

var (
	// ErrDamaged means that bytes are not an encoded block.
	ErrDamaged = fmt.Errorf("%w, a block of results can't be decoded: restore the file from a backup", store.ErrDamaged)
	// ErrTooLarge means that results are too large for a block.
	ErrTooLarge = errors.New("the results are too large for a block: they stay as they are")
)

// IDSize is the number of bytes of the id of a result.
const IDSize = 12

// Row is a stored result. Label, Shape and Status are codes of the database.
type Row struct {
	// Seq is the number by which results are ordered in the order of storing.
	Seq int64
	// Date is in milliseconds since 1970.
	Date                 int64
	ID                   [IDSize]byte
	Label, Shape, Status int64
	Value                float64
	Message              string
	// Outputs are the values of the outputs, in the order of the names of Shape. Each is a float64, string or bool.
	Outputs []any
}

// version is the first byte of the head of every block.
const version = 1

// maxColumns is the maximum size of the columns of a block in bytes.
const maxColumns = 16 << 20

// The encoder and the decoder are safe for concurrent use. These options are valid, so there is no error.
var (
	encoder, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	decoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxColumns))
)

// Encode returns the two parts of the block of rows: the head, which contains dates and statuses and is cheap to decode,
// and the data with everything else. All rows with the same shape must have the same number of outputs. Encode returns
// [ErrTooLarge] if the rows don't fit into a block.
func Encode(rows []Row) (head, data []byte, err error) {
	columns := appendColumns(nil, rows)
	if len(columns) > maxColumns {
		return nil, nil, ErrTooLarge
	}
	return encodeHead(rows), encoder.EncodeAll(columns, nil), nil
}

// encodeHead encodes the dates as the changes of their distances, the statuses as lengths of runs, and a checksum.
func encodeHead(rows []Row) []byte {
	head := binary.AppendUvarint([]byte{version}, uint64(len(rows)))
	last, step := int64(0), int64(0)
	for _, r := range rows {
		head = binary.AppendVarint(head, r.Date-last-step)
		last, step = r.Date, r.Date-last
	}
	for rest := rows; len(rest) > 0; {
		run := slices.IndexFunc(rest, func(r Row) bool { return r.Status != rest[0].Status })
		if run < 0 {
			run = len(rest)
		}
		head = binary.AppendUvarint(binary.AppendVarint(head, rest[0].Status), uint64(run))
		rest = rest[run:]
	}
	return binary.LittleEndian.AppendUint32(head, crc32.ChecksumIEEE(head))
}

// appendColumns appends all columns except the dates and statuses.
func appendColumns(to []byte, rows []Row) []byte {
	seq := int64(0)
	for _, r := range rows {
		to, seq = binary.AppendVarint(to, r.Seq-seq), r.Seq
	}
	for _, r := range rows {
		// An id usually begins with the second of its creation.
		to = binary.AppendVarint(to, int64(binary.BigEndian.Uint32(r.ID[:4]))-r.Date/1000)
	}
	for _, r := range rows {
		to = append(to, r.ID[4:]...)
	}
	for _, r := range rows {
		to = binary.AppendVarint(to, r.Label)
	}
	for _, r := range rows {
		to = binary.AppendVarint(to, r.Shape)
	}
	for _, r := range rows {
		to = appendText(to, r.Message)
	}
	for _, r := range rows {
		to = appendValue(to, r)
	}
	for _, shape := range shapesOf(rows) {
		to = appendOutputs(to, slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Shape != shape }))
	}
	return to
}

// shapesOf returns the shapes of rows in the order of their first rows.
func shapesOf(rows []Row) (shapes []int64) {
	for _, r := range rows {
		if !slices.Contains(shapes, r.Shape) {
			shapes = append(shapes, r.Shape)
		}
	}
	return shapes
}

// appendValue appends the value of a result: the position of the first output that equals it, counted from 1, or 0 and
// the number.
func appendValue(to []byte, r Row) []byte {
	same := slices.IndexFunc(r.Outputs, func(output any) bool {
		number, ok := output.(float64)
		return ok && math.Float64bits(number) == math.Float64bits(r.Value)
	})
	to = binary.AppendUvarint(to, uint64(same+1))
	if same < 0 {
		kind, data := appendFloat(nil, r.Value)
		to = append(append(to, kind), data...)
	}
	return to
}

// appendOutputs appends the number of outputs of rows with the same shape, and a column for each of these outputs: first
// the kinds of its values, then their data.
func appendOutputs(to []byte, rows []Row) []byte {
	outputs := len(rows[0].Outputs)
	to = binary.AppendUvarint(to, uint64(outputs))
	var data []byte
	for position := range outputs {
		data = data[:0]
		for _, r := range rows {
			var kind byte
			kind, data = appendOutput(data, r.Outputs[position])
			to = append(to, kind)
		}
		to = append(to, data...)
	}
	return to
}

// The kinds of outputs and numbers. A number is a varint if it is a whole number of thousandths, as durations are.
const (
	kindFalse = iota
	kindTrue
	kindWhole
	kindThousandths
	kindFloat
	kindText
)

func appendOutput(to []byte, output any) (kind byte, _ []byte) {
	switch v := output.(type) {
	case bool:
		if v {
			return kindTrue, to
		}
		return kindFalse, to
	case string:
		return kindText, appendText(to, v)
	default:
		number, _ := output.(float64)
		return appendFloat(to, number)
	}
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

func appendFloat(to []byte, number float64) (kind byte, _ []byte) {
	if whole, ok := scaled(number, 1); ok {
		return kindWhole, binary.AppendVarint(to, whole)
	}
	if whole, ok := scaled(number, 1000); ok {
		return kindThousandths, binary.AppendVarint(to, whole)
	}
	return kindFloat, binary.LittleEndian.AppendUint64(to, math.Float64bits(number))
}

// scaled returns the whole number whose division by scale results in the same bits as number, if there is one.
func scaled(number, scale float64) (whole int64, ok bool) {
	const maxExact = 1 << 53 // all smaller whole numbers are exact
	rounded := math.Round(number * scale)
	if !(math.Abs(rounded) < maxExact) { // also true if it is not a number
		return 0, false
	}
	whole = int64(rounded)
	return whole, math.Float64bits(float64(whole)/scale) == math.Float64bits(number)
}
