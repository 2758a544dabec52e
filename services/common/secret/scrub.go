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

// form is one way in which a secret may turn up, and what takes its place.
type form struct{ text, replacement string }

// Scrubber replaces secrets wherever they turn up. A nil one has none to replace.
type Scrubber struct {
	// forms are in descending order of length.
	forms []form
	all   *strings.Replacer
}

func newScrubber(forms []form) *Scrubber {
	forms = slices.DeleteFunc(forms, func(f form) bool { return f.text == "" })
	if len(forms) == 0 {
		return nil
	}
	slices.SortStableFunc(forms, func(a, b form) int { return cmp.Compare(len(b.text), len(a.text)) })
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range forms {
		pairs = append(pairs, f.text, f.replacement)
	}
	return &Scrubber{forms: forms, all: strings.NewReplacer(pairs...)}
}

// Text is text without the secrets.
func (s *Scrubber) Text(text string) string {
	if s == nil {
		return text
	}
	text = s.all.Replace(text)
	if cut := strings.LastIndex(text, cutMark); cut >= 0 {
		return s.trimStart(text[:cut]) + text[cut:]
	}
	return text
}

// cutMark stands where a long text was cut, which may be in the middle of a secret; leastCut is how much of one may stand before it.
const (
	cutMark  = "…"
	leastCut = 3
)

// trimStart replaces the beginning of a secret at the end of text.
func (s *Scrubber) trimStart(text string) string {
	for _, f := range s.forms {
		for n := min(len(f.text)-1, len(text)); n > leastCut; n-- {
			if strings.HasSuffix(text, f.text[:n]) {
				return text[:len(text)-n] + f.replacement
			}
		}
	}
	return text
}

// found is the output whose number may be one that the target has sent; respTime is the value of a result without it.
const (
	found    = "regexMatch"
	respTime = "respTime"
)

// Result scrubs what r says. It leaves the outputs of other results that share them as they are.
func (s *Scrubber) Result(r *monitor.Result) {
	if s == nil {
		return
	}
	r.Message = s.Text(r.Message)
	r.Outputs = maps.Clone(r.Outputs)
	for name, value := range r.Outputs {
		switch value := value.(type) {
		case string:
			r.Outputs[name] = s.Text(value)
		case float64:
			if hidden := s.number(value); hidden != "" && name == found {
				r.Outputs[name] = hidden
				r.Value, _ = r.Outputs[respTime].(float64)
			}
		}
	}
}

// number is what takes the place of a number that is or holds a secret; empty for others.
func (s *Scrubber) number(n float64) string {
	digits := strconv.FormatFloat(n, 'f', -1, 64)
	for _, f := range s.forms {
		same, err := strconv.ParseFloat(f.text, 64)
		// Of a long number only the first digits are exact.
		if err == nil && (same == n || len(f.text) > leastCut && strings.Contains(digits, f.text[:min(len(f.text), 12)])) {
			return f.replacement
		}
	}
	return ""
}

// formsOf are value itself and what encoders make of it.
func formsOf(value, replacement string) []form {
	texts := []string{value, html.EscapeString(value), quoted(value)}
	for _, escaped := range []string{
		escape(value), url.QueryEscape(value), url.PathEscape(value),
		(&url.URL{Path: "/" + value}).EscapedPath()[1:], url.UserPassword("", value).String()[1:],
	} {
		texts = append(texts, escaped, escapedByte.ReplaceAllStringFunc(escaped, strings.ToLower))
	}
	plain, _ := json.Marshal(value) // A string always encodes.
	texts = append(texts, string(plain[1:len(plain)-1]), strings.ReplaceAll(string(plain[1:len(plain)-1]), "/", `\/`))
	slices.Sort(texts)
	forms := within64(value, replacement)
	for _, text := range slices.Compact(texts) {
		forms = append(forms, form{text, replacement})
	}
	return forms
}

var escapedByte = regexp.MustCompile(`%[0-9A-F]{2}`)

// quoted is a text as Go quotes it, which differs from JSON in control characters and in < > and &.
func quoted(text string) string {
	text = strconv.Quote(text)
	return text[1 : len(text)-1]
}

// leastWithin64 is how many characters of base64 are taken for more than chance.
const leastWithin64 = 8

// within64 are the characters of base64 that hold value and nothing else, wherever it stands in what was encoded.
func within64(value, replacement string) []form {
	var forms []form
	for before := range 3 {
		whole := base64.RawStdEncoding.EncodeToString([]byte("\x00\x00"[:before] + value))
		first, end := (before*8+5)/6, (before+len(value))*8/6
		if end-first >= leastWithin64 {
			forms = append(forms, in64(whole[first:end], replacement)...)
		}
	}
	return forms
}

// base64Of are the encodings of user information of a URL, as basic authentication sends it.
func base64Of(user, replacement string) []form {
	name, password, _ := strings.Cut(user, ":")
	return in64(base64.StdEncoding.EncodeToString([]byte(unescape(name)+":"+unescape(password))), replacement)
}

// in64 is text in both alphabets of base64.
func in64(text, replacement string) []form {
	return []form{{text, replacement}, {strings.NewReplacer("+", "-", "/", "_").Replace(text), replacement}}
}

// unescape is a part of a URL as it was before it was escaped.
func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
