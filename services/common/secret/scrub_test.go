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

// echoes are what targets, proxies and libraries make of a text that they repeat.
func echoes(text string) map[string]string {
	lower := func(escaped string) string { return escapedByte.ReplaceAllStringFunc(escaped, strings.ToLower) }
	plain, _ := json.Marshal(text)
	redirect := &url.URL{Scheme: "http", Host: "h", User: url.UserPassword("me", text), Path: "/x/" + text, RawQuery: url.Values{"k": {text}}.Encode()}
	withQuery, _ := json.Marshal(map[string]string{"url": redirect.String()})
	return map[string]string{
		"as it is": text, "twice": text + text, "in a sentence": "got " + text + ", sorry",
		"query": url.QueryEscape(text), "query in lower case": lower(url.QueryEscape(text)),
		"path": url.PathEscape(text), "path in lower case": lower(url.PathEscape(text)),
		"URL": redirect.String(), "URL in lower case": lower(redirect.String()), "URL in JSON": string(withQuery),
		"JSON": string(plain), "quoted": fmt.Sprintf("%q", text), "HTML": html.EscapeString(text),
	}
}

func TestScrubberKnowsEncodings(t *testing.T) {
	for _, value := range []string{
		"s3cret", "correct horse", `p@ss/w:o?r&d#%+`, `"quoted" \ <tag> 'x'`, "tab\tand\nline", "pässwörd ☃", "a+b=c;d,e!f*g(h)", "12345678", "%41%2f",
	} {
		s := newScrubber(formsOf(value, "${env:X}"))
		for how, text := range echoes(value) {
			got := s.Text(text)
			if strings.Contains(got, value) || got == text {
				t.Errorf("%q, %s: %q became %q", value, how, text, got)
			}
			for _, form := range []string{url.QueryEscape(value), url.PathEscape(value)} {
				if len(form) > 3 && strings.Contains(strings.ToLower(got), strings.ToLower(form)) {
					t.Errorf("%q, %s: %q still holds %s", value, how, got, form)
				}
			}
		}
	}
}

func TestScrubberKnowsBase64(t *testing.T) {
	const password = "correct horse"
	s := newScrubber(formsOf(password, "${env:X}"))
	for _, before := range []string{"", "u", "me", "you", "user:", "Ada Lovelace:"} {
		for _, after := range []string{"", ".", "..", "..."} {
			for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
				text := encoding.EncodeToString([]byte(before + password + after))
				if got := s.Text("Basic " + text); !strings.Contains(got, "${env:X}") || len(strings.ReplaceAll(got, "${env:X}", "")) > len("Basic ")+len(text)-14 {
					t.Errorf("%s:%s: %s became %s", before, after, text, got)
				}
			}
		}
	}
	// A short one is known by the user information that it is a part of.
	_, hide, err := mustSource(t, "env:PW", map[string]string{"PW": "ab+"}).Resolve(monitor.Monitor{Target: "http://me:${env:PW}@h/"})
	if err != nil {
		t.Fatal(err)
	}
	if got := hide.Text("Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("me:ab+"))); got != "Authorization: Basic me:${env:PW}" {
		t.Errorf("got %s", got)
	}
}

func TestScrubberOfSeveral(t *testing.T) {
	s := newScrubber(append(formsOf("pass", "${env:SHORT}"), formsOf("password", "${env:LONG}")...))
	for text, want := range map[string]string{
		"":                      "",
		"nothing":               "nothing",
		"password pass passw":   "${env:LONG} ${env:SHORT} ${env:SHORT}w",
		"a long text, passwor…": "a long text, ${env:SHORT}wor…",
		"pas… is too little":    "pas… is too little",
		"xpass…":                "x${env:SHORT}…",
	} {
		if got := s.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	cut := newScrubber(formsOf("abcdefgh", "R"))
	if got := cut.Text("so abcdefg… and abcdefg…\""); got != "so abcdefg… and R…\"" {
		t.Errorf("got %q", got)
	}
	if newScrubber(nil).Text("x") != "x" || newScrubber(formsOf("", "R")) != nil {
		t.Error("nothing is hidden, and yet there is a scrubber")
	}
}

func TestScrubbedResult(t *testing.T) {
	shared := map[string]any{"regexMatch": "key=s3cret", "status": 200.0, "finalUrl": "http://h/?k=s3cret", "bodyTruncated": true, "respTime": 7.5}
	r := monitor.Result{Value: 7.5, Message: "no answer from s3cret", MonitorTarget: "http://h/?k=${env:K}", Outputs: shared}
	newScrubber(formsOf("s3cret", "${env:K}")).Result(&r)
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
		r := monitor.Result{Value: c.number, Outputs: map[string]any{"regexMatch": c.number, "respTime": 3.0}}
		newScrubber(formsOf(c.value, "R")).Result(&r)
		if hidden := r.Outputs["regexMatch"] == "R" && r.Value == 3; hidden != c.hidden || !hidden && r.Value != c.number {
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
		s := newScrubber(formsOf(value, replacement))
		if value == "" || strings.ContainsAny(value, "•…") || !utf8.ValidString(value) {
			return
		}
		for how, text := range echoes(value) {
			got := s.Text(before + text + after)
			if strings.Contains(got, value) {
				t.Errorf("%s: %q in %q", how, value, got)
			}
		}
	})
}
