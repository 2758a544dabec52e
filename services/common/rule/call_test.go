package rule_test

import (
	"fmt"
	"iter"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
)

const jsonBody = `{"state": "up", "queue": 7, "ok": true, "nothing": null, "expires": "2000-01-03", "at": 946857600,
	"tags": ["a", "b"], "services": [{"name": "db", "ms": 5}, {"name": "web", "ms": 50}], "object": {"x": 1}}`

// withHeaders declares the outputs of a type whose checks read a response.
func withHeaders(name string) (probe.Output, bool) {
	if name == probe.Headers {
		return probe.Output{Name: name, RuleOnly: true}, true
	}
	if name == "bodyTruncated" {
		return probe.Output{Kind: probe.OutputBool}, true
	}
	output, ok := declared[name]
	if name == "regexMatch" {
		output.EmptyIfAbsent = true
	}
	return output, ok
}

// response returns the input of a check that has read a response.
func response(body string) rule.Input {
	headers := http.Header{"Server": {"nginx"}, "Set-Cookie": {"a=1", "b=2"}, "Empty": {""}}
	return rule.Input{Date: time.Now(), Value: 40, Outputs: map[string]any{
		"status": 200.0, "respTime": 40.0, "ok": true, "body": body, "result1": "ÄB", probe.Headers: headers,
	}}
}

// results is a history, newest first.
type results []monitor.Result

func (r results) Previous() map[string]any {
	if len(r) == 0 {
		return nil
	}
	return r[0].Outputs
}

func (r results) Counted() iter.Seq2[monitor.Status, float64] {
	return func(yield func(monitor.Status, float64) bool) {
		for _, result := range r {
			if result.Ignored == "" && !yield(result.Status, result.Value) {
				return
			}
		}
	}
}

var history = results{
	{Status: monitor.StatusOK, Value: 10, Outputs: map[string]any{
		"respTime": 10.0, "result1": strings.Repeat("Ä", 1000) + "…", "result2": "before",
	}},
	{Status: monitor.StatusFailed},
	{Status: monitor.StatusOK, Value: 999, Ignored: monitor.IgnoredMaintenance},
	{Status: monitor.StatusError, Value: 30},
	{Status: monitor.StatusOK, Value: 80},
}

func eval(t *testing.T, text string, in rule.Input) (bool, error) {
	t.Helper()
	r, err := rule.Compile(text, withHeaders)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r.Eval(t.Context(), in)
}

func wantTrue(t *testing.T, in rule.Input, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if isTrue, err := eval(t, text, in); err != nil || !isTrue {
			t.Errorf("%s: got %v, %v", text, isTrue, err)
		}
		if err := rule.Validate(text, withHeaders); err != nil {
			t.Errorf("%s can't be saved: %v", text, err)
		}
	}
}

func TestFunctionsOfTheResponse(t *testing.T) {
	wantTrue(t, response(jsonBody),
		"json('$.state') == 'up'", `json("$['queue']") == 7`, "json('$.queue') > 6 && json('$.ok')",
		"json('$.ok') == true", "-json('$.queue') + 8 == 1", "!(json('$.state') =~ 'down')",
		"json('$.state') + '!' == 'up!'", "json('$.state') IN ('up', 'starting')", "json('$.state') IN ('up')",
		"'a' IN json('$.tags')", "'a' IN (json('$.tags'))", "'c' IN ('c', json('$.tags'))", "!('c' IN (json('$.tags'), 'd'))",
		"'db' IN json('$.services[*].name')", "json('$.services[?@.ms > 10].name') == json('$.services[1:].name')",
		"len(json('$.services[?@.ms > 10]')) == 1", "len(json('$.services')) == 2", "len(json('$.object')) == 1",
		"len(json('$..ms')) == 2", "len(json('$.services[9:]')) == 0", "len(json('$.state')) == 2",
		// A path to no value, and null, give no value.
		"json('$.missing') != 'x'", "json('$.missing') != json('$.missing')", "json('$.nothing') != ''",
		"!('x' IN (json('$.missing')))", "len(json('$.missing')) == 0", "len(json('$.nothing')) == 0",
		"!contains(json('$.missing'), 'x')", "lower(json('$.missing')) != ''", "json('$.missing') + 'x' == 'x'",
		"header('Server') == 'nginx'", "header('sErVeR') =~ 'x$'", "header('set-cookie') == 'a=1, b=2'",
		"header('Missing') != ''", "len(header('Missing')) == 0", "header('Empty') == ''", "!contains(header('Missing'), '')",
		"len(body) > 100", "len(result1) == 2", "lower(result1) == 'äb'", "lower(header('Server') + 'X') == 'nginxx'",
		"contains(body, 'queue') && !contains(body, 'Queue')", "contains(json('$.tags'), 'b')", "contains('abc', 'b')",
		"contains(lower(result1), 'ä') ? ok : false", "len((1, 2)) == 2", "contains((1, 2), 2)",
		"( len ( result1 ) ) ** 2 == 4", "len(result1) * 2 + len(result1) == 6",
	)
	// The rest of an expression is not evaluated if the result is certain.
	wantTrue(t, response("<html>"), "ok || json('$.a') == 1", "ok ? ok : json('$.a') == 1")
}

func TestFunctionErrors(t *testing.T) {
	truncated := response("[1, 2")
	truncated.Outputs["bodyTruncated"] = true
	for _, c := range []struct {
		text string
		in   rule.Input
		want string
	}{
		{"json('$.a') == 1", response("<html>secret"), "the body is not JSON: it can't be read after byte 1 of 12"},
		{"json('$.a') == 1", response(""), "the body is empty"},
		{"json('$.a') == 1", rule.Input{}, "the body is empty"},
		{"json('$.a') == 1", truncated, "the body is longer than maxBody, so its JSON is incomplete: use a larger maxBody"},
		{"json('$.missing') > 1", response(jsonBody), "this check produced no value for json('$.missing')"},
		{"json('$.missing') =~ 'x'", response(jsonBody), "this check produced no value for json('$.missing')"},
		{"json('$.state') > 1", response(jsonBody), "a value cannot be used with the comparator '>', it is not a number"},
		{"json('$.tags') > 1", response(jsonBody), "a value cannot be used with the comparator '>', it is not a number"},
		{"json('$.tags') + 'x' == ''", response(jsonBody), "a value cannot be used with the modifier '+', it is not a number"},
		{"json('$.object') =~ 'x'", response(jsonBody), "=~ and !~ need a text on their left side"},
		{"'x' IN json('$.state')", response(jsonBody), "IN needs a list on its right side"},
		{"header('Age') > 5", response(""), "this check produced no header Age"},
		{"len(status) > 1", response(""), "len needs a text, a list or an object"},
		{"contains(status, 'x')", response(""), "contains needs two texts, or a list and a value"},
		{"lower(ok) == ''", response(""), "lower needs a text"},
		{"days(ok) > 1", response(""), "days needs a date"},
		{"days(body) > 1", response("secret"), "days can't read the date: it needs one such as 2026-12-31 or 2026-12-31T23:59:59Z"},
		{"days(json('$.missing')) > 1", response(jsonBody), "this check produced no value for json('$.missing')"},
		{"previous('result3') > 1", response(""), "this check produced no result3"},
	} {
		isTrue, err := eval(t, c.text, c.in)
		if want := "rule eval error: " + c.want; isTrue || err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %q, want %q", c.text, isTrue, message(err), want)
		}
	}
}

func TestCallErrors(t *testing.T) {
	for text, want := range map[string]string{
		"json() == 1":                       "json needs 1 argument, not 0: write it as in json('$.a.b')",
		"json('$.a', 1) == 1":               "json needs 1 argument, not 2: write it as in json('$.a.b')",
		"json(body) == 1":                   "json: the path must be a text in quotes; write it as in json('$.a.b')",
		"json('$' + '.a') == 1":             "json: the path must be a text in quotes; write it as in json('$.a.b')",
		"json('a.b') == 1":                  "json: the path must start with $, as in $.a.b; write it as in json('$.a.b')",
		"json('$.a[') == 1":                 "json: the path is not valid JSONPath: unexpected eof at position 5; write it as in json('$.a.b')",
		"json > 1":                          "json is a function: write it as in json('$.a.b')",
		"JSON('$.a') == 1":                  "undefined function JSON: write it as in json('$.a.b')",
		"header('a b') == ''":               "header: the name of the header must be a text in quotes, without blanks; write it as in header('Server')",
		"header(Server) == ''":              `there is no output "Server"`,
		"len(body, 1) == 1":                 "len needs 1 argument, not 2: write it as in len(body)",
		"contains(body)":                    "contains needs 2 arguments, not 1: write it as in contains(body, 'text')",
		"avg(0) > 1":                        "avg: the number of results must be a whole number from 1 to 30; write it as in avg(5)",
		"avg(31) > 1":                       "avg: the number of results must be a whole number from 1 to 30; write it as in avg(5)",
		"max(1.5) > 1":                      "max: the number of results must be a whole number from 1 to 30; write it as in max(5)",
		"max(-1) > 1":                       "max: the number of results must be a whole number from 1 to 30; write it as in max(5)",
		"max(status) > 1":                   "max: the number of results must be a whole number from 1 to 30; write it as in max(5)",
		"avg(2 + 3) > 1":                    "avg: the number of results must be a whole number from 1 to 30; write it as in avg(5)",
		"count('bad', 5) > 1":               "count: the status must be 'ok', 'error' or 'failed'; write it as in count('failed', 5)",
		"count(5) > 1":                      "count needs 2 arguments, not 1: write it as in count('failed', 5)",
		"count('failed', 99) > 1":           "count: the number of results must be a whole number from 1 to 30; write it as in count('failed', 5)",
		"previous(status) > 1":              "previous: the name of the output must be a text in quotes; write it as in previous('respTime')",
		"previous('nope') > 1":              `previous: there is no output "nope"; write it as in previous('respTime')`,
		"previous('body') == ''":            "previous: body is not stored in results; write it as in previous('respTime')",
		"len(json('a')) > 1":                "json: the path must start with $, as in $.a.b; write it as in json('$.a.b')",
		"len(lower()) > 1":                  "lower needs 1 argument, not 0: write it as in lower(body)",
		"body len(body)":                    "unexpected function after body",
		"(ok) len(body)":                    "unexpected function after )",
		"lower(body =~ '(') == 1":           "error parsing regexp: missing closing ): `(`",
		"lower(body) + 'x' == ('a' + body)": "+ can't be used with body: use =~ to search in it",
	} {
		if err := rule.Validate(text, withHeaders); message(err) != want {
			t.Errorf("%s: got error %q, want %q", text, message(err), want)
		}
		if rule.Thresholds(text, withHeaders) != nil {
			t.Errorf("%s has thresholds", text)
		}
	}
	noResponse := func(string) (probe.Output, bool) { return probe.Output{}, false }
	for text, want := range map[string]string{
		"json('$.a') == 1":  "json can't be used with this type of monitor, because its checks read no response",
		"header('A') == ''": "header can't be used with this type of monitor, because its checks read no response",
	} {
		if _, err := rule.Compile(text, noResponse); message(err) != want {
			t.Errorf("%s: got error %q, want %q", text, message(err), want)
		}
	}
}

func TestUses(t *testing.T) {
	for text, want := range map[string]string{
		"json('$.a') == 1": "body", "len(body) > 1": "body", "ok || contains(lower(body), 'x')": "body",
		"header('a') == ''": probe.Headers, "len(header('a')) > 1": probe.Headers,
		"avg(3) > 1 && previous('status') == 200 && days('2026-01-01') < 1": "",
	} {
		r, err := rule.Compile(text, withHeaders)
		if err != nil {
			t.Fatal(err)
		}
		if r.Uses("body") != (want == "body") || r.Uses(probe.Headers) != (want == probe.Headers) {
			t.Errorf("%s uses the body: %v, the headers: %v", text, r.Uses("body"), r.Uses(probe.Headers))
		}
	}
}

func TestDays(t *testing.T) {
	in := response(jsonBody)
	in.Date = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	wantTrue(t, in,
		"days('2000-01-03') == 2", "days('2000-01-03T12:00:00Z') == 2.5", "days('2000-01-03T02:00:00+02:00') == 2",
		"days('2000-01-03T00:00:00.000Z') == 2", "days('2000-01-02T12:00:00') == 1.5", "days(' 2000-01-02 12:00:00 ') == 1.5",
		"days('Mon, 03 Jan 2000 00:00:00 GMT') == 2", "days('Mon, 03 Jan 2000 00:00:00 +0000') == 2",
		"days('Jan  3 00:00:00 2000 GMT') == 2", "days('1999-12-31') == -1", "days(json('$.expires')) == 2",
		"days(json('$.at')) == 2", "days(0) < -10956",
	)
	in.Date = in.Date.Add(36 * time.Hour)
	wantTrue(t, in, "days(json('$.expires')) == 0.5", "days(json('$.at')) == 0.5")
	for _, text := range []string{"", "3 Jan 2000", "Mon, 03 Jan 2000 00:00:00 EST", "2000-13-01", strings.Repeat("2", 1000)} {
		if _, err := eval(t, "days(body) > 0", response(text)); err == nil {
			t.Errorf("%.40q is a date", text)
		}
	}
}

func TestFunctionsOfTheHistory(t *testing.T) {
	in := response("")
	in.History = history
	wantTrue(t, in,
		"avg(1) == 10", "avg(2) == 10", "avg(3) == 20", "avg(4) == 40", "avg(30) == 40", "max(3) == 30", "max(30) == 80",
		"count('ok', 1) == 1", "count('ok', 30) == 2", "count('failed', 1) == 0", "count('failed', 2) == 1",
		"count('error', 3) == 1", "count('error', 2) == 0", "respTime > 3 * avg(2)", "count('failed', 5) < 3",
		"previous('respTime') == 10", "respTime - previous('respTime') == 30", "previous('result2') == 'before'",
		"previous('status') == 200", // the latest result does not have it
		"previous('result3') != previous('result3')", "previous('regexMatch') == ''",
	)
	in.Outputs["result1"] = strings.Repeat("Ä", 2000)
	in.Stored = map[string]any{"result1": strings.Repeat("Ä", 1000) + "…"}
	wantTrue(t, in, "previous('result1') == result1")
	in.Outputs["result1"] = strings.Repeat("Ä", 999)
	in.Stored = map[string]any{"result1": strings.Repeat("Ä", 999)}
	wantTrue(t, in, "previous('result1') != result1")
	failed := results{{Status: monitor.StatusFailed}, {Status: monitor.StatusFailed}}
	for name, none := range map[string]rule.History{"no history": nil, "no result": results{}, "no value": failed} {
		in := response("")
		in.History = none
		isTrue, err := eval(t, "avg(5) == 40 && max(5) == 40 && previous('respTime') == 40 && count('ok', 5) == 0", in)
		if err != nil || !isTrue {
			t.Errorf("%s: got %v, %v", name, isTrue, err)
		}
	}
}

// An existing rule may use outputs with the names of functions, which came later.
func TestOutputsWithTheNamesOfFunctions(t *testing.T) {
	names := strings.Fields("json header len contains lower days avg max count previous")
	outputs := make(map[string]any)
	for i, name := range names {
		outputs[name] = float64(i)
	}
	exists := func(name string) (probe.Output, bool) {
		_, ok := outputs[name]
		return probe.Output{Kind: probe.OutputNumber}, ok || name == "body"
	}
	for i, name := range names {
		for _, form := range []string{
			"%s == %d", "%s==%d", "(%s) == %d", "[%s] == %d", "%s IN (%d)", "%[2]d == %[1]s", "%s - max + max == %d", "%s\n== (%d)",
			"%s == %d && len('text') == 4",
		} {
			text := fmt.Sprintf(form, name, i)
			r, err := rule.Compile(text, exists)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if isTrue, err := r.Eval(t.Context(), rule.Input{Outputs: maps.Clone(outputs)}); err != nil || !isTrue {
				t.Errorf("%s: got %v, %v", text, isTrue, err)
			}
		}
	}
	if got := rule.Thresholds("max < 5 && len >= 2", exists); len(got) != 2 {
		t.Errorf("got thresholds %v", got)
	}
}

// Each rule wants much memory or time. The body is larger than the budget allows for copies of it.
func TestFunctionsHaveTheBudgetOfRules(t *testing.T) {
	const small, large = 256 << 10, 100 << 20
	page := `{"a": [` + strings.Repeat(`{"b": "C"},`, 40_000) + `0], "text": "` + strings.Repeat("A", small) + `"}`
	for _, c := range []struct{ text, want string }{
		{"json('$.text') == 'x'", ""},
		{"len(json('$..*..*..*')) > 0", "a JSONPath selects more than 100000 values: make it more precise"},
		{"lower(body) == 'x'", ""},
		{strings.Repeat("lower(body) == 'x' || ", 40) + "ok", "the rule makes more than 16 MiB of text with lower"},
		{"lower(json('$.text')) > 5", "a value cannot be used with the comparator '>', it is not a number"},
		{"json('$.a') > 5", "a value cannot be used with the comparator '>', it is not a number"},
		{strings.Repeat("json('$.text') == 'x' || contains(body, 'zz') || len(body) == 1 || ", 20) + "!ok", ""},
	} {
		for _, size := range []int64{small, large} {
			r, err := rule.Compile(c.text, withHeaders)
			if err != nil {
				t.Fatal(err)
			}
			ctx, reservation := memory.Reserve(memory.NewBudget(size).Context(t.Context()))
			began := time.Now()
			isTrue, err := r.Eval(ctx, response(page))
			reservation.Release()
			isShort := err != nil && strings.Contains(err.Error(), "CHECK_MEMORY")
			want := c.want
			if want != "" {
				want = "rule eval error: " + want
			}
			if isTrue || size == small && !isShort || size == large && message(err) != want {
				t.Errorf("%.40s with %d bytes: got %v, %v", c.text, size, isTrue, err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("%.40s: took %s", c.text, took)
			}
		}
	}
}
