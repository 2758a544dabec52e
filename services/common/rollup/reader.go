package rollup

import (
	"encoding/binary"
	"math"

	"github.com/DataDog/sketches-go/ddsketch/store"
)

// reader reads the parts of an encoded aggregate. After a failure it returns zeros.
type reader struct {
	left   []byte
	failed bool
	// high is the high half of the last byte, if hasHigh.
	high    byte
	hasHigh bool
}

// cut removes the next n bytes.
func (r *reader) cut(n int) []byte {
	if n <= 0 || n > len(r.left) {
		r.failed, r.left = true, nil
		return make([]byte, 8)
	}
	part := r.left[:n]
	r.left = r.left[n:]
	return part
}

func (r *reader) byte() byte { return r.cut(1)[0] }

// nibble reads the next half of a byte, the low one first.
func (r *reader) nibble() byte {
	if r.hasHigh {
		r.hasHigh = false
		return r.high
	}
	b := r.byte()
	r.high, r.hasHigh = b>>4, true
	return b & 15
}

func (r *reader) float() float64 { return math.Float64frombits(binary.LittleEndian.Uint64(r.cut(8))) }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.left)
	r.cut(n)
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.left)
	r.cut(n)
	return v
}

// hasMore reports whether there is a bin. The last half of a byte may be zero, which is no bin.
func (r *reader) hasMore() bool { return len(r.left) > 0 || r.hasHigh && r.high != 0 }

// store reads the output of appendStore. Each bin takes at least one byte.
func (r *reader) store(to store.Store) {
	n := r.uvarint()
	if n == 0 || n > uint64(len(r.left)) {
		r.failed = r.failed || n > 0
		return
	}
	for index := r.varint(); n > 0 && !r.failed; n-- {
		index = r.add(to, index, r.byteBin())
	}
}

// add adds a bin to a store and returns its index.
func (r *reader) add(to store.Store, before int64, b bin) int64 {
	index := before + int64(b.gap)
	if r.failed = r.failed || b.count == 0 || index != int64(int32(index)); !r.failed {
		to.AddWithCount(int(index), float64(b.count))
	}
	return index
}
