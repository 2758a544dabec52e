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

func TestDamagedHistoryIsAnError(t *testing.T) {
	raw := encodeHistory([]store.Point{{Date: start, Status: monitor.StatusFailed, Value: 0.1}})
	for cut := 1; cut < len(raw); cut++ {
		if _, err := decodeHistory(raw[:cut]); !errors.Is(err, errEncoding) {
			t.Errorf("history cut off at %d: error %v, want %v", cut, err, errEncoding)
		}
	}
}
