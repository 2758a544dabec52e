package probe

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/memory"
)

func TestCapture(t *testing.T) {
	const paths = `{"queue": "$.queue.length", "up": "$.up", "down": "$.down", "text": "$.text", "word": "$.word", "none": "$.none",
		"null": "$.null", "list": "$.list", "second": "$.list[1]", "big": "$.big"}`
	for body, want := range map[string]map[string]any{
		`{"queue": {"length": 7}, "up": true, "down": false, "text": " 1.5 ", "word": "x", "null": null, "list": [1, 2], "big": "1e999"}`: {
			"queue": 7.0, "up": 1.0, "down": 0.0, "text": 1.5, "second": 2.0,
		},
		`{"text": "NaN", "word": "` + strings.Repeat("1", 2000) + `"}`: {},
		"<html>": {},
		"":       {},
		"[1":     {},
	} {
		server := serveBody(t, []byte(body))
		settings, err := NewSettings(All(Guard{})["http"].Spec, props{"capture": paths})
		if err != nil {
			t.Fatal(err)
		}
		p, err := All(Guard{})["http"].New(server.URL, settings)
		if err != nil {
			t.Fatal(err)
		}
		outcome := p.Run(t.Context())
		p.Close()
		if outcome.Err != nil {
			t.Errorf("%.40s: %v", body, outcome.Err)
		}
		names := []string{"queue", "up", "down", "text", "word", "none", "null", "list", "second", "big"}
		got := make(map[string]any)
		for _, name := range names {
			if value, exists := outcome.Outputs[name]; exists {
				got[name] = value
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.40s: %s", body, diff)
		}
		if outcome.Outputs["body"] != nil || outcome.Outputs["status"] != 200.0 {
			t.Errorf("%.40s: outputs %v", body, outcome.Outputs)
		}
	}
}

func TestCaptureReservesItsMemory(t *testing.T) {
	server := serveBody(t, []byte("["+strings.Repeat("{},", 10_000)+"7]"))
	p := newProbe(t, "http", server.URL, props{"capture": `{"last": "$[-1]"}`})
	outcome := p.Run(memory.NewBudget(1 << 20).Context(t.Context()))
	if own := OwnFault(outcome.Err); own == nil || !strings.Contains(own.Error(), "CHECK_MEMORY") {
		t.Errorf("got %v", outcome.Err)
	}
	if outcome := p.Run(memory.NewBudget(16 << 20).Context(t.Context())); outcome.Err != nil || outcome.Outputs["last"] != 7.0 {
		t.Errorf("got %+v", outcome)
	}
}

func TestInvalidCapture(t *testing.T) {
	many := `{"a": "$.a", "b": "$.b", "c": "$.c", "d": "$.d", "e": "$.e", "f": "$.f", "g": "$.g", "h": "$.h", "i": "$.i", "j": "$.j", "k": "$.k"}`
	for text, want := range map[string]string{
		"[]":                  `property capture: not a JSON object of strings, use for example {"queue": "$.queue.length"}`,
		`{"a": "b"}`:          "property capture: a: the path must start with $, as in $.a.b",
		`{"a": "$.*"}`:        "property capture: a: the path must consist of names and indexes, as in $.a[0].b",
		`{"a": "$["}`:         "property capture: a: the path is not valid JSONPath: unexpected eof at position 3",
		`{"": "$.a"}`:         `property capture: "" is not a valid name: use a letter, then up to 39 letters, digits and _`,
		`{"a-b": "$.a"}`:      `property capture: "a-b" is not a valid name: use a letter, then up to 39 letters, digits and _`,
		`{"_value": "$.a"}`:   `property capture: "_value" is not a valid name: use a letter, then up to 39 letters, digits and _`,
		`{"true": "$.a"}`:     `property capture: "true" is not a valid name: use a letter, then up to 39 letters, digits and _`,
		`{"respTime": "$.a"}`: "property capture: there is already an output respTime: use another name",
		`{"body": "$.a"}`:     "property capture: there is already an output body: use another name",
		many:                  "property capture: 11 names are too many, at most 10 are allowed",
	} {
		if _, err := tryProbe("http", "http://a.example", props{"capture": text}); err == nil || err.Error() != want {
			t.Errorf("%s: got error %v, want %s", text, err, want)
		}
	}
}

func TestForProperties(t *testing.T) {
	types := All(Guard{})
	spec := types["http"].Spec.ForProperties(props{"capture": `{"b": "$.b", "a": "$.a", "status": "$.x"}`})
	count := len(types["http"].Spec.Outputs)
	if len(spec.Outputs) != count+2 || spec.Outputs[count].Name != "a" || !spec.Outputs[count+1].IsNumeric() {
		t.Errorf("got outputs %+v", spec.Outputs[count:])
	}
	for kind, properties := range map[string]props{"http": {"capture": "["}, "tcp": {"capture": `{"a": "$.a"}`}, "dns": nil} {
		if diff := cmp.Diff(types[kind].Spec, types[kind].Spec.ForProperties(properties)); diff != "" {
			t.Errorf("%s with %v: %s", kind, maps.Clone(properties), diff)
		}
	}
}
