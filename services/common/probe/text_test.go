package probe

import (
	"strings"
	"testing"
)

func TestIsWhole(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "short with a mark": "a…", "longest": strings.Repeat("x", maxOutputChars),
		"longest with a mark": strings.Repeat("x", maxOutputChars-3) + "…", "longer": strings.Repeat("ä", maxOutputChars+1),
	} {
		if stored := Clipped(text); IsWhole(stored) != (stored == text) {
			t.Errorf("%s: stored as %d bytes", name, len(stored))
		}
	}
}

func TestIsAbsent(t *testing.T) {
	spec := Spec{Outputs: []Output{{Name: "size"}, {Name: "resultN"}, {Name: "hostN"}}}
	stored := map[string]any{"size": 1.0, "result1": "a", "result2": "b"}
	for name, want := range map[string]bool{
		"size": false, "other": false, "result1": false, "result2": false, "result3": true, "result99": true, "host1": false,
	} {
		if spec.IsAbsent(name, stored) != want {
			t.Errorf("%s: want %t", name, want)
		}
	}
	stored["result50"] = "z"
	if spec.IsAbsent("result51", stored) || !spec.IsAbsent("result49", stored) {
		t.Error("a result has up to 50 outputs of a series")
	}
}
