package probe

import (
	"strings"
	"time"
	"unicode/utf8"
)

// maxOutputChars is the longest string output that is stored.
const maxOutputChars = 1000

// millis is d in milliseconds, exact to a microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// printable is text as an output that is stored: valid UTF-8 of at most maxOutputChars characters.
func printable(text string) string {
	return clip(validUTF8(text), maxOutputChars)
}

func validUTF8(text string) string { return strings.ToValidUTF8(text, string(utf8.RuneError)) }

// clip cuts text after most characters and marks the cut.
func clip(text string, most int) string {
	chars := 0
	for i := range text {
		if chars == most {
			return text[:i] + "…"
		}
		chars++
	}
	return text
}
