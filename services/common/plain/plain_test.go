package plain

import "testing"

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "",
		" a\r\n\tb ":          "a b",
		"a\x00b \u202E\u2066": "ab",
		"a\xffb":              "a\uFFFDb",
		"one two":             "one two",
		"one two three":       "one tw…",
		"äöü äöü äöü":         "äöü äö…",
	} {
		if got := Line(text, 7); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 results", 1: "1 result", 2: "2 results", 1000: "1000 results"} {
		if got := Count(n, "result"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
