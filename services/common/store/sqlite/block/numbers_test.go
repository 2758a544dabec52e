package block_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nanomon/services/common/store/sqlite/block"
)

// numbersOf returns what Numbers has to return for rows: the numbers of the wanted columns.
func numbersOf(rows []block.Row, n int, columns func(shape int64) ([]int, error)) []float64 {
	numbers := slices.Repeat([]float64{math.NaN()}, n*len(rows))
	for i, r := range rows {
		wanted, _ := columns(r.Shape)
		for position, column := range wanted {
			if number, isNumber := r.Outputs[position].(float64); isNumber && column >= 0 {
				numbers[i*n+column] = number
			}
		}
	}
	return numbers
}

func sameNumbers(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

func TestNumbersAgreeWithRows(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 1))
		rows := randomRows(random)
		n := random.IntN(4)
		wanted := map[int64][]int{0: {}, 1: {-1, -1, -1}}
		for column := range min(n, 3) {
			wanted[1][(column+1)%3] = column
		}
		columns := func(shape int64) ([]int, error) { return wanted[shape], nil }
		head, data := encode(t, rows)
		h, err := block.DecodeHead(head)
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.Numbers([]float64{1, 2}, data, n, columns)
		if want := numbersOf(rows, n, columns); err != nil || !sameNumbers(got, want) {
			t.Fatalf("seed %d: numbers %v, error %v, want %v", seed, got, err, want)
		}
	}
}

func TestNumbersOfDamagedBlocks(t *testing.T) {
	head, data := encode(t, httpRows(30, 1000))
	h, err := block.DecodeHead(head)
	if err != nil {
		t.Fatal(err)
	}
	all := func(int64) ([]int, error) { return []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, nil }
	for at := range data {
		changed := slices.Clone(data)
		changed[at] ^= 0x55
		if _, err := h.Numbers(nil, changed, 10, all); !errors.Is(err, block.ErrDamaged) {
			t.Fatalf("byte %d is changed: error %v", at, err)
		}
	}
	few := func(int64) ([]int, error) { return []int{0}, nil }
	if _, err := h.Numbers(nil, data, 1, few); !errors.Is(err, block.ErrDamaged) {
		t.Errorf("a shape with another number of outputs: error %v", err)
	}
	unknown := errors.New("unknown shape")
	if _, err := h.Numbers(nil, data, 1, func(int64) ([]int, error) { return nil, unknown }); !errors.Is(err, unknown) {
		t.Errorf("error %v, want %v", err, unknown)
	}
}

func BenchmarkNumbers(b *testing.B) {
	for _, n := range []int{60, 120, 3600} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			head, data := encode(b, httpRows(n, 3_600_000/int64(n)))
			columns := func(int64) ([]int, error) { return []int{0, -1, 1, 2, -1, 3, -1, 4, 5, 6}, nil }
			for b.Loop() {
				h, err := block.DecodeHead(head)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := h.Numbers(nil, data, 7, columns); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
