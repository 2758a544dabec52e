package secret

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nanomon/services/common/monitor"
)

// pattern is a secret in one encoding, and the text that replaces it.
type pattern struct{ text, replacement string }

// Scrubber replaces secrets in texts and results. A nil Scrubber replaces nothing.
type Scrubber struct {
	// patterns is in descending order of length.
	patterns []pattern
	replacer *strings.Replacer
	searches []Search
	// isCaptured reports whether a result has an output because the target answered it; nil if no output is captured.
	isCaptured func(output string) bool
}

func newScrubber(patterns []pattern, searches []Search) *Scrubber {
	patterns = slices.DeleteFunc(patterns, func(p pattern) bool { return p.text == "" })
	if len(patterns) == 0 {
		return nil
	}
	slices.SortStableFunc(patterns, func(a, b pattern) int { return cmp.Compare(len(b.text), len(a.text)) })
	pairs := make([]string, 0, 2*len(patterns))
	for _, p := range patterns {
		pairs = append(pairs, p.text, p.replacement)
	}
	return &Scrubber{patterns: patterns, replacer: strings.NewReplacer(pairs...), searches: searches}
}

// Scrub returns text with the secrets replaced.
func (s *Scrubber) Scrub(text string) string {
	if s == nil {
		return text
	}
	text = s.replacer.Replace(text)
	if cut := strings.LastIndex(text, cutMark); cut >= 0 {
		return s.scrubTruncated(text[:cut]) + text[cut:]
	}
	return text
}

const (
	// cutMark marks the end of a truncated text. It may follow the beginning of a secret.
	cutMark = "…"
	// maxRemainder is the maximum number of bytes of a secret that may remain in a text.
	maxRemainder = 3
)

// scrubTruncated replaces the beginning of a secret at the end of text.
func (s *Scrubber) scrubTruncated(text string) string {
	for _, p := range s.patterns {
		for n := min(len(p.text)-1, len(text)); n > maxRemainder; n-- {
			if strings.HasSuffix(text, p.text[:n]) {
				return text[:len(text)-n] + p.replacement
			}
		}
	}
	return text
}

// ScrubResult replaces the secrets in the message, the outputs and the value of r. It copies the outputs, which other
// results may share.
func (s *Scrubber) ScrubResult(r *monitor.Result) {
	if s == nil {
		return
	}
	r.Message = s.Scrub(r.Message)
	r.Outputs = maps.Clone(r.Outputs)
	for name, value := range r.Outputs {
		switch value := value.(type) {
		case string:
			r.Outputs[name] = s.Scrub(value)
		case float64:
			if replacement := s.capturedReplacement(name, value); replacement != "" {
				r.Outputs[name] = replacement
			}
		}
	}
	for _, search := range s.searches {
		number, ok := r.Outputs[search.Output].(float64)
		if replacement := s.scrubNumber(number); ok && replacement != "" {
			search.replace(r, replacement)
		}
	}
}

// replace replaces what was found in the outputs and the value of r.
func (s Search) replace(r *monitor.Result, replacement string) {
	r.Outputs[s.Output] = replacement
	if _, exists := r.Outputs[s.Text]; exists {
		r.Outputs[s.Text] = replacement
	}
	r.Value, _ = r.Outputs[s.Value].(float64)
}

// HidesNumber reports whether [Scrubber.ScrubResult] replaces a number in an output.
func (s *Scrubber) HidesNumber(output string, n float64) bool {
	if s == nil {
		return false
	}
	isSearched := slices.ContainsFunc(s.searches, func(search Search) bool { return search.Output == output })
	return isSearched && s.scrubNumber(n) != "" || s.capturedReplacement(output, n) != ""
}

// capturedReplacement returns the replacement of a captured number that is a secret, or an empty string.
func (s *Scrubber) capturedReplacement(output string, n float64) string {
	if s.isCaptured == nil || !s.isCaptured(output) {
		return ""
	}
	return s.scrubNumber(n)
}

// scrubNumber returns the replacement of a number that equals or contains a secret, or an empty string.
func (s *Scrubber) scrubNumber(n float64) string {
	digits := strconv.FormatFloat(n, 'f', -1, 64)
	for _, p := range s.patterns {
		secretNumber, err := strconv.ParseFloat(p.text, 64)
		// Only the first digits of a long number are exact.
		prefix := p.text[:min(len(p.text), 12)]
		if err == nil && (secretNumber == n || len(p.text) > maxRemainder && strings.Contains(digits, prefix)) {
			return p.replacement
		}
	}
	return ""
}

// patternsFor returns patterns for value itself and for its usual encodings.
func patternsFor(value, replacement string) []pattern {
	texts := []string{value, html.EscapeString(value), quoted(value)}
	for _, escaped := range []string{
		escape(value), EscapeURL(strings.ReplaceAll(value, "%", "%25")), url.QueryEscape(value), url.PathEscape(value),
		(&url.URL{Path: "/" + value}).EscapedPath()[1:], url.UserPassword("", value).String()[1:],
		(&url.URL{Fragment: value}).EscapedFragment(), EscapeURL(value), inJavaScript.Replace(escape(value)),
	} {
		texts = append(texts, escaped, escapedByte.ReplaceAllStringFunc(escaped, strings.ToLower))
	}
	encoded, _ := json.Marshal(value) // Encoding a string never fails.
	inJSON := string(encoded[1 : len(encoded)-1])
	texts = append(texts, inJSON, strings.ReplaceAll(inJSON, "/", `\/`))
	slices.Sort(texts)
	patterns := base64Fragments(value, replacement)
	for _, text := range slices.Compact(texts) {
		patterns = append(patterns, pattern{text, replacement})
	}
	return patterns
}

// inJavaScript removes the escapes of characters that encodeURIComponent does not escape.
var inJavaScript = strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")

var escapedByte = regexp.MustCompile(`%[0-9A-F]{2}`)

// quoted returns a text as Go quotes it, without the quotes. Go escapes control characters and < > & differently than
// JSON.
func quoted(text string) string {
	text = strconv.Quote(text)
	return text[1 : len(text)-1]
}

// minFragment is the minimum length of a base64 fragment. Shorter fragments are too likely to occur by chance.
const minFragment = 8

// base64Fragments returns patterns for the base64 characters that encode only bytes of value, for each possible
// position of value in the encoded text.
func base64Fragments(value, replacement string) []pattern {
	var patterns []pattern
	for before := range 3 {
		whole := base64.RawStdEncoding.EncodeToString([]byte("\x00\x00"[:before] + value))
		first, end := (before*8+5)/6, (before+len(value))*8/6
		if end-first >= minFragment {
			patterns = append(patterns, base64Patterns(whole[first:end], replacement)...)
		}
	}
	return patterns
}

// basicAuthPatterns returns patterns for the user information of a URL as basic authentication encodes it.
func basicAuthPatterns(user, replacement string) []pattern {
	name, password, _ := strings.Cut(user, ":")
	return base64Patterns(base64.StdEncoding.EncodeToString([]byte(unescape(name)+":"+unescape(password))), replacement)
}

// base64Patterns returns patterns for a base64 text in the standard and in the URL alphabet.
func base64Patterns(text, replacement string) []pattern {
	return []pattern{{text, replacement}, {strings.NewReplacer("+", "-", "/", "_").Replace(text), replacement}}
}

// unescape returns a part of a URL with its escapes decoded, or unchanged if they are invalid.
func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
