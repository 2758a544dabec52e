package secret

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
)

// encodings returns text in the encodings in which targets, proxies and libraries may repeat it.
func encodings(text string) map[string]string {
	lower := func(escaped string) string { return escapedByte.ReplaceAllStringFunc(escaped, strings.ToLower) }
	plain, _ := json.Marshal(text)
	redirect := &url.URL{Scheme: "http", Host: "h", User: url.UserPassword("me", text), Path: "/x/" + text, RawQuery: url.Values{"k": {text}}.Encode()}
	withQuery, _ := json.Marshal(map[string]string{"url": redirect.String()})
	return map[string]string{
		"as it is": text, "twice": text + text, "in a sentence": "got " + text + ", sorry",
		"query": url.QueryEscape(text), "query in lower case": lower(url.QueryEscape(text)),
		"target": EscapeURL(strings.ReplaceAll(text, "%", "%25")), "query of a redirect": EscapeURL(text),
		"fragment":   (&url.URL{Fragment: text}).String(),
		"JavaScript": strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(escape(text)), "path": url.PathEscape(text), "path in lower case": lower(url.PathEscape(text)),
		"URL": redirect.String(), "URL in lower case": lower(redirect.String()), "URL in JSON": string(withQuery),
		"JSON": string(plain), "quoted": fmt.Sprintf("%q", text), "HTML": html.EscapeString(text),
	}
}

func TestScrubEncodings(t *testing.T) {
	for _, value := range []string{
		"s3cret", "correct horse", `p@ss/w:o?r&d#%+`, `"quoted" \ <tag> 'x'`, "tab\tand\nline", "pässwörd ☃", "a+b=c;d,e!f*g(h)", "12345678", "%41%2f", `50% x"y?z'[`,
	} {
		s := newScrubber(patternsFor(value, "${env:X}"), found)
		for how, text := range encodings(value) {
			got := s.Scrub(text)
			if strings.Contains(got, value) || got == text {
				t.Errorf("%q, %s: %q became %q", value, how, text, got)
			}
			for _, form := range []string{url.QueryEscape(value), url.PathEscape(value)} {
				if len(form) > 3 && strings.Contains(strings.ToLower(got), strings.ToLower(form)) {
					t.Errorf("%q, %s: %q still contains %s", value, how, got, form)
				}
			}
		}
	}
}

func TestScrubBase64(t *testing.T) {
	const password = "correct horse"
	s := newScrubber(patternsFor(password, "${env:X}"), found)
	for _, before := range []string{"", "u", "me", "you", "user:", "Ada Lovelace:"} {
		for _, after := range []string{"", ".", "..", "..."} {
			for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
				text := encoding.EncodeToString([]byte(before + password + after))
				if got := s.Scrub("Basic " + text); !strings.Contains(got, "${env:X}") || len(strings.ReplaceAll(got, "${env:X}", "")) > len("Basic ")+len(text)-14 {
					t.Errorf("%s:%s: %s became %s", before, after, text, got)
				}
			}
		}
	}
	// A short secret is found as a part of the user information.
	_, scrubber, err := newSource(t, "env:PW", map[string]string{"PW": "ab+"}).Resolve(monitor.Monitor{Target: "http://me:${env:PW}@h/"}, types)
	if err != nil {
		t.Fatal(err)
	}
	if got := scrubber.Scrub("Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("me:ab+"))); got != "Authorization: Basic me:${env:PW}" {
		t.Errorf("got %s", got)
	}
}

func TestScrubSeveralSecrets(t *testing.T) {
	s := newScrubber(append(patternsFor("pass", "${env:SHORT}"), patternsFor("password", "${env:LONG}")...), found)
	for text, want := range map[string]string{
		"":                      "",
		"nothing":               "nothing",
		"password pass passw":   "${env:LONG} ${env:SHORT} ${env:SHORT}w",
		"a long text, passwor…": "a long text, ${env:SHORT}wor…",
		"pas… is too little":    "pas… is too little",
		"xpass…":                "x${env:SHORT}…",
	} {
		if got := s.Scrub(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	cut := newScrubber(patternsFor("abcdefgh", "R"), found)
	if got := cut.Scrub("so abcdefg… and abcdefg…\""); got != "so abcdefg… and R…\"" {
		t.Errorf("got %q", got)
	}
	if newScrubber(nil, found).HidesNumber("regexMatch", 1) {
		t.Error("a number is hidden without secrets")
	}
	if newScrubber(nil, found).Scrub("x") != "x" || newScrubber(patternsFor("", "R"), found) != nil {
		t.Error("want no scrubber without secrets")
	}
}

func TestScrubResult(t *testing.T) {
	shared := map[string]any{"regexMatch": "key=s3cret", "status": 200.0, "finalUrl": "http://h/?k=s3cret", "bodyTruncated": true, "respTime": 7.5}
	r := monitor.Result{Value: 7.5, Message: "no answer from s3cret", MonitorTarget: "http://h/?k=${env:K}", Outputs: shared}
	newScrubber(patternsFor("s3cret", "${env:K}"), found).ScrubResult(&r)
	want := monitor.Result{Value: 7.5, Message: "no answer from ${env:K}", MonitorTarget: "http://h/?k=${env:K}",
		Outputs: map[string]any{"regexMatch": "key=${env:K}", "status": 200.0, "finalUrl": "http://h/?k=${env:K}", "bodyTruncated": true, "respTime": 7.5}}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if shared["regexMatch"] != "key=s3cret" {
		t.Error("the outputs of another result were changed")
	}
	for _, c := range []struct {
		value  string
		number float64
		hidden bool
	}{
		{"12345", 12345, true}, {"12345", 9912345, true}, {"12345", 12.345, false}, {"12345", 1234, false}, {"1e3", 1000, true}, {"5", 5, true}, {"5", 25, false},
		{"12345678901234567890", 12345678901234567890, true}, {"12345678901234567890", 7712345678901234567890, true}, {"x", 1, false},
	} {
		text := fmt.Sprintf("%e", c.number)
		r := monitor.Result{Value: c.number, Outputs: map[string]any{"regexMatch": c.number, "regexText": text, "respTime": 3.0}}
		scrubber := newScrubber(patternsFor(c.value, "R"), found)
		scrubber.ScrubResult(&r)
		if scrubber.HidesNumber("regexMatch", c.number) != c.hidden || scrubber.HidesNumber("respTime", c.number) {
			t.Errorf("%s in %v: HidesNumber does not agree", c.value, c.number)
		}
		if hidden := r.Outputs["regexMatch"] == "R" && r.Outputs["regexText"] == "R" && r.Value == 3; hidden != c.hidden || !hidden && r.Value != c.number {
			t.Errorf("%s in %v: %+v", c.value, c.number, r)
		}
	}
}

func FuzzScrubber(f *testing.F) {
	f.Add("s3cret", "before", "after")
	f.Add(`a/b"c`, "%", "…")
	f.Add("aba", "ab", "ba")
	f.Fuzz(func(t *testing.T, value, before, after string) {
		const replacement = "•"
		s := newScrubber(patternsFor(value, replacement), found)
		if value == "" || strings.ContainsAny(value, "•…") || !utf8.ValidString(value) {
			return
		}
		for how, text := range encodings(value) {
			got := s.Scrub(before + text + after)
			if strings.Contains(got, value) {
				t.Errorf("%s: %q in %q", how, value, got)
			}
		}
	})
}
