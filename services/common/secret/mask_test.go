package secret

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
)

// found is the search of the type http.
var found = []Search{{Property: "bodyRegex", Output: "regexMatch", Value: "respTime", Text: "regexText"}}

// types describes the properties of all types: headers and body are secret.
var types = Properties{
	Of: func(_, name string) Property {
		return Property{Map: name == "headers", Secret: name == "headers" || name == "body"}
	},
	Searches: map[string][]Search{"http": found},
}

func TestMaskURL(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"localhost:5432":                     "localhost:5432",
		"example.org?x=1":                    "example.org?x=1",
		"http://h":                           "http://h",
		"http://h/a?":                        "http://h/a?",
		"http://h/a?b=c&d=&e":                "http://h/a?b=•••&d=&•••",
		"http://h/a?b=c=d&&x=1#f?g=h":        "http://h/a?b=•••&&x=•••#•••",
		"http://h#f?g=h":                     "http://h#•••",
		"http://h/#":                         "http://h/#",
		"h#f":                                "h#f",
		"http://h#f?g=h#i":                   "http://h#•••",
		"http://u:p@h:80/a@b?c@d=e@f":        "http://•••@h:80/a@b?c@d=•••",
		"http://u@h":                         "http://•••@h",
		"http://:p@h?token":                  "http://•••@h?•••",
		"http://@h/":                         "http://@h/",
		"http://a@b:c@h/":                    "http://•••@h/",
		"http://h?k=http://u:p@x/?y=z":       "http://h?k=•••",
		"http://u:${file:/run/a?b}@h/?c=d":   "http://•••@h/?c=•••",
		"http://h/${file:/x?a=b}?c=${env:D}": "http://h/${file:/x?a=b}?c=•••",
		"http://h?c=${file:/x&y=z}&d=e":      "http://h?c=•••&d=•••",
	} {
		if got := MaskURL(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	const message = `got "http://u:p@h/?a=b" and <https://x/y?z=1>, not ftp://q:r@s; a=b`
	if got, want := MaskText(message), `got "http://•••@h/?a=•••" and <https://x/y?z=•••>, not ftp://•••@s; a=b`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

var full = monitor.Monitor{
	ID: "65a50000000000000000000a", Name: "n", Type: "http", Target: "https://me:pass@h.example/p?key=k1&key=k2&empty=&bare#frag-ment",
	Properties: map[string]string{
		"headers": `{ "X-Key": "k3y-value", "Authorization": "Bearer t0ken", "X-Empty": "" }`, "body": "b0dy text", "timeout": "5s", "userAgent": "me",
	},
}

func TestMask(t *testing.T) {
	before := maps.Clone(full.Properties)
	want := full
	want.Target = "https://•••@h.example/p?key=•••&key=•••&empty=&•••#•••"
	want.Properties = map[string]string{
		"headers": `{"Authorization":"•••","X-Empty":"","X-Key":"•••"}`, "body": "•••", "timeout": "5s", "userAgent": "me",
	}
	if diff := cmp.Diff(want, types.Mask(full)); diff != "" {
		t.Error(diff)
	}
	if !maps.Equal(before, full.Properties) {
		t.Error("the monitor itself was masked")
	}
	restored, err := types.Restore(types.Mask(full), full)
	if diff := cmp.Diff(full, restored); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if !types.HasPlaceholder(types.Mask(full)) || types.HasPlaceholder(full) {
		t.Error("HasPlaceholder must be true for the masked monitor and false for the original")
	}
	invalid := monitor.Monitor{Properties: map[string]string{"headers": `{"a": 1}`}}
	if got := types.Mask(invalid).Properties["headers"]; got != Placeholder {
		t.Errorf("invalid headers are masked as %s", got)
	}
}

func TestRestore(t *testing.T) {
	with := func(target string, properties map[string]string) monitor.Monitor {
		return monitor.Monitor{Target: target, Properties: properties}
	}
	p := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	for _, c := range []struct {
		name, target, wantTarget string
		properties, want         map[string]string
		message                  string
	}{
		{name: "nothing masked", target: "http://a:b@x/?key=new", properties: p("body", "new"), wantTarget: "http://a:b@x/?key=new", want: p("body", "new")},
		{name: "some headers", properties: p("headers", `{"x-key":"•••","Authorization":"new"}`), want: p("headers", `{"Authorization":"new","x-key":"k3y-value"}`)},
		{name: "escaped", target: "http://%E2%80%A2%E2%80%A2%E2%80%A2@x/?key=%e2%80%a2%E2%80%A2%E2%80%A2", wantTarget: "http://me:pass@x/?key=k1", properties: p("headers", `{"X-Key":"\u2022\u2022\u2022"}`), want: p("headers", `{"X-Key":"k3y-value"}`)},
		{name: "order of the query", target: "http://x/?•••&key=new&more=1&key=•••", wantTarget: "http://x/?bare&key=new&more=1&key=k2"},
		{name: "a fragment", target: "http://x/y#•••", wantTarget: "http://x/y#frag-ment"},
		{name: "another fragment", target: "http://x/y#new", wantTarget: "http://x/y#new"},
		{name: "all headers", properties: p("headers", "•••"), want: p("headers", full.Properties["headers"])},
		{name: "body", properties: p("body", "•••"), want: p("body", "b0dy text")},
		{name: "another header", properties: p("headers", `{"X-Other":"•••"}`), message: "property headers: the value of X-Other is masked"},
		{name: "an empty header", properties: p("headers", `{"X-Empty":"•••"}`), message: "property headers: the value of X-Empty is masked"},
		{name: "another query value", target: "http://x/?other=•••", message: "target: the query value of other is masked"},
		{name: "a third query value", target: "http://x/?key=•••&key=•••&key=•••", message: "target: the query value of key is masked"},
		{name: "an empty query value", target: "http://x/?empty=•••", message: "target: the query value of empty is masked"},
		{name: "another property", properties: p("userAgent", "•••"), message: "property userAgent is masked"},
		{name: "a property that isn't set", properties: p("bodyRegex", "•••"), message: "property bodyRegex is masked"},
	} {
		got, err := types.Restore(with(c.target, c.properties), full)
		var invalid *monitor.InvalidError
		switch {
		case c.message != "" && (!errors.As(err, &invalid) || err.Error() != c.message+", but no value is stored for it: enter the value"):
			t.Errorf("%s: got error %v", c.name, err)
		case c.message == "" && (err != nil || got.Target != c.wantTarget || !maps.Equal(got.Properties, c.want)):
			t.Errorf("%s: got %s %v, error %v", c.name, got.Target, got.Properties, err)
		}
	}
	for field, m := range map[string]monitor.Monitor{
		"target: the user information":                 with("http://•••@h/", nil),
		"target: the fragment":                         with("http://h/#•••", nil),
		"target: the query value of a":                 with("http://h/?a=•••", nil),
		"target: the query value without a name":       with("http://h/?•••", nil),
		"property body":                                with("", p("body", "•••")),
		"property headers":                             with("", p("headers", "•••")),
		"property headers: the value of Authorization": with("", p("headers", `{"Authorization":"•••","X-Key":"•••"}`)),
	} {
		if _, err := types.Restore(m, monitor.Monitor{}); err == nil || !strings.HasPrefix(err.Error(), field+" is masked") {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestMaskResult(t *testing.T) {
	r := monitor.Result{
		MonitorTarget: full.Target, Message: "Rule violated: x (http://u:p@h/?q=1) k3y-value frag-ment",
		Outputs: map[string]any{
			"finalUrl": "https://h.example/p?key=k1", "regexMatch": "you sent t0ken and Basic bWU6cGFzcw== and b0dy text, pass", "status": 200.0, "ipAddress": "127.0.0.1",
		},
	}
	want := monitor.Result{
		MonitorTarget: "https://•••@h.example/p?key=•••&key=•••&empty=&•••#•••", Message: "Rule violated: x (http://•••@h/?q=••• ••• •••",
		Outputs: map[string]any{
			"finalUrl": "https://h.example/p?key=•••", "regexMatch": "you sent ••• and Basic ••• and •••, •••", "status": 200.0, "ipAddress": "127.0.0.1",
		},
	}
	got := MaskResult(r, types.ScrubberFor(full))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Outputs["finalUrl"] != "https://h.example/p?key=k1" {
		t.Error("the result itself was masked")
	}
	for target, message := range map[string]string{"http://t0ken@h/": "got •••", "http://t0ken:@h/": "got •••", "http://t0ken:pass@h/": "got t0ken"} {
		if got := types.ScrubberFor(monitor.Monitor{Target: target}).Scrub("got t0ken"); got != message {
			t.Errorf("%s: got %q, want %q", target, got, message)
		}
	}
	if types.ScrubberFor(monitor.Monitor{Target: "localhost:80", Properties: map[string]string{"timeout": "5s"}}) != nil {
		t.Error("a monitor without secrets has a scrubber")
	}
}

// A target may repeat only a part of a header or of the body, such as one cookie.
func TestMaskPartsOfSecrets(t *testing.T) {
	for _, c := range []struct{ name, value, text, want string }{
		{"headers", `{"Cookie":"theme=dark; sid=c00kie-1; id=\"c00kie-2\""}`, "c00kie-1, c00kie-2, dark theme, sid", "•••, •••, dark theme, sid"},
		{"headers", `{"Authorization":"Digest username=\"someone\", response=abcdef01, nc=1"}`, "abcdef01 of someone", "••• of someone"},
		{"headers", `{"Authorization":"Token t0ken-123"}`, "got t0ken-123", "got •••"},
		{"body", `{"user":"someone","password": "pa55 w\"rd","n":12345678}`, `pa55 w\"rd of someone, password 12345678`, "••• of someone, password •••"},
		{"body", `user=someone&password=pa55%2Fword&x`, "pa55/word or pa55%2Fword of someone", "••• or ••• of someone"},
		{"body", `<login><user>someone</user><password>pa55word</password></login>`, "password pa55word of someone", "password ••• of someone"},
	} {
		m := monitor.Monitor{Target: "http://h/", Properties: map[string]string{c.name: c.value}}
		if got := types.ScrubberFor(m).Scrub(c.text); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.name, c.value, got, c.want)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add(full.Target, full.Properties["headers"], full.Properties["body"])
	f.Add("http://u:${file:/a?b=c}@h?x=•••&•••", `{"A":"•••","a":"b","B":null}`, "•••")
	f.Add("://?&=&@", `{"A":"1","A":"2"}`, "")
	f.Fuzz(func(t *testing.T, target, headersText, bodyText string) {
		m := monitor.Monitor{Target: target, Properties: map[string]string{"headers": headersText, "body": bodyText, "timeout": "5s"}}
		m.Normalize()
		masked := types.Mask(m)
		restored, err := types.Restore(masked, m)
		if diff := cmp.Diff(m, restored); diff != "" || err != nil {
			t.Errorf("the restored monitor differs: %s, error %v", diff, err)
		}
		if twice := types.Mask(masked); twice.Target != masked.Target || !maps.Equal(twice.Properties, masked.Properties) {
			t.Errorf("masking twice differs from masking once: %v, %v", masked, twice)
		}
		// If every secret is the marker, Mask must remove all markers.
		const marker = "MaRkEr"
		if strings.Contains(target+headersText+bodyText, marker) {
			return
		}
		marked := m
		if parts, ok := splitURL(target); ok {
			query := parseQuery(target[parts.queryStart:parts.queryEnd])
			for i := range query {
				query[i].value = marker
			}
			fragment := ""
			if parts.fragmentStart < parts.fragmentEnd {
				fragment = marker
			}
			marked.Target = parts.replace(target, marker, query, fragment)
			if parts.userStart == parts.userEnd && !strings.HasPrefix(target[parts.userEnd:], "@") {
				marked.Target = parts.replace(target, "", query, fragment)
			}
		}
		values, _ := parseMap(headersText)
		for name := range values {
			values[name] = marker
		}
		marked.Properties = map[string]string{"headers": formatMap(values), "body": marker}
		if hidden := types.Mask(marked); strings.Contains(hidden.Target+hidden.Properties["headers"]+hidden.Properties["body"], marker) {
			t.Errorf("%v shows a secret of %v", hidden, marked)
		}
	})
}
