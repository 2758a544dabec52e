package rule_test

import (
	"context"
	"strings"
	"testing"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/rule"
)

func TestListsAndObjectsAreEqual(t *testing.T) {
	const body = `{"pairs": [[1, 2], [3, {"a": null}]], "want": [1, 2], "deep": [3, {"a": null}], "short": [1], "objects": [{"a": 1}, {"b": [1]}],
		"object": {"b": [1]}, "empty": [], "none": {}, "names": ["x"], "null": [null]}`
	wantTrue(t, response(body),
		"contains(json('$.pairs[*]'), json('$.want'))", "contains(json('$.pairs'), json('$.deep'))", "!contains(json('$.pairs'), json('$.short'))",
		"json('$.want') IN json('$.pairs')", "json('$.object') IN json('$.objects')", "!(json('$.none') IN json('$.objects'))",
		"contains(json('$.objects[*]'), json('$.object'))", "json('$.want') == json('$.pairs[0]')", "json('$.want') != json('$.pairs[1]')",
		"json('$.want') == (1, 2)", "(1, 2) == json('$.want')", "(1, 2) != json('$.short')", "json('$.empty') != json('$.none')",
		"json('$.objects[0]') != json('$.object')", "json('$.object') == json('$.objects[1]')", "json('$.null') == json('$.pairs[1][*].a')",
		"json('$.null') != (json('$.missing'), 1)", "json('$.empty') == json('$.pairs[9:]')", "json('$.names') != 'x'",
	)
}

// The error names a missing value only if the operator or function that failed has it as an operand.
func TestErrorsNameTheCause(t *testing.T) {
	const date = "days can't read the date: it needs one such as 2026-12-31 or 2026-12-31T23:59:59Z"
	const body = `{"x": "soon", "list": [1]}`
	for text, want := range map[string]string{
		"len(header('Age')) == 0 && days(json('$.x')) > 3":                date,
		"json('$.missing') != 1 && days(json('$.x')) > 3":                 date,
		"json('$.missing') != 1 && json('$.x') > 3":                       "a value cannot be used with the comparator '>', it is not a number",
		"!contains(json('$.missing'), 'x') && json('$.x') > 3":            "a value cannot be used with the comparator '>', it is not a number",
		"!('x' IN (json('$.missing'), header('Age'))) && -body > 3":       "a value cannot be used with the prefix '-'",
		"json('$.missing') + 'x' == 'x' && status =~ 'a'":                 "=~ and !~ need a text on their left side",
		"json('$.missing') + 1 > 3":                                       "this check produced no value for json('$.missing')",
		"header('Age') + json('$.missing') > 3":                           "this check produced no header Age, value for json('$.missing')",
		"len(header('Age')) == 0 && json('$.missing') =~ 'x'":             "this check produced no value for json('$.missing')",
		"status > json('$.missing')":                                      "this check produced no value for json('$.missing')",
		"len(header('Age')) == 0 && 'x' IN json('$.missing')":             "this check produced no value for json('$.missing')",
		"len(header('Age')) == 0 && lower(days(json('$.missing'))) > 1":   "this check produced no value for json('$.missing')",
		"len(header('Age')) == 0 && json('$.list') IN json('$.x')":        "IN needs a list on its right side",
		"previous('result3') != 1 && respTime * previous('result2') == 1": "this check produced no result2",
	} {
		isTrue, err := eval(t, text, response(body))
		if want := "rule eval error: " + want; isTrue || message(err) != want {
			t.Errorf("%s: got %v, %q, want %q", text, isTrue, message(err), want)
		}
	}
}

// looks is a context that ends after this number of looks at it.
type looks struct {
	context.Context
	left int
}

func (l *looks) Err() error {
	if l.left--; l.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// Each element may be as large as the body, so comparisons must look at the context before each one.
func TestComparisonsLookAtTheContext(t *testing.T) {
	body := `{"list": ["a"` + strings.Repeat(`, "b"`, 1000) + `], "same": ["a"` + strings.Repeat(`, "b"`, 1000) + `],
		"nested": [[["b"` + strings.Repeat(`, "b"`, 1000) + `]]], "object": {"x": ["b"` + strings.Repeat(`, "b"`, 1000) + `]}}`
	in := response(body)
	var err error
	if in.Document, err = jsonbody.Parse(t.Context(), body, false); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"contains(json('$.list'), 'x')", "'x' IN json('$.list')", "'x' IN (1, json('$.list'))", "json('$.list') == json('$.same')",
		"json('$.nested[0][0]') == json('$.object.x')", "json('$.nested[0]') IN json('$.nested')", "json('$.object') == json('$.object')",
	} {
		r, err := rule.Compile(text, withHeaders)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Eval(&looks{t.Context(), 100}, in)
		if err == nil || !strings.Contains(err.Error(), "did not finish in time") {
			t.Errorf("%s: got %v", text, err)
		}
		if _, err := r.Eval(&looks{t.Context(), 5000}, in); err != nil {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// A result stores no secret, so previous compares what both results store.
func TestPreviousComparesWhatIsStored(t *testing.T) {
	in := response("")
	in.Outputs["result1"], in.Outputs["regexMatch"] = "key=s3cret", 5.0
	in.Stored = map[string]any{"result1": "key=${env:K}", "respTime": "${env:K}", "regexMatch": 5.0, "status": 200.0}
	in.History = results{{Outputs: map[string]any{"result1": "key=${env:K}", "respTime": "${env:K}", "regexMatch": "${env:K}", "status": "${env:K}"}}}
	wantTrue(t, in, "previous('result1') == result1", "previous('respTime') == respTime", "previous('status') == status",
		"previous('regexMatch') != regexMatch")
	in.Stored["result1"] = "key=other"
	wantTrue(t, in, "previous('result1') == 'key=${env:K}'")
}

// An error of govaluate quotes the text of this check, which may be as large as the body.
func TestPreviousReservesItsQuote(t *testing.T) {
	in := response("")
	in.Outputs["result1"] = strings.Repeat("x", 1<<20)
	r, err := rule.Compile("previous('result1') > 5", withHeaders)
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int64]string{1 << 20: "CHECK_MEMORY", 4 << 20: "a value cannot be used with the comparator '>'"} {
		ctx, reservation := memory.Reserve(memory.NewBudget(size).Context(t.Context()))
		_, err := r.Eval(ctx, in)
		reservation.Release()
		if !strings.Contains(message(err), want) {
			t.Errorf("with %d bytes: got %v", size, err)
		}
	}
}

// The probe may have parsed a body that is not JSON.
func TestBodyIsNotParsedAgain(t *testing.T) {
	in := response(`{"a": 1}`)
	_, in.NoDocument = jsonbody.Parse(t.Context(), "<html>", false)
	const want = "rule eval error: the body is not JSON: it can't be read after byte 1 of 6"
	if _, err := eval(t, "json('$.a') == 1", in); message(err) != want {
		t.Errorf("got %v", err)
	}
}

// All calls in a check agree, also if it takes long.
func TestDaysUsesTheDateOfTheCheck(t *testing.T) {
	in := response("")
	in.Date = monitor.Date(in.Date.AddDate(1, 0, 0))
	in.Outputs["result1"] = in.Date.Format("2006-01-02T15:04:05.000Z07:00")
	wantTrue(t, in, "days(result1) == 0")
}
