package rollup_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
)

func TestQuantileAccuracy(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 5000)
	all, left, right := rollup.New(), rollup.New(), rollup.New()
	for i := range values {
		values[i] = math.Exp(random.NormFloat64()*2 + 3)
		all.Add(monitor.StatusOK, values[i])
		if i%3 == 0 {
			left.Add(monitor.StatusOK, values[i])
		} else {
			right.Add(monitor.StatusOK, values[i])
		}
	}
	decoded, err := rollup.Decode(left.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if err := decoded.Merge(right); err != nil {
		t.Fatal(err)
	}
	slices.Sort(values)
	for _, q := range []float64{0, 0.5, 0.95, 0.99, 1} {
		want := values[int(q*float64(len(values)-1))]
		for name, s := range map[string]*rollup.Aggregate{"all": all, "merged": decoded} {
			got, ok := s.Quantile(q)
			if !ok || math.Abs(got-want) > want*rollup.RelativeAccuracy*1.01 {
				t.Errorf("%s: quantile %v is %v, want about %v", name, q, got, want)
			}
		}
	}
	average, ok := decoded.Average()
	if wantAverage, _ := all.Average(); !ok || math.Abs(average-wantAverage) > 1e-6 {
		t.Errorf("average of the merged aggregate is %v, want %v", average, wantAverage)
	}
}

func TestCountsAndExtremes(t *testing.T) {
	s := rollup.New()
	if _, ok := s.Quantile(0.5); ok {
		t.Error("an empty aggregate has a median")
	}
	if _, ok := s.Average(); ok {
		t.Error("an empty aggregate has an average")
	}
	s.Add(monitor.StatusFailed, 0)
	s.Add(monitor.StatusOK, 5)
	s.Add(monitor.StatusError, -7)
	s.Add(monitor.StatusOK, math.NaN())
	s.Add(monitor.StatusOK, 0)
	s.Add(monitor.Status(9), 3)
	if s.Counts != [3]int{3, 1, 2} || s.Total() != 6 || s.Answered() != 3 {
		t.Errorf("counts %v, total %d, answered %d", s.Counts, s.Total(), s.Answered())
	}
	if s.Min != -7 || s.Max != 5 || s.Sum != -2 {
		t.Errorf("min %v, max %v, sum %v", s.Min, s.Max, s.Sum)
	}
	if err := s.Merge(rollup.New()); err != nil || s.Min != -7 || s.Total() != 6 {
		t.Errorf("merging an empty aggregate changed the aggregate: %+v, %v", s, err)
	}
}

func TestEncodeHugeValues(t *testing.T) {
	s := rollup.New()
	for range 3 {
		s.Add(monitor.StatusOK, math.MaxFloat64/2)
	}
	if _, err := rollup.Decode(s.Encode()); err != nil {
		t.Fatal(err)
	}
}

func TestDecodeInvalid(t *testing.T) {
	for _, data := range []string{"", "[]", `{"values":"AAAA"}`} {
		if _, err := rollup.Decode([]byte(data)); err == nil {
			t.Errorf("decoding %q gave no error", data)
		}
	}
}
