package monitor_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
)

func TestUnmarshalLabels(t *testing.T) {
	for body, want := range map[string]map[string]string{
		`{}`:                                    nil,
		`{"labels":null}`:                       nil,
		`{"labels":{}}`:                         {},
		`{"labels":{"team":" a b\t","env":""}}`: {"team": "a b", "env": ""},
	} {
		var got monitor.Monitor
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got.Labels); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestValidateLabels(t *testing.T) {
	many := make(map[string]string)
	for i := range monitor.MaxLabels {
		many[fmt.Sprint("key", i)] = "v"
	}
	tooMany := map[string]string{"another": "v"}
	for key, value := range many {
		tooMany[key] = value
	}
	const rule = "A label key begins with a letter or a digit and contains only the letters a to z and A to Z, digits, " +
		"and the characters _ - . /"
	for _, c := range []struct {
		labels       map[string]string
		detail, hint string
	}{
		{labels: nil},
		{labels: map[string]string{}},
		{labels: many},
		{labels: map[string]string{"team": "payments", "Team": "x", "app.kubernetes.io/name": "a: b=\"c\"", "0-a_b": "日本 👍🏽"}},
		{labels: map[string]string{strings.Repeat("k", 63): strings.Repeat("ä", 100)}},
		{labels: tooMany, detail: "monitor has 21 labels, at most 20 are allowed"},
		{labels: map[string]string{"": "x"}, detail: `label with the value "x" has no key`, hint: rule},
		{labels: map[string]string{strings.Repeat("k", 64): "x"}, detail: `label key "` + strings.Repeat("k", 64) + `" has 64 characters, at most 63 are allowed`},
		{labels: map[string]string{"a": "x", "b c": "x", "d e": "x"}, detail: `label key "b c" is invalid`, hint: rule},
		{labels: map[string]string{"a:b": "x"}, detail: `label key "a:b" is invalid`, hint: rule},
		{labels: map[string]string{"-a": "x"}, detail: `label key "-a" is invalid`, hint: rule},
		{labels: map[string]string{"größe": "x"}, detail: `label key "größe" is invalid`, hint: rule},
		{labels: map[string]string{"\xff": "x"}, detail: `label key "\xff" is invalid`, hint: rule},
		{labels: map[string]string{"$where\n": "x"}, detail: `label key "$where\n" is invalid`, hint: rule},
		{labels: map[string]string{"a": ""}, detail: "label a has no value", hint: "Enter a value, or remove the label."},
		{labels: map[string]string{"a": strings.Repeat("ä", 101)}, detail: "value of the label a has 101 characters, at most 100 are allowed"},
		{labels: map[string]string{"a": "x\u202e"}, detail: "value of the label a contains the control character U+202E"},
		{labels: map[string]string{"a": "\xff"}, detail: "value of the label a is not valid UTF-8"},
		{
			labels: map[string]string{"cost.center": "1", "cost-center": "2"},
			detail: "label keys cost-center and cost.center are both label_cost_center in Prometheus",
			hint:   "Use keys that differ in more than the characters _ - . /",
		},
	} {
		m := monitor.Monitor{Name: "n", Type: "http", Interval: "1s", Target: "t", Labels: c.labels}
		err := m.Validate([]string{"http"})
		if c.detail == "" {
			if err != nil {
				t.Errorf("%v: %v", c.labels, err)
			}
			continue
		}
		var invalid *monitor.InvalidError
		if !errors.As(err, &invalid) || invalid.Detail != c.detail || invalid.Hint != c.hint {
			t.Errorf("%v: got %#v, want %q with the hint %q", c.labels, err, c.detail, c.hint)
		}
	}
}

func TestValidateSelector(t *testing.T) {
	for selector, want := range map[string]string{
		"team":     "",
		"team=web": "",
		"team=a=b": "",
		"":         `label with the value "" has no key`,
		"=web":     `label with the value "web" has no key`,
		"team=":    "label team has no value",
		"a b":      `label key "a b" is invalid`,
		"a b=c":    `label key "a b" is invalid`,
	} {
		err := monitor.ValidateSelector(selector)
		if want == "" && err == nil {
			continue
		}
		if !monitor.IsInvalid(err) || err.Error() != want {
			t.Errorf("%q: got %v, want %q", selector, err, want)
		}
	}
}
