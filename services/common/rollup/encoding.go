package rollup

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"nanomon/services/common/monitor"
)

// The first byte of an encoded aggregate combines these flags. The form of earlier versions is JSON.
const (
	// hasTimes: the extremes and the sum follow in thousandths, then the bins of the sketch, the first of which contains
	// the minimum.
	hasTimes = 1 << iota
	// hasNumbers: the extremes and the sum follow as floating-point numbers, then a sketch of any numbers.
	hasNumbers
	// hasCounts: the number of results by status follows. Otherwise all results are OK and have values.
	hasCounts
	// hasNibbles: the bins after hasTimes are encoded in units of four bits.
	hasNibbles
	allFlags = hasTimes | hasNumbers | hasCounts | hasNibbles
	formJSON = '{'
)

// errEncoding is returned for an encoded aggregate that is damaged.
var errEncoding = errors.New("decode rollup: the data is damaged")

// Encode returns the aggregate in its stored form; see [Decode].
func (a *Aggregate) Encode() []byte {
	flags, values := a.encodeValues()
	var counts []byte
	if a.Counts[monitor.StatusOK] != a.Answered() || a.Total() != a.Answered() || flags == 0 {
		flags |= hasCounts
		for _, n := range a.Counts {
			counts = binary.AppendUvarint(counts, uint64(n))
		}
	}
	return slices.Concat([]byte{flags}, counts, values)
}

func (a *Aggregate) encodeValues() (flags byte, data []byte) {
	if a.values.IsEmpty() {
		return 0, nil
	}
	if data, ok := a.encodeTimes(); ok {
		bins := binsOf(a.values.GetPositiveValueStore())
		if short, long := nibblesOf(bins), bytesOf(bins); len(short) < len(long) {
			return hasTimes | hasNibbles, append(data, short...)
		} else {
			return hasTimes, append(data, long...)
		}
	}
	for _, v := range []float64{a.Min, a.Max, a.Sum} {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	data = binary.AppendUvarint(data, uint64(a.values.GetZeroCount()))
	data = appendStore(data, a.values.GetNegativeValueStore())
	return hasNumbers, appendStore(data, a.values.GetPositiveValueStore())
}

// encodeTimes encodes the extremes and the sum of measured times, which are positive and whole microseconds. The sketch
// predicts the maximum and the sum, so only the differences are stored.
func (a *Aggregate) encodeTimes() (data []byte, ok bool) {
	low, high, sum := math.Round(a.Min*1000), math.Round(a.Max*1000), math.Round(a.Sum*1000)
	exact := low/1000 == a.Min && high/1000 == a.Max && math.Abs(sum/1000-a.Sum) <= 1e-12*math.Abs(a.Sum)
	if !exact || low <= 0 || sum > 1<<53 {
		return nil, false
	}
	if first, err := a.values.GetPositiveValueStore().MinIndex(); err != nil || first != a.values.Index(a.Min) {
		return nil, false
	}
	predictedHigh, predictedSum := a.predict()
	data = binary.AppendUvarint(data, uint64(low))
	data = binary.AppendVarint(data, int64(high-predictedHigh))
	return binary.AppendVarint(data, int64(sum-predictedSum)), true
}

// predict returns the maximum and the sum in thousandths, as the sketch knows them.
func (a *Aggregate) predict() (high, sum float64) {
	last, err := a.values.GetPositiveValueStore().MaxIndex()
	if err != nil {
		return 0, 0
	}
	return math.Round(1000 * a.values.LowerBound(last)), math.Round(1000 * a.values.GetSum())
}

// Decode decodes the output of [Aggregate.Encode], of this or an earlier version.
func Decode(data []byte) (*Aggregate, error) {
	if len(data) > 0 && data[0] == formJSON {
		return decodeJSON(data)
	}
	a, r := New(), reader{left: data}
	flags := r.byte()
	if flags&hasCounts != 0 {
		for i := range a.Counts {
			a.Counts[i] = int(r.uvarint())
		}
	}
	switch flags & (hasTimes | hasNumbers) {
	case hasTimes:
		r.times(a, flags)
	case hasNumbers:
		r.numbers(a)
	}
	if flags&hasCounts == 0 {
		a.Counts[monitor.StatusOK] = a.Answered()
	}
	if r.failed || len(r.left) > 0 || flags&^allFlags != 0 {
		return nil, errEncoding
	}
	return a, nil
}

// times reads what encodeTimes has encoded, and the bins.
func (r *reader) times(a *Aggregate, flags byte) {
	low, high, sum := float64(r.uvarint()), float64(r.varint()), float64(r.varint())
	if r.failed || low == 0 {
		r.failed = true
		return
	}
	a.Min = low / 1000
	next := r.byteBin
	if flags&hasNibbles != 0 {
		next = r.nibbleBin
	}
	for index := int64(a.values.Index(a.Min)) - 1; r.hasMore() && !r.failed; {
		index = r.add(a.values.GetPositiveValueStore(), index, next())
	}
	predictedHigh, predictedSum := a.predict()
	a.Max, a.Sum = (predictedHigh+high)/1000, (predictedSum+sum)/1000
}

// numbers reads the extremes, the sum and a sketch of any numbers.
func (r *reader) numbers(a *Aggregate) {
	a.Min, a.Max, a.Sum = r.float(), r.float(), r.float()
	if zeros := r.uvarint(); zeros > 0 {
		r.failed = a.values.AddWithCount(0, float64(zeros)) != nil || r.failed
	}
	r.store(a.values.GetNegativeValueStore())
	r.store(a.values.GetPositiveValueStore())
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
