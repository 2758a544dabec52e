package block_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"

	"nanomon/services/common/store/sqlite/block"
)

// start is an hour in milliseconds since 1970.
const start = 1_764_000_000_000

// httpRows returns n results of an HTTP monitor, interval milliseconds apart.
func httpRows(n int, interval int64) []block.Row {
	random := rand.New(rand.NewPCG(1, 2))
	millis := func(mean float64) float64 { return math.Round(1000*random.ExpFloat64()*mean) / 1000 }
	rows := make([]block.Row, n)
	for i := range rows {
		date := start + int64(i)*interval + random.Int64N(4)
		rows[i] = block.Row{Seq: int64(1000*i) + random.Int64N(1000), Date: date, ID: newID(random, date), Label: 7, Shape: 3}
		respTime := millis(30)
		rows[i].Value = respTime
		rows[i].Outputs = []any{
			5120.0, false, millis(2), 0.0, "https://shop.example.org/health", millis(20), "192.0.2.1", respTime, 200.0, millis(9),
		}
	}
	return rows
}

func newID(random *rand.Rand, date int64) (id [block.IDSize]byte) {
	binary.BigEndian.PutUint32(id[:4], uint32(date/1000))
	binary.BigEndian.PutUint64(id[4:], random.Uint64())
	return id
}

func encode(t testing.TB, rows []block.Row) (head, data []byte) {
	t.Helper()
	head, data, err := block.Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	return head, data
}

func decode(head, data []byte) ([]block.Row, error) {
	h, err := block.DecodeHead(head)
	if err != nil {
		return nil, err
	}
	return h.Decode(data)
}

func TestBlockIsSmall(t *testing.T) {
	for _, n := range []int{60, 120, 360, 3600} {
		rows := httpRows(n, 3_600_000/int64(n))
		head, data := encode(t, rows)
		got, err := decode(head, data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rows, got); diff != "" {
			t.Errorf("- encoded, + decoded\n%s", diff)
		}
		each := float64(len(head)+len(data)) / float64(n)
		t.Logf("%d results: %.1f bytes each", n, each)
		if each > 30 {
			t.Errorf("%d results take %.1f bytes each", n, each)
		}
	}
}

// randomRows returns rows of two shapes with all kinds of values.
func randomRows(random *rand.Rand) []block.Row {
	values := []any{
		true, false, "", "text", 0.0, math.Copysign(0, -1), 0.001, -12.345, 1e300, math.Inf(1), math.MaxInt64 * 1.0, math.SmallestNonzeroFloat64,
		float64(1 << 53), math.Pi,
	}
	rows := make([]block.Row, random.IntN(20))
	date := int64(start)
	for i := range rows {
		date += random.Int64N(100_000)
		shape := random.Int64N(2)
		outputs := make([]any, 3*shape)
		for position := range outputs {
			outputs[position] = values[random.IntN(len(values))]
		}
		value, _ := values[4+random.IntN(len(values)-4)].(float64)
		rows[i] = block.Row{
			Seq: random.Int64() - random.Int64(), Date: date, ID: newID(random, date+random.Int64N(5000)), Label: random.Int64N(3), Shape: shape,
			Status: random.Int64N(12), Value: value, Message: []string{"", "timed out"}[random.IntN(2)], Outputs: outputs,
		}
	}
	return rows
}

var sameBits = cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })

func TestEveryRowIsDecoded(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 0))
		rows := randomRows(random)
		head, data := encode(t, rows)
		h, err := block.DecodeHead(head)
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rows, got, sameBits, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d: - encoded, + decoded\n%s", seed, diff)
		}
		var some []block.Row
		var positions []int
		for i, r := range rows {
			if h.Dates[i] != r.Date || h.Statuses[i] != r.Status {
				t.Fatalf("seed %d: head %+v of %+v", seed, h, rows)
			}
			if random.IntN(3) == 0 {
				some, positions = append(some, r), append(positions, i)
			}
		}
		got, err = h.DecodeRows(data, positions)
		if diff := cmp.Diff(some, got, sameBits, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Fatalf("seed %d, positions %v, error %v: - encoded, + decoded\n%s", seed, positions, err, diff)
		}
	}
}

func TestTooLargeForABlock(t *testing.T) {
	rows := httpRows(2, 1000)
	rows[1].Message = strings.Repeat("x", 17<<20)
	if _, _, err := block.Encode(rows); !errors.Is(err, block.ErrTooLarge) {
		t.Errorf("error %v, want %v", err, block.ErrTooLarge)
	}
}

// TestDamageIsFound changes each byte of a block, cuts the block, and decodes it. No change may go unnoticed.
func TestDamageIsFound(t *testing.T) {
	head, data := encode(t, httpRows(30, 1000))
	for at := range len(head) + len(data) {
		both := slices.Concat(head, data)
		both[at] ^= 0x55
		if rows, err := decode(both[:len(head)], both[len(head):]); !errors.Is(err, block.ErrDamaged) {
			t.Fatalf("byte %d is changed: %d rows, error %v", at, len(rows), err)
		}
	}
	for length := range head {
		if _, err := decode(head[:length], data); !errors.Is(err, block.ErrDamaged) {
			t.Fatalf("%d bytes of the head: error %v", length, err)
		}
	}
	for length := range data {
		if _, err := decode(head, data[:length]); !errors.Is(err, block.ErrDamaged) {
			t.Fatalf("%d bytes of the data: error %v", length, err)
		}
	}
}

// FuzzDecode decodes any bytes as the head and the columns of a block, with valid checksums.
func FuzzDecode(f *testing.F) {
	compress, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	expand, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, rows := range [][]block.Row{nil, httpRows(3, 1000), randomRows(random), randomRows(random)} {
		head, data := encode(f, rows)
		columns, err := expand.DecodeAll(data, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(head[:len(head)-4], columns)
	}
	f.Fuzz(func(t *testing.T, head, columns []byte) {
		head = binary.LittleEndian.AppendUint32(head, crc32.ChecksumIEEE(head))
		rows, err := decode(head, compress.EncodeAll(columns, nil))
		if err != nil {
			return
		}
		again, err := decode(encode(t, rows))
		if diff := cmp.Diff(rows, again, sameBits, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("error %v: - decoded, + encoded and decoded\n%s", err, diff)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	rows := httpRows(120, 30_000)
	for b.Loop() {
		encode(b, rows)
	}
}

func BenchmarkDecode(b *testing.B) {
	head, data := encode(b, httpRows(120, 30_000))
	for _, positions := range [][]int{{60}, nil} {
		b.Run(fmt.Sprint(len(positions)), func(b *testing.B) {
			for b.Loop() {
				h, err := block.DecodeHead(head)
				if err != nil {
					b.Fatal(err)
				}
				if positions == nil {
					_, err = h.Decode(data)
				} else {
					_, err = h.DecodeRows(data, positions)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
