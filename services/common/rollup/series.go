package rollup

import (
	"encoding/binary"
	"fmt"

	"nanomon/services/common/monitor"
)

// Series holds the aggregates of consecutive periods; nil is a period without results.
type Series []*Aggregate

// Add adds one result to the period i.
func (s Series) Add(i int, status monitor.Status, value float64) {
	if s[i] == nil {
		s[i] = New()
	}
	s[i].Add(status, value)
}

// Encode returns the series in its stored form; see [DecodeSeries].
func (s Series) Encode() []byte {
	parts := make([][]byte, len(s))
	for i, a := range s {
		if a != nil {
			parts[i] = a.Encode()
		}
	}
	return EncodeSeries(parts)
}

// EncodeSeries returns the stored form of encoded aggregates of consecutive periods. An empty one is a period without
// results.
func EncodeSeries(parts [][]byte) []byte {
	var data []byte
	for _, part := range parts {
		data = append(binary.AppendUvarint(data, uint64(len(part))), part...)
	}
	return data
}

// DecodeSeries decodes the output of [EncodeSeries] into up to n parts. The parts share the memory of data.
func DecodeSeries(data []byte, n int) ([][]byte, error) {
	r := reader{left: data}
	var parts [][]byte
	for len(r.left) > 0 && len(parts) < n {
		var part []byte
		if size := r.uvarint(); size > uint64(len(r.left)) {
			r.failed = true
		} else if size > 0 {
			part = r.cut(int(size))
		}
		parts = append(parts, part)
	}
	if r.failed || len(r.left) > 0 {
		return nil, fmt.Errorf("series of %d bytes: %w", len(data), errEncoding)
	}
	return parts, nil
}
