package clock

import (
	"testing"
	"time"
)

func TestCorrection(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		offsets []time.Duration
		want    time.Duration
	}{
		{nil, 0},
		{[]time.Duration{600 * s}, 0},
		{[]time.Duration{-600 * s, -601 * s}, -600 * s},
		{[]time.Duration{600 * s, -s}, 0},
		{[]time.Duration{600 * s, 0, 0}, 0},
		{[]time.Duration{-600 * s, -600 * s, 0}, 0},
		{[]time.Duration{599 * s, 600 * s, 601 * s}, 599 * s},
	} {
		if got := Correction(c.offsets); got != c.want {
			t.Errorf("%v: %s, want %s", c.offsets, got, c.want)
		}
	}
}
