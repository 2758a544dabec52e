package rollup

import (
	"encoding/binary"
	"fmt"
)

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
