package rollup_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
)

// aggregateOf returns the aggregate of results with the values, of which every tenth is failed.
func aggregateOf(values ...float64) *rollup.Aggregate {
	a := rollup.New()
	for i, value := range values {
		a.Add(monitor.StatusOK, value)
		if i%10 == 9 {
			a.Add(monitor.StatusFailed, 0)
		}
	}
	return a
}

func sameAggregate(t *testing.T, got, want *rollup.Aggregate) {
	t.Helper()
	if got.Counts != want.Counts || got.Answered() != want.Answered() || got.Min != want.Min || got.Max != want.Max {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if math.Abs(got.Sum-want.Sum) > 1e-12*math.Abs(want.Sum) {
		t.Errorf("the sum is %v, want %v", got.Sum, want.Sum)
	}
	for q := 0.0; q <= 1; q += 0.01 {
		a, _ := got.Quantile(q)
		if b, _ := want.Quantile(q); a != b {
			t.Errorf("quantile %v is %v, want %v", q, a, b)
		}
	}
}

func TestEncodeKeepsEverything(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	measured, any := make([]float64, 1000), make([]float64, 1000)
	for i := range measured {
		any[i] = random.NormFloat64() * math.Exp(random.NormFloat64()*20)
		measured[i] = math.Round(1000*math.Exp(random.NormFloat64()+4)) / 1000
	}
	for name, a := range map[string]*rollup.Aggregate{
		"empty": rollup.New(), "failed only": aggregateOf(math.NaN()), "one": aggregateOf(41.272), "zeros": aggregateOf(0, 0, 0),
		"measured times": aggregateOf(measured...), "any numbers": aggregateOf(any...), "negative": aggregateOf(-7, -7.001),
		"huge": aggregateOf(math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64), "tiny": aggregateOf(5e-324, 1e-300),
		"many of the same": aggregateOf(slices.Repeat([]float64{12.5}, 5000)...), "not exact": aggregateOf(0.1+0.2, 0.3),
	} {
		t.Run(name, func(t *testing.T) {
			for _, data := range [][]byte{a.Encode(), a.EncodeJSON()} {
				got, err := rollup.Decode(data)
				if err != nil {
					t.Fatal(err)
				}
				sameAggregate(t, got, a)
			}
		})
	}
}

func TestEncodeIsCompact(t *testing.T) {
	var values []float64
	for i := range 10 {
		values = append(values, 40.123+float64(i*i)/10)
	}
	if n := len(aggregateOf(values...).Encode()); n > 25 {
		t.Errorf("10 results take %d bytes", n)
	}
	if n := len(aggregateOf(math.NaN()).Encode()); n != 4 {
		t.Errorf("results without values take %d bytes", n)
	}
}

func TestDecodeDamaged(t *testing.T) {
	whole := aggregateOf(1, 20.5, -3, 0).Encode()
	for n := range whole {
		if _, err := rollup.Decode(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes gave no error", n, len(whole))
		}
	}
	if _, err := rollup.Decode(append(slices.Clone(whole), 0)); err == nil {
		t.Error("one byte more gave no error")
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		damaged := slices.Clone(whole)
		damaged[random.IntN(len(damaged))] ^= byte(1 << random.IntN(8))
		if a, err := rollup.Decode(damaged); err == nil {
			a.Quantile(0.5) // must not panic
		}
	}
}

func TestSeries(t *testing.T) {
	for _, parts := range [][][]byte{nil, {[]byte("a"), nil, []byte("bc")}, {nil, nil, []byte("d")}, {nil}} {
		data := rollup.EncodeSeries(parts)
		got, err := rollup.DecodeSeries(data, 3)
		if err != nil || !slices.EqualFunc(got, parts, bytes.Equal) {
			t.Errorf("got %q, %v, want %q", got, err, parts)
		}
	}
	for _, data := range []string{"\x02a", "\x01a\x01b\x01c\x01d", "\xff", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		if got, err := rollup.DecodeSeries([]byte(data), 3); err == nil {
			t.Errorf("decoding %q gave %q", data, got)
		}
	}
}
