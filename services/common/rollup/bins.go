package rollup

import (
	"encoding/binary"
	"math"

	"github.com/DataDog/sketches-go/ddsketch/store"
)

// bin is one bin of a sketch.
type bin struct {
	// gap is the distance from the index of the bin before it, at least 1.
	gap int
	// count is the number of values.
	count uint64
}

// binsOf returns the bins of a store, of which the first one has the gap 1.
func binsOf(from store.Store) []bin {
	var bins []bin
	last := 0
	from.ForEach(func(index int, count float64) bool {
		if len(bins) == 0 {
			last = index - 1
		}
		bins = append(bins, bin{index - last, uint64(count)})
		last = index
		return false
	})
	return bins
}

// appendStore appends the number of bins, the index before the first one, and the bins.
func appendStore(data []byte, from store.Store) []byte {
	bins := binsOf(from)
	data = binary.AppendUvarint(data, uint64(len(bins)))
	if first, err := from.MinIndex(); err == nil {
		data = binary.AppendVarint(data, int64(first)-1)
	}
	return append(data, bytesOf(bins)...)
}

// In the form of bytes, a bin is a number with its gap above shortCount bits for its count. If the count does not fit,
// these bits are zero and the count follows.
const (
	shortCount = 4
	maxShort   = 1<<shortCount - 1
)

func bytesOf(bins []bin) (data []byte) {
	for _, b := range bins {
		gap := uint64(b.gap-1) << shortCount
		if b.count <= maxShort {
			data = binary.AppendUvarint(data, gap|b.count)
		} else {
			data = binary.AppendUvarint(binary.AppendUvarint(data, gap), b.count)
		}
	}
	return data
}

func (r *reader) byteBin() bin {
	n := r.uvarint()
	b := bin{int(min(n>>shortCount, math.MaxInt32)) + 1, n & maxShort}
	if b.count == 0 {
		b.count = r.uvarint()
	}
	return b
}

// In the form of nibbles, a bin is its count in one nibble. An empty bin before it is skipOne, two to 17 of them are
// skipMany and their number less two. A count of longCount or more is longCount and then the rest in groups of three
// bits, the lowest first, each with a bit that says whether another one follows.
const (
	skipOne   = 0
	longCount = 14
	skipMany  = 15
	maxSkip   = 17
)

func nibblesOf(bins []bin) []byte {
	var w nibbleWriter
	for _, b := range bins {
		w.skip(b.gap - 1)
		w.count(b.count)
	}
	return w.data
}

// nibbleWriter collects nibbles, the low half of a byte first.
type nibbleWriter struct {
	data []byte
	half bool
}

func (w *nibbleWriter) put(nibble byte) {
	if w.half {
		w.data[len(w.data)-1] |= nibble << 4
	} else {
		w.data = append(w.data, nibble)
	}
	w.half = !w.half
}

func (w *nibbleWriter) skip(empty int) {
	for ; empty > 1; empty -= min(empty, maxSkip) {
		w.put(skipMany)
		w.put(byte(min(empty, maxSkip) - 2))
	}
	if empty == 1 {
		w.put(skipOne)
	}
}

func (w *nibbleWriter) count(n uint64) {
	if n < longCount {
		w.put(byte(n))
		return
	}
	w.put(longCount)
	for n -= longCount; n > 7; n >>= 3 {
		w.put(byte(n&7) | 8)
	}
	w.put(byte(n))
}

func (r *reader) nibbleBin() bin {
	b := bin{gap: 1}
	for !r.failed {
		switch n := r.nibble(); n {
		case skipOne:
			b.gap++
		case skipMany:
			b.gap += int(r.nibble()) + 2
		case longCount:
			b.count = longCount + r.groups()
			return b
		default:
			b.count = uint64(n)
			return b
		}
	}
	return b
}

// groups reads a number in groups of three bits.
func (r *reader) groups() (n uint64) {
	for shift := 0; !r.failed && shift < 64; shift += 3 {
		group := r.nibble()
		n |= uint64(group&7) << shift
		if group&8 == 0 {
			break
		}
	}
	return n
}
