package rollup

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/DataDog/sketches-go/ddsketch/store"
)

// The first byte of an encoded aggregate. The form of earlier versions is JSON.
const (
	// formEmpty is followed by the counts, because no result has a value.
	formEmpty = iota
	// formDecimal is followed by the counts, the extremes and the sum in thousandths, and the sketch.
	formDecimal
	// formFloat has the extremes and the sum as floating-point numbers.
	formFloat
	formJSON = '{'
)

// errEncoding is returned for an encoded aggregate that is damaged.
var errEncoding = errors.New("decode rollup: the data is damaged")

// Encode returns the aggregate in its stored form; see [Decode].
func (a *Aggregate) Encode() []byte {
	form, extremes := byte(formEmpty), []byte(nil)
	if !a.values.IsEmpty() {
		form, extremes = encodeExtremes(a.Sum, a.Min, a.Max, a.values.GetCount())
	}
	data := []byte{form}
	for _, n := range a.Counts {
		data = binary.AppendUvarint(data, uint64(n))
	}
	data = append(data, extremes...)
	if form == formEmpty {
		return data
	}
	data = binary.AppendUvarint(data, uint64(a.values.GetZeroCount()))
	data = appendBins(data, a.values.GetPositiveValueStore())
	return appendBins(data, a.values.GetNegativeValueStore())
}

// encodeExtremes encodes the extremes and the sum of n values. Measured times are whole microseconds, so their
// thousandths are short.
func encodeExtremes(sum, low, high, n float64) (form byte, data []byte) {
	s, l, h := math.Round(sum*1000), math.Round(low*1000), math.Round(high*1000)
	exact := l/1000 == low && h/1000 == high && math.Abs(s/1000-sum) <= 1e-12*math.Abs(sum)
	if exact && l >= 0 && s >= n*l && s < 1<<53 && h < 1<<53 {
		for _, v := range []float64{l, h - l, s - n*l} {
			data = binary.AppendUvarint(data, uint64(v))
		}
		return formDecimal, data
	}
	for _, v := range []float64{low, high, sum} {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	return formFloat, data
}

// A bin of a sketch is a number with the distance from the previous bin above shortCount bits for its count. If the
// count does not fit, the bits are zero and the count follows.
const (
	shortCount = 4
	maxShort   = 1<<shortCount - 1
)

// appendBins appends the number of bins, the index of the first one and all bins.
func appendBins(data []byte, bins store.Store) []byte {
	n, last := 0, 0
	var list []byte
	bins.ForEach(func(index int, count float64) bool {
		if n++; n == 1 {
			last = index
		}
		gap := uint64(index-last) << shortCount
		if last = index; count <= maxShort {
			list = binary.AppendUvarint(list, gap|uint64(count))
		} else {
			list = binary.AppendUvarint(binary.AppendUvarint(list, gap), uint64(count))
		}
		return false
	})
	data = binary.AppendUvarint(data, uint64(n))
	if n > 0 {
		first, _ := bins.MinIndex()
		data = binary.AppendVarint(data, int64(first))
	}
	return append(data, list...)
}

// Decode decodes the output of [Aggregate.Encode], of this or an earlier version.
func Decode(data []byte) (*Aggregate, error) {
	if len(data) > 0 && data[0] == formJSON {
		return decodeJSON(data)
	}
	a, r := New(), reader{left: data}
	form := r.byte()
	for i := range a.Counts {
		a.Counts[i] = int(r.uvarint())
	}
	if form != formEmpty {
		r.values(a, form)
	}
	if r.failed || len(r.left) > 0 || form > formFloat {
		return nil, errEncoding
	}
	return a, nil
}

// reader reads the parts of an encoded aggregate. After a failure it returns zeros.
type reader struct {
	left   []byte
	failed bool
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

// values reads the extremes, the sum and the sketch.
func (r *reader) values(a *Aggregate, form byte) {
	var low, high, sum float64
	if form == formFloat {
		low, high, sum = r.float(), r.float(), r.float()
	} else {
		low, high, sum = float64(r.uvarint()), float64(r.uvarint()), float64(r.uvarint())
	}
	if zeros := r.uvarint(); zeros > 0 {
		r.failed = a.values.AddWithCount(0, float64(zeros)) != nil || r.failed
	}
	r.bins(a.values.GetPositiveValueStore())
	r.bins(a.values.GetNegativeValueStore())
	if form == formDecimal {
		low, high, sum = low/1000, (low+high)/1000, (sum+low*a.values.GetCount())/1000
	}
	a.Min, a.Max, a.Sum = low, high, sum
}

// bins reads the bins of a sketch. Each takes at least one byte.
func (r *reader) bins(to store.Store) {
	n := r.uvarint()
	if n == 0 || n > uint64(len(r.left)) {
		r.failed = r.failed || n > 0
		return
	}
	index := r.varint()
	for ; n > 0 && !r.failed; n-- {
		bin := r.uvarint()
		count := bin & maxShort
		if count == 0 {
			count = r.uvarint()
		}
		index += int64(bin >> shortCount)
		if r.failed = r.failed || index != int64(int32(index)); !r.failed {
			to.AddWithCount(int(index), float64(count))
		}
	}
}

// jsonForm is the stored form of earlier versions.
type jsonForm struct {
	Counts [3]int  `json:"counts"`
	Sum    float64 `json:"sum"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	// Values is the sketch in the binary format of its library. It omits the accuracy, which is the same for all sketches.
	Values []byte `json:"values,omitempty"`
}

// EncodeJSON returns the aggregate in the stored form of earlier versions, which they can read.
func (a *Aggregate) EncodeJSON() []byte {
	e := jsonForm{Counts: a.Counts, Sum: a.Sum, Min: a.Min, Max: a.Max}
	if !a.values.IsEmpty() {
		a.values.Encode(&e.Values, true)
	}
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // Impossible: Add stores finite numbers only.
	}
	return data
}

func decodeJSON(data []byte) (*Aggregate, error) {
	var e jsonForm
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("decode rollup: %w", err)
	}
	a := New()
	a.Counts, a.Sum, a.Min, a.Max = e.Counts, e.Sum, e.Min, e.Max
	if len(e.Values) > 0 {
		if err := a.values.DecodeAndMergeWith(e.Values); err != nil {
			return nil, fmt.Errorf("decode latency sketch: %w", err)
		}
	}
	return a, nil
}
