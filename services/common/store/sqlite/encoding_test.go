package sqlite

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestEncodeOutputs(t *testing.T) {
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

func TestEncodeOutputsRejectsOtherTypes(t *testing.T) {
	for _, value := range []any{nil, 1, []string{"a"}, map[string]any{}} {
		var invalid *monitor.InvalidError
		if _, _, err := encodeOutputs(map[string]any{"x": value}); !errors.As(err, &invalid) {
			t.Errorf("%#v: error %v, want a monitor.InvalidError", value, err)
		}
	}
}

func TestEncodeStatus(t *testing.T) {
	for status := range monitor.StatusFailed + 1 {
		for i, ignored := range ignoreReasons {
			code, err := encodeStatus(status, ignored)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 && code != int64(status) {
				t.Errorf("the code of status %s of a result that counts is %d, want %d", status, code, status)
			}
			if s, i, err := decodeStatus(code); s != status || i != ignored || err != nil {
				t.Errorf("code %d is decoded to %s and %q with error %v, want %s and %q", code, s, i, err, status, ignored)
			}
		}
	}
	var invalid *monitor.InvalidError
	if _, err := encodeStatus(monitor.StatusOK, "other"); !errors.As(err, &invalid) {
		t.Errorf("an unknown reason: error %v, want a monitor.InvalidError", err)
	}
	for _, status := range []monitor.Status{-1, statusSlots} {
		if _, err := encodeStatus(status, ""); !errors.As(err, &invalid) {
			t.Errorf("status %d: error %v, want a monitor.InvalidError", status, err)
		}
	}
	for _, code := range []int64{-1, int64(len(ignoreReasons)) * statusSlots} {
		if _, _, err := decodeStatus(code); !errors.Is(err, errEncoding) {
			t.Errorf("code %d: error %v, want %v", code, err, errEncoding)
		}
	}
}

func TestDecodeDamagedHistory(t *testing.T) {
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
