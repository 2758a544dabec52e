package server

import (
	"strings"
	"testing"

	"nanomon/services/common/probe"
)

func TestCheckRule(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	monitors := a.monitors()
	for _, spec := range probe.All(probe.Guard{}).Specs() {
		a.checkRule(spec.Type, "").wantJSON(t, 204, "")
		a.checkRule(spec.Type, spec.ExampleRule).wantJSON(t, 204, "")
		got := a.checkRule(spec.Type, "nonsense > 3")
		got.wantProblem(t, 400, `rule invalid: there is no output "nonsense"`)
	}
	for _, c := range []struct{ kind, rule, detail string }{
		{"", "respTime < 5", "missing monitor type"},
		{"smtp", "respTime < 5", "invalid monitor type"},
		{"smtp", "", "invalid monitor type"},
		{"tcp", "respTime <", "rule invalid: unexpected end of expression"},
		{"tcp", "status == 200", `rule invalid: there is no output "status"`},
		{"tcp", "json('$.a') == 1", "rule invalid: json can't be used with this type of monitor, because its checks read no response"},
		{"tcp", "avg(0) < 5", "rule invalid: avg: the number of results must be a whole number from 1 to 30; write it as in avg(5)"},
		{"tcp", "avg(31) < 5", "rule invalid: avg: the number of results must be a whole number from 1 to 30; write it as in avg(5)"},
		{"tcp", "JSON('$.a') == 1", "rule invalid: undefined function JSON: write it as in json('$.a.b')"},
		{"tcp", strings.Repeat("x", 3000), "monitor rule has 3000 characters, at most 2048 are allowed"},
	} {
		a.checkRule(c.kind, c.rule).wantProblem(t, 400, c.detail)
		// Saving the rule fails with the same message.
		saved := toJSON(t, map[string]string{"name": "n", "type": c.kind, "interval": "5s", "target": "localhost:1", "rule": c.rule})
		a.do("POST", "/api/monitors", saved).wantProblem(t, 400, c.detail)
	}
	same(t, "monitors", a.monitors(), monitors)
	same(t, "pending checks", len(a.pending()), 0)
}

func (a *api) checkRule(kind, rule string) response {
	a.t.Helper()
	return a.do("POST", "/api/rules/check", toJSON(a.t, map[string]string{"type": kind, "rule": rule}))
}

func TestCheckRuleInvalidBodies(t *testing.T) {
	a := startAPI(t, nil)
	for body, detail := range map[string]string{
		"":                          "request body is empty",
		"{":                         "request body is not valid JSON: unexpected end of JSON input",
		"[]":                        "expected a JSON object, not an array",
		"{}":                        "missing monitor type",
		`{"type":5}`:                `field "type" must be a string, not a number`,
		`{"type":"tcp","rule":[1]}`: `field "rule" must be a string, not an array`,
	} {
		a.do("POST", "/api/rules/check", body).wantProblem(t, 400, detail)
	}
	a.do("POST", "/api/rules/check", `{"type":"tcp","rule":"`+strings.Repeat("x", maxBody)+`"}`).
		wantProblem(t, 413, "request body is larger than the 1048576 bytes allowed here")
	a.do("POST", "/api/rules/check", `{"type":"tcp","more":[1]}`).wantJSON(t, 204, "")
}
