package rule_test

import (
	"errors"
	"fmt"
	"testing"

	"nanomon/services/common/rule"
)

func TestStoredOutputs(t *testing.T) {
	for text, want := range map[string]string{
		"status == 200 && respTime < 2 * avg(5) || status == 404":        "[respTime status]",
		"body =~ 'a' || json('$.a') == 1 || header('b') == 'c'":          "[]",
		"previous('respTime') > 5 && len(previous('result1')) > 1 || ok": "[ok respTime result1]",
		"'a' IN (result2)": "[result2]",
	} {
		r, err := rule.Compile(text, withHeaders)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(r.StoredOutputs()); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A rule fails only where it needs what is not stored.
func TestNotStored(t *testing.T) {
	for text, want := range map[string]string{
		"status == 200":                         "true",
		"status == 200 || body == ''":           "true",
		"status == 404 && json('$.a') == 1":     "false",
		"status == 200 && json('$.a') == 1":     "json()",
		"header('a') == 'b'":                    "header()",
		"body =~ 'a'":                           "body",
		"respTime > 5":                          "respTime",
		"regexMatch == ''":                      "regexMatch",
		"len(result1) == 0":                     "result1",
		"previous('respTime') == 5":             "respTime",
		"'a' IN (result2)":                      "false",
		"previous('result2') == 'a'":            "false",
		"status == 404 ? body == '' : ok":       "true",
		"json('$.a') > status + result1 && !ok": "json()",
	} {
		r, err := rule.Compile(text, withHeaders)
		if err != nil {
			t.Fatal(err)
		}
		isTrue, err := r.Eval(t.Context(), rule.Input{
			Outputs:   map[string]any{"status": 200.0, "ok": true},
			NotStored: func(output string) bool { return output != "result2" },
		})
		got := fmt.Sprint(isTrue)
		if notStored, ok := errors.AsType[*rule.NotStoredError](err); ok {
			got = notStored.Name
		} else if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestIsEvalError(t *testing.T) {
	for text, want := range map[string]bool{
		"status > 'a'": true, "status": true, "status == 404": false,
	} {
		_, err := eval(t, text, response(""))
		if got := rule.IsEvalError(fmt.Sprint(err)); got != want {
			t.Errorf("%s gives %v", text, err)
		}
	}
	if rule.IsEvalError("connection refused") {
		t.Error("a failed check is an error of the rule")
	}
}
