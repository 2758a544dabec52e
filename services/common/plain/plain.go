// Package plain limits texts for people to one line and to a maximum length, and counts things in them.
package plain

import (
	"strconv"
	"strings"
	"unicode"
)

// Line returns text as one line of at most limit characters, without control characters and without marks that
// change the direction of the text.
func Line(text string, limit int) string {
	var line strings.Builder
	for _, word := range strings.Fields(strings.ToValidUTF8(text, "\uFFFD")) {
		word = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				return -1
			}
			return r
		}, word)
		if word == "" {
			continue
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(word)
	}
	return Shorten(line.String(), limit)
}

// Shorten cuts text to limit characters, of which the last one is an ellipsis.
func Shorten(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}

// Count returns a number of things, such as 1 monitor or 12 monitors. The plural of the noun has an s.
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
