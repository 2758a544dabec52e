package memory

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestQuarter(t *testing.T) {
	for _, c := range []struct {
		limit, machine uint64
		want           int64
	}{
		{512 << 20, 64 << 30, 128 << 20},
		{16 << 30, 64 << 30, 4 << 30},
		{math.MaxUint64, 64 << 30, 1 << 30},
		{math.MaxUint64, 2 << 30, 512 << 20},
		{math.MaxInt64, 64 << 30, 1 << 30},
	} {
		if got := quarter(c.limit, c.machine); got != c.want {
			t.Errorf("limit %d, machine %d: got %d, want %d", c.limit, c.machine, got, c.want)
		}
	}
}

func TestDefaultBudgetIsAQuarterOfGOMEMLIMIT(t *testing.T) {
	before := debug.SetMemoryLimit(64 << 20)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "64MiB")
	setLimit()
	if got := debug.SetMemoryLimit(-1); got != 64<<20 {
		t.Errorf("the limit is now %d", got)
	}
	if got := DefaultBudget(); got != 16<<20 {
		t.Errorf("the budget is %d", got)
	}
}
