package rule_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/memory"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
)

var declared = map[string]probe.Output{
	"status": {Kind: probe.OutputNumber}, "respTime": {Kind: probe.OutputNumber}, "body": {Kind: probe.OutputString, RuleOnly: true},
	"regexMatch": {Kind: probe.OutputNumberOrString}, "result1": {Kind: probe.OutputString}, "result2": {Kind: probe.OutputString},
	"result3": {Kind: probe.OutputString}, "ok": {Kind: probe.OutputBool}, "a name": {Kind: probe.OutputNumber},
}

func declaredOutput(name string) (probe.Output, bool) {
	output, ok := declared[name]
	return output, ok
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
		"('a', 2) IN (2, ('a', 2))":        true,
		"('a', 2) IN (2, ('a', 3))":        false,
		"status > 100 ? ok : false":        true,
		"status - 50 + 100 == 250":         true,
		"status - (50 + 100) == 50":        true,
		"-status + 201 == 1":               true,
		"1 + 2 * 3 + 4 == 11":              true,
		"2 + 3 | 8 == 13":                  true,
		"result1 + ':80' == '10.0.0.1:80'": true,
		"regexMatch + 1 == '2024-01-021'":  true,
		"'a' + result2 == 'a'":             true,
		"'a' + ok == 'atrue'":              true,
		"!(body =~ 'down')":                true,
		"(body) =~ ('up')":                 true,
		"body =~ 'up' == ok":               true,
		"ok && body =~ 'up' || !ok":        true,
		"body !~ 'down' && body =~ 'u.'":   true,
		"ok ? body =~ 'x' : body =~ 'up'":  false,
		"result1 =~ '^10' + '[.]0'":        true,
		"result1 =~ regexMatch":            false,
		"'a' + 'b' IN ('ab')":              true,
		"'ab' IN ('a' + 'b', 'c')":         true,
	} {
		r, err := rule.Compile(text, declaredOutput)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := r.Eval(t.Context(), rule.Input{Outputs: outputs}); err != nil || got != want {
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
		"respTime =~ '1'":     "rule eval error: =~ and !~ need a text on their left side",
		"body =~ respTime":    "rule eval error: =~ and !~ need a regular expression on their right side",
		"result2 =~ 'a'":      "rule eval error: this check produced no result2",
		"ok == ok =~ 'a'":     "rule eval error: =~ and !~ need a text on their left side",
		"ok + 1 > 1":          "rule eval error: a value cannot be used with the modifier '+', it is not a number",
		"status IN respTime":  "rule eval error: IN needs a list on its right side",
	} {
		r, err := rule.Compile(text, declaredOutput)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		_, err = r.Eval(t.Context(), rule.Input{Outputs: outputs})
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
		"exec('rm')":              "undefined function exec: the functions are avg, contains, count, days, header, json, len, lower, max and previous",
		"status == 200 and":       "unexpected and after 200",
		"status == 200 status":    "unexpected status after 200",
		"'a' 'b'":                 "unexpected 'b' after 'a'",
		"== 200":                  "unexpected == at the start",
		strings.Repeat("(", 2000): "unbalanced parenthesis",

		"(status == 200) (respTime < 0)":  "unexpected ( after )",
		"(status == 200) respTime":        "unexpected respTime after )",
		"(status == 200) 'x'":             "unexpected 'x' after )",
		"(status == 200) true":            "unexpected true after )",
		"(status != )":                    "unexpected ) after !=",
		"(ok || )":                        "unexpected ) after ||",
		"status == 200) || (respTime < 0": "unbalanced parenthesis",
		"status == 200 : respTime < 0":    "unexpected : without ?",
		"ok ? (ok : ok) : ok":             "unexpected : without ?",
		"body =~ '" + strings.Repeat("(a{1000})", 20) + "'": "the regular expression is too large: it has 20040 instructions, " +
			"at most 10000 are allowed; use fewer or smaller repetitions such as {100}",
	} {
		_, err := rule.Compile(text, declaredOutput)
		if err == nil || want != "" && err.Error() != want {
			t.Errorf("%.40q: got error %q, want %q", text, err, want)
		}
	}
}

func TestErrNotBool(t *testing.T) {
	r, err := rule.Compile("1", declaredOutput)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Eval(t.Context(), rule.Input{}); !errors.Is(err, rule.ErrNotBool) {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for text, want := range map[string]string{
		"status == 200 && body =~ 'a' && body !~ 'b'": "",
		"ok":                                "",
		"!ok":                               "",
		"((ok))":                            "",
		"ok ? status == 200 : respTime < 5": "",
		"respTime + status < 700 && body =~ 'up'":                "",
		"respTime + (body =~ 'x' ? 1 : 2) < 9":                   "",
		"(body =~ 'up') == true":                                 "",
		"result1 + result2 == 'ab'":                              "",
		strings.Repeat("ok && ", 200) + "ok":                     "",
		"(status == 200) (respTime < 0)":                         "unexpected ( after )",
		"body + 'x' == 'upx'":                                    "+ can't be used with body: use =~ to search in it",
		"'x' + ((body)) == 'upx'":                                "+ can't be used with body: use =~ to search in it",
		"(" + strings.Repeat("body+", 199) + "body) == 'x'":      "+ can't be used with body: use =~ to search in it",
		"body =~ regexMatch":                                     "=~ needs a text in quotes on its right side",
		"body !~ ('a' + regexMatch)":                             "!~ needs a text in quotes on its right side",
		"body =~ 'a' + regexMatch":                               "=~ needs a text in quotes on its right side",
		strings.Repeat("body =~ 'a' && ", 50) + "body =~ 'a'":    "too many regular expressions: at most 50 are allowed; combine them as in 'a|b'",
		strings.Repeat("ok && ", 251) + "ok":                     "the expression is too long: it has 503 parts, at most 500 are allowed",
		strings.Repeat("(", 51) + "ok" + strings.Repeat(")", 51): "the parentheses are nested too deeply: at most 50 levels are allowed",
	} {
		err := rule.Validate(text, declaredOutput)
		if got := message(err); got != want {
			t.Errorf("%.60s: got %q, want %q", text, got, want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// An earlier version may have stored such rules.
func TestStoredRulesAreEvaluatedWithinLimits(t *testing.T) {
	page := strings.Repeat("a", 1<<20)
	eval := func(text string, size int64) (bool, error) {
		r, err := rule.Compile(text, declaredOutput)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(memory.NewBudget(size).Context(t.Context()), time.Second)
		defer cancel()
		ctx, reservation := memory.Reserve(ctx)
		defer reservation.Release()
		return r.Eval(ctx, rule.Input{Outputs: map[string]any{"body": page, "regexMatch": page[:2000], "result1": page}})
	}
	for _, c := range []struct {
		text string
		size int64
		want string
	}{
		{"body + 'b' == 'x'", 8 << 20, ""},
		{"body + 'b' == 'x'", 1 << 20, "rule eval error: this check needs more memory than all checks may use together: increase CHECK_MEMORY, which is 1 MiB, or use a smaller maxBody"},
		{"(" + strings.Repeat("body+", 399) + "body) == 'x'", 1 << 30, "rule eval error: the rule joins more than 16 MiB of text with +"},
		{"body =~ '(?:a?){500}b'", 1 << 20, "rule eval error: the rule did not finish in time: use simpler regular expressions or a smaller maxBody"},
		{"'x' =~ regexMatch", 1 << 20, "rule eval error: a pattern built from outputs is too long"},
		{"result1 > 5", 1 << 20, "rule eval error: this check needs more memory than all checks may use together: increase CHECK_MEMORY, which is 1 MiB, or use a smaller maxBody"},
		{"body > 5", 4 << 20, "rule eval error: a value cannot be used with the comparator '>', it is not a number"},
		{"body > 5", 1 << 20, "rule eval error: this check needs more memory than all checks may use together: increase CHECK_MEMORY, which is 1 MiB, or use a smaller maxBody"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		isTrue, err := eval(c.text, c.size)
		runtime.ReadMemStats(&after)
		if isTrue || message(err) != c.want {
			t.Errorf("%.40s: got %v, %q, want %q", c.text, isTrue, message(err), c.want)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%.40s: took %s", c.text, took)
		}
		if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 64 {
			t.Errorf("%.40s: allocated %d MiB", c.text, allocated)
		}
	}
}
