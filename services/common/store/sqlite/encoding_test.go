package sqlite

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestOutputsComeBack(t *testing.T) {
	outputs := map[string]any{
		"": "", "yes": true, "no": false, "text": "some \x00 text", "zero": 0.0, "minus zero": math.Copysign(0, -1), "whole": -200.0,
		"fraction": 0.1, "largest whole": float64(1<<53 - 1), "beyond": float64(1 << 62), "infinite": math.Inf(-1), "tiny": math.SmallestNonzeroFloat64,
	}
	shape, values, err := encodeOutputs(outputs)
	if err != nil {
		t.Fatal(err)
	}
	names, err := decodeNames(shape)
	if err != nil {
		t.Fatal(err)
	}
	found, err := decodeOutputs(names, values)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(outputs, found); diff != "" {
		t.Errorf("outputs differ (-want +got):\n%s", diff)
	}
	if !math.Signbit(found["minus zero"].(float64)) {
		t.Error("minus zero lost its sign")
	}
	for cut := range values {
		if _, err := decodeOutputs(names, values[:cut]); !errors.Is(err, errEncoding) {
			t.Errorf("values cut off at %d: error %v, want %v", cut, err, errEncoding)
		}
	}
}

func TestOutputsOfOtherTypesAreRefused(t *testing.T) {
	for _, value := range []any{nil, 1, []string{"a"}, map[string]any{}} {
		var invalid *monitor.InvalidError
		if _, _, err := encodeOutputs(map[string]any{"x": value}); !errors.As(err, &invalid) {
			t.Errorf("%#v: error %v, want a monitor.InvalidError", value, err)
		}
	}
}

func TestVerdictsComeBack(t *testing.T) {
	for status := range monitor.StatusFailed + 1 {
		for i, excluded := range exclusions {
			number, err := verdict(status, excluded)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 && number != int64(status) {
				t.Errorf("the verdict of a result that counts and is %s is %d, want %d", status, number, status)
			}
			if s, e, err := splitVerdict(number); s != status || e != excluded || err != nil {
				t.Errorf("verdict %d is split into %s and %q with error %v, want %s and %q", number, s, e, err, status, excluded)
			}
		}
	}
	var invalid *monitor.InvalidError
	if _, err := verdict(monitor.StatusOK, "other"); !errors.As(err, &invalid) {
		t.Errorf("an unknown exclusion: error %v, want a monitor.InvalidError", err)
	}
	for _, status := range []monitor.Status{-1, statusRange} {
		if _, err := verdict(status, ""); !errors.As(err, &invalid) {
			t.Errorf("status %d: error %v, want a monitor.InvalidError", status, err)
		}
	}
	for _, number := range []int64{-1, int64(len(exclusions)) * statusRange} {
		if _, _, err := splitVerdict(number); !errors.Is(err, errEncoding) {
			t.Errorf("verdict %d: error %v, want %v", number, err, errEncoding)
		}
	}
}

func TestDamagedHistoryIsAnError(t *testing.T) {
	raw, err := encodeHistory([]store.Point{{Date: start, Status: monitor.StatusFailed, Value: 0.1}})
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < len(raw); cut++ {
		if _, err := decodeHistory(raw[:cut]); !errors.Is(err, errEncoding) {
			t.Errorf("history cut off at %d: error %v, want %v", cut, err, errEncoding)
		}
	}
}
