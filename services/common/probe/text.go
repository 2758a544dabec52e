package probe

import (
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxOutputChars is the maximum length of a stored string output.
	maxOutputChars = 1000
	// cutMark follows the beginning of a longer text.
	cutMark = "…"
	// maxSeries is the maximum number of stored outputs of a series such as result1, result2 and so on.
	maxSeries = 50
)

// Stored returns the outputs that a result contains, with clipped texts. A rule sees all of outputs. If nothing has to
// be changed, Stored returns outputs itself, otherwise a copy; never nil.
func (s Spec) Stored(outputs map[string]any) map[string]any {
	if outputs == nil {
		return map[string]any{}
	}
	stored, isCopy := outputs, false
	for name, value := range outputs {
		output, _ := s.Output(name)
		drop := output.RuleOnly || numberIn(output, name) > maxSeries
		text, _ := value.(string)
		var clipped string
		if !drop {
			clipped = Clipped(text)
		}
		if !drop && clipped == text {
			continue
		}
		if !isCopy {
			stored, isCopy = maps.Clone(outputs), true
		}
		if drop {
			delete(stored, name)
		} else {
			stored[name] = clipped
		}
	}
	return stored
}

// IsWhole reports whether a text in a result is all of the output, and not only its beginning.
func IsWhole(text string) bool {
	return len(text) <= maxOutputChars || !strings.HasSuffix(text, cutMark)
}

// IsAbsent reports whether a check did not produce the output called name, because its result contains another one of
// the same series. If it contains none, or if it can't contain more of them, this is not known.
func (s Spec) IsAbsent(name string, stored map[string]any) bool {
	output, _ := s.Output(name)
	number := numberIn(output, name)
	has := func(number int) bool {
		_, exists := stored[strings.TrimSuffix(output.Name, "N")+strconv.Itoa(number)]
		return exists
	}
	return number > 0 && !has(number) && has(1) && (number <= maxSeries || !has(maxSeries))
}

// numberIn returns the number of the output called name in its series, or 0 if output is not a series.
func numberIn(output Output, name string) int {
	series, isSeries := strings.CutSuffix(output.Name, "N")
	if !isSeries {
		return 0
	}
	number, _ := strconv.Atoi(strings.TrimPrefix(name, series))
	return number
}

// millis returns d in milliseconds, with a resolution of one microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Clipped returns text as results contain it: valid UTF-8 of at most 1,000 characters.
func Clipped(text string) string {
	return validUTF8(clip(text, maxOutputChars))
}

func validUTF8(text string) string { return strings.ToValidUTF8(text, string(utf8.RuneError)) }

// clip truncates text to limit characters and marks the cut with an ellipsis.
func clip(text string, limit int) string {
	chars := 0
	for i := range text {
		if chars == limit {
			return text[:i] + cutMark
		}
		chars++
	}
	return text
}
