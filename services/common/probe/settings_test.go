package probe

import (
	"maps"
	"strings"
	"testing"
	"time"
)

// allKinds is a spec with a property of every kind.
var allKinds = Spec{Type: "test", Properties: []Property{
	{Name: "wait", Kind: KindDuration, Default: "5s", Min: 10, Max: 60_000},
	{Name: "count", Kind: KindInteger, Default: "3", Min: 1, Max: 100},
	{Name: "size", Kind: KindBytes, Default: "1MiB", Min: 1, Max: 4 << 20},
	{Name: "flag", Kind: KindBool, Default: "true"},
	{Name: "color", Kind: KindChoice, Default: "red", Choices: []string{"red", "blue"}},
	{Name: "pattern", Kind: KindRegex},
	{Name: "labels", Kind: KindStringMap},
	{Name: "line", Kind: KindText},
	{Name: "lines", Kind: KindLongText},
	{Name: "share", Kind: KindPercent},
}}

func TestSettingsDefaults(t *testing.T) {
	s, err := NewSettings(allKinds, props{"count": "", "nonsense": ""})
	if err != nil {
		t.Fatal(err)
	}
	if s.Duration("wait") != 5*time.Second || s.Int("count") != 3 || s.Bytes("size") != 1<<20 || !s.Bool("flag") || s.Text("color") != "red" {
		t.Errorf("defaults are wrong: %v", s.values)
	}
	if s.Regex("pattern") != nil || s.StringMap("labels") != nil || s.Text("line") != "" || s.Int("alertFailCount") != 0 || s.Bool("alertMute") {
		t.Errorf("an unset property has a value: %v", s.values)
	}
}

func TestSettingsValues(t *testing.T) {
	s, err := NewSettings(allKinds, props{
		"wait": "250ms", "count": "100", "size": "64 KiB", "flag": "false", "color": "blue",
		"pattern": `v(\d+)`, "labels": `{"a": "1", "b": ""}`, "line": "hello", "lines": "a\nb", "share": "99.95",
		"alertMute": "true", "alertFailCount": "2", "alertTo": "a@example.org, b@example.org", "dependsOn": "The router", "slo": "99.9",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Duration("wait") != 250*time.Millisecond || s.Int("count") != 100 || s.Bytes("size") != 64<<10 || s.Bool("flag") || s.Text("color") != "blue" {
		t.Errorf("values are wrong: %v", s.values)
	}
	if matched, err := s.Regex("pattern").Match(t.Context(), "v12"); err != nil || !matched {
		t.Errorf("the pattern matches: %v, %v", matched, err)
	}
	if !maps.Equal(s.StringMap("labels"), props{"a": "1", "b": ""}) || s.Text("lines") != "a\nb" {
		t.Errorf("values are wrong: %v", s.values)
	}
	if s.Percent("share") != 99.95 || s.Percent("slo") != 99.9 {
		t.Errorf("the percentages are wrong: %v", s.values)
	}
	if !s.Bool("alertMute") || s.Int("alertFailCount") != 2 || s.Text("dependsOn") != "The router" {
		t.Errorf("the common properties are wrong: %v", s.values)
	}
}

func TestBlanksAroundValues(t *testing.T) {
	s, err := NewSettings(allKinds, props{
		"wait": " 250ms ", "count": "\t7", "size": "2 ", "flag": " false", "color": "blue\n", "line": " kept ",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Duration("wait") != 250*time.Millisecond || s.Int("count") != 7 || s.Bytes("size") != 2 || s.Bool("flag") ||
		s.Text("color") != "blue" || s.Text("line") != " kept " {
		t.Errorf("values are wrong: %v", s.values)
	}
}

func TestInvalidSettings(t *testing.T) {
	for _, c := range []struct{ name, value, detail string }{
		{"wait", "5", `property wait: "5" is not a duration, use for example 500ms or 5s`},
		{"wait", "-1s", `property wait: "-1s" is not a positive duration`},
		{"wait", "0s", `property wait: "0s" is not a positive duration`},
		{"wait", "1ms", `property wait: 1ms is too short, at least 10ms is needed`},
		{"wait", "2m", `property wait: 2m0s is too long, at most 1m0s is allowed`},
		{"count", "many", `property count: "many" is not a whole number`},
		{"count", "1.5", `property count: "1.5" is not a whole number`},
		{"count", "0", `property count: 0 is too small, at least 1 is needed`},
		{"count", "101", `property count: 101 is too large, at most 100 is allowed`},
		{"count", strings.Repeat("9", 30), `property count: "999999999999999999999999999999" is too large`},
		{"size", "1 GB", `property size: "1 GB" is not a size, use for example 65536, 64KiB or 1MiB`},
		{"size", "MiB", `property size: "MiB" is not a size, use for example 65536, 64KiB or 1MiB`},
		{"size", "2147483647MiB", `property size: 2147483647 is too large, at most 4194304 is allowed`},
		{"size", "5MiB", `property size: 5242880 is too large, at most 4194304 is allowed`},
		{"flag", "yes", `property flag: "yes" is neither true nor false`},
		{"color", "Red", `property color: "Red" is not one of red, blue`},
		{"pattern", "a(b", "property pattern: not a regular expression: missing closing ): `a(b`"},
		{"labels", `{"a": 1}`, `property labels: not a JSON object of strings, use for example {"Accept": "text/html"}`},
		{"labels", `{"a": null}`, `property labels: not a JSON object of strings, use for example {"Accept": "text/html"}`},
		{"labels", `null`, `property labels: not a JSON object of strings, use for example {"Accept": "text/html"}`},
		{"labels", `{"a": "b"} x`, `property labels: not a JSON object of strings, use for example {"Accept": "text/html"}`},
		{"line", "a\nb", `property line: must be on one line`},
		{"line", "\xff", `property line: not valid UTF-8`},
		{"lines", strings.Repeat("x", 70_000), `property lines: 70000 bytes are too long, at most 65536 are allowed`},
		{"share", "0", `property share: "0" is not a percentage above 0 and up to 100, use for example 99.9`},
		{"share", "100.1", `property share: "100.1" is not a percentage above 0 and up to 100, use for example 99.9`},
		{"share", "-1", `property share: "-1" is not a percentage above 0 and up to 100, use for example 99.9`},
		{"share", "NaN", `property share: "NaN" is not a percentage above 0 and up to 100, use for example 99.9`},
		{"share", "99,9", `property share: "99,9" is not a percentage above 0 and up to 100, use for example 99.9`},
		{"share", "99.9%", `property share: "99.9%" is not a percentage above 0 and up to 100, use for example 99.9`},
		{"share", "0x1p4", `property share: "0x1p4" is not a percentage above 0 and up to 100, use for example 99.9`},
		{"slo", "1e1", `property slo: "1e1" is not a percentage above 0 and up to 100, use for example 99.9`},
		{"share", "99.99999999999999999", `property share: "99.99999999999999999" is not a percentage above 0 and up to 100, use for example 99.9`},
		{"alertFailCount", "0", `property alertFailCount: 0 is too small, at least 1 is needed`},
		{"foo", "bar", `unknown property 'foo' for type test; known properties: wait, count, size, flag, color, pattern, labels, line, lines, share, warn, alertMute, alertFailCount, alertTo, slo, dependsOn`},
	} {
		_, err := NewSettings(allKinds, props{c.name: c.value})
		if err == nil {
			t.Errorf("%s accepts %.40q", c.name, c.value)
			continue
		}
		wantInvalid(t, err)
		if err.Error() != c.detail {
			t.Errorf("%s = %.40q:\n got %s\nwant %s", c.name, c.value, err, c.detail)
		}
	}
}

func TestSpecsContainCommonProperties(t *testing.T) {
	for _, spec := range All(Guard{}).Specs() {
		last := spec.Properties[len(spec.Properties)-1]
		if last.Name != "dependsOn" {
			t.Errorf("the last property of %s is %s, want dependsOn", spec.Type, last.Name)
		}
	}
}

func FuzzNewSettings(f *testing.F) {
	for _, seed := range [][2]string{
		{"wait", "1h2m"}, {"wait", "9999999h"}, {"count", "-0"}, {"size", "18446744073709551615MiB"}, {"flag", "TRUE"},
		{"color", "blue"}, {"pattern", "(?P<x>a{1000})"}, {"labels", `{"a":{}}`}, {"line", "\u2028"}, {"lines", "\r\n"}, {"share", "1e-400"}, {"", "x"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		s, err := NewSettings(allKinds, props{name: value})
		if err != nil {
			wantInvalid(t, err, "property")
			return
		}
		if d := s.Duration("wait"); d < 10*time.Millisecond || d > time.Minute {
			t.Errorf("wait %q gives %s", value, d)
		}
		if n := s.Int("count"); n < 1 || n > 100 {
			t.Errorf("count %q gives %d", value, n)
		}
		if p := s.Percent("share"); name == "share" && value != "" && (p <= 0 || p > 100) {
			t.Errorf("share %q gives %v", value, p)
		}
		if n := s.Bytes("size"); n < 1 || n > 4<<20 {
			t.Errorf("size %q gives %d", value, n)
		}
	})
}
