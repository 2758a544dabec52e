package probe

import (
	"strings"
	"time"
	"unicode/utf8"
)

// maxOutputChars is the maximum length of a stored string output.
const maxOutputChars = 1000

// millis returns d in milliseconds, with a resolution of one microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// printable converts text to an output that can be stored: valid UTF-8 of at most maxOutputChars characters.
func printable(text string) string {
	return clip(validUTF8(text), maxOutputChars)
}

func validUTF8(text string) string { return strings.ToValidUTF8(text, string(utf8.RuneError)) }

// clip truncates text to limit characters and marks the cut with an ellipsis.
func clip(text string, limit int) string {
	chars := 0
	for i := range text {
		if chars == limit {
			return text[:i] + "…"
		}
		chars++
	}
	return text
}
