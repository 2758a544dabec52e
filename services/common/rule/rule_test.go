package rule_test

import (
	"errors"
	"strings"
	"testing"

	"nanomon/services/common/rule"
)

func hasOutput(name string) bool {
	switch name {
	case "status", "respTime", "body", "regexMatch", "result1", "result2", "result3", "ok", "a name":
		return true
	}
	return false
}

var outputs = map[string]any{
	"status": 200.0, "respTime": 12.5, "body": `{"state":"up"}`, "regexMatch": "2024-01-02", "result1": "10.0.0.1", "ok": true, "a name": 3.0,
}

func TestEval(t *testing.T) {
	for text, want := range map[string]bool{
		"status == 200":                    true,
		"status == 200 && respTime < 10":   false,
		"status == 500 || !(respTime > 1)": false,
		"status / 100 == 2":                true,
		"status % 7 == 4":                  true,
		"ok":                               true,
		"ok == true":                       true,
		"[a name] == 3":                    true,
		"body =~ 'up'":                     true,
		`body =~ '"state":"up"'`:           true,
		`body =~ "it's"`:                   false,
		`body =~ 'it\'s'`:                  false,
		`body !~ '^\\{'`:                   false,
		"regexMatch == '2024-01-02'":       true,
		"regexMatch == \"2024-01-02\"":     true,
		"regexMatch IN ('2024-01-02')":     true,
		"regexMatch != '2024-01-03'":       true,
		"'10.0.0.1' IN (result1)":          true,
		"'10.0.0.1' in (result1)":          true,
		"'10.0.0.2' IN (result1)":          false,
		"('10.0.0.1' IN (result1)) && ok":  true,
		"'10.0.0.1' IN (result2, result1)": true,
		"'10.0.0.1' IN (result2, result3)": false,
		"'10.0.0.1' IN (result2)":          false,
		"!('10.0.0.2' IN (result1))":       true,
		"status IN (200)":                  true,
		"status IN (200, 204)":             true,
		"status IN ((200), 204)":           true,
		"'a' IN ('b') || 'a' IN ('a')":     true,
		"result2 == result3":               false,
		"result2 == result2":               false,
		"result2 == ''":                    false,
		"result2 != 'x'":                   true,
		"result2 IN (result3)":             false,
		"result2 IN (result2, result3)":    false,
		"status > 100 ? ok : false":        true,
	} {
		r, err := rule.Compile(text, hasOutput)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := r.Eval(outputs); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
		if r.String() != text {
			t.Errorf("String of %s returns %s", text, r)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	for text, want := range map[string]string{
		"respTime":            "rule didn't return a bool",
		"'yes'":               "rule didn't return a bool",
		"body > 5":            "rule eval error: a value cannot be used with the comparator '>', it is not a number",
		"result2 > 5":         "rule eval error: this check produced no result2",
		"result2 < result3":   "rule eval error: this check produced no result2, result3",
		"!respTime":           "rule eval error: a value cannot be used with the prefix '!'",
		"status && ok":        "rule eval error: a value cannot be used with the logical operator '&&', it is not a bool",
		"'x' =~ ('(' + body)": "rule eval error: a pattern built from outputs is not a valid regular expression",
		"status IN respTime":  "rule eval error: IN needs a list on its right side",
	} {
		r, err := rule.Compile(text, hasOutput)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		_, err = r.Eval(outputs)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got error %v, want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "state") {
			t.Errorf("%s: the error contains the body: %v", text, err)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "the expression is empty",
		"  ":                      "the expression is empty",
		"status = 200":            "invalid token: '=': use == to compare",
		"status ==":               "unexpected end of expression",
		"(status == 200":          "unbalanced parenthesis",
		"statuss == 200":          `there is no output "statuss"`,
		"'a":                      "the string that starts with ' at character 1 is not terminated",
		`'a\`:                     "the string that starts with ' at character 1 is not terminated",
		"[status == 200":          "the [ at character 1 has no closing ]",
		"body =~ '('":             "error parsing regexp: missing closing ): `(`",
		"status == \x00":          "the expression contains a NUL character",
		"status == 1.2.3":         "unable to parse numeric value '1.2.3' to float64",
		"status IN ()":            "the parentheses ( ) are empty",
		"exec('rm')":              "undefined function exec",
		"status == 200 and":       "unexpected and after 200",
		"status == 200 status":    "unexpected status after 200",
		"'a' 'b'":                 "unexpected 'b' after 'a'",
		"== 200":                  "unexpected == at the start",
		strings.Repeat("(", 2000): "unbalanced parenthesis",
	} {
		_, err := rule.Compile(text, hasOutput)
		if err == nil || want != "" && err.Error() != want {
			t.Errorf("%.40q: got error %q, want %q", text, err, want)
		}
	}
}

func FuzzRule(f *testing.F) {
	for _, text := range []string{
		"status == 200", "'10.0.0.1' IN (result1, result2)", "body =~ '^a\\'b'", "[a name] ?? 3", "1 << -1 ** 99", "((((", "status IN (", "-ok", "~status", "'2024-01-02' > 3", "a ? b : c", "=~", "! ! ok", "\"", "\\", "1/0 % 0",
	} {
		f.Add(text, "text", 1.5, true)
	}
	f.Fuzz(func(t *testing.T, text, word string, number float64, flag bool) {
		r, err := rule.Compile(text, func(string) bool { return true })
		if err != nil {
			return
		}
		for _, outputs := range []map[string]any{
			nil,
			{"status": number, "body": word, "result1": word, "ok": flag},
			{"status": word, "body": number, "result1": flag, "ok": word},
		} {
			if isTrue, err := r.Eval(outputs); err != nil && isTrue {
				t.Errorf("%q is true and fails with %v", text, err)
			}
		}
	})
}

func TestErrNotBool(t *testing.T) {
	r, err := rule.Compile("1", hasOutput)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Eval(nil); !errors.Is(err, rule.ErrNotBool) {
		t.Error(err)
	}
}
