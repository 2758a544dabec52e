package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/api/replay"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// ask evaluates a rule for the stored results of monitor A.
func (a *api) ask(question map[string]any) response {
	a.t.Helper()
	if question["monitor"] == nil {
		question["monitor"] = idA
	}
	return a.do("POST", "/api/rules/evaluate", toJSON(a.t, question))
}

// TestEvaluateRule stores results on both sides of the border between sealed and newer hours.
func TestEvaluateRule(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	newest := monitor.Date(time.Now().Add(-time.Minute))
	var batch store.Batch
	for n := range 600 {
		r := resultN(n)
		r.Status, r.Date = monitor.StatusOK, newest.Add(-time.Duration(n)*time.Minute)
		r.Outputs = map[string]any{"status": 200.0, "respTime": 10.0}
		if n >= 300 && n < 310 {
			r.Outputs["respTime"] = 90.0
		}
		batch.Results = append(batch.Results, r)
	}
	slices.Reverse(batch.Results)
	must(t, a.store.AppendBatch(t.Context(), batch))
	must(t, a.store.Seal(t.Context(), time.Now()))
	monitors, results := a.monitors(), a.results()

	got := decodeAs[replay.Answer](t, a.ask(map[string]any{"rule": "status == 200 && respTime < 50"}))
	first, last := newest.Add(-309*time.Minute), newest.Add(-300*time.Minute)
	same(t, "period", got.To.Sub(got.From), 7*day)
	same(t, "oldest", got.Oldest.UTC(), batch.Results[0].Date.UTC())
	same(t, "counts", []int{got.Checked, got.Violated, got.Violations, got.Unknown, got.Ignored, got.Failed}, []int{600, 10, 1, 0, 0, 0})
	same(t, "periods", fmt.Sprint(got.Periods), fmt.Sprint([]replay.Period{{
		From: first, To: last, Results: 10, Message: "Rule violated: status == 200 && respTime < 50",
	}}))
	for _, c := range []struct {
		question map[string]any
		checked  int
		violated int
	}{
		{map[string]any{"rule": "respTime < 2 * avg(30)", "window": nil, "properties": nil}, 600, 0}, // the value is the number of a result
		{map[string]any{"rule": "respTime <= previous('respTime')", "window": "24h"}, 600, 1},
		{map[string]any{"rule": "respTime < 50", "from": first.Add(time.Minute), "to": last}, 8, 8},
		{map[string]any{"rule": "respTime < 50", "from": last.Add(-time.Hour)}, 361, 10},
		{map[string]any{"rule": "respTime < 50", "window": "1m"}, 0, 0},
		{map[string]any{"rule": "respTime < 50", "monitor": strings.ToUpper(idA)}, 600, 10},
		{map[string]any{"rule": "respTime < 50", "monitor": idB}, 0, 0},
	} {
		got := decodeAs[replay.Answer](t, a.ask(c.question))
		same(t, fmt.Sprint(c.question), []int{got.Checked, got.Violated}, []int{c.checked, c.violated})
	}
	unknown := decodeAs[replay.Answer](t, a.ask(map[string]any{
		"rule": "body =~ 'up' && queue < 5", "properties": map[string]any{"capture": `{"queue": "$.queue"}`},
	}))
	same(t, "unknown", fmt.Sprint(unknown.Unknown, unknown.Missing, unknown.Violated), "600 [body] 0")
	same(t, "monitors", a.monitors(), monitors)
	same(t, "results", a.results(), results)
	same(t, "pending checks", len(a.pending()), 0)
}

func TestEvaluateRuleInvalidBodies(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	valid := func(more string) string { return `{"monitor":"` + idA + `","rule":"status == 200"` + more + `}` }
	const window = "window must be a duration from 1m to 400d, for example 90m, 24h or 7d"
	for body, detail := range map[string]string{
		"":                                      "request body is empty",
		"{":                                     "request body is not valid JSON: unexpected end of JSON input",
		"[]":                                    "expected a JSON object, not an array",
		"{}":                                    "missing monitor: use the id of a monitor",
		`{"monitor":5}`:                         `field "monitor" must be a string, not a number`,
		`{"monitor":"alpha"}`:                   `invalid monitor "alpha": an id has 24 hexadecimal digits`,
		`{"monitor":"` + idA + `"}`:             "missing rule",
		valid(`,"rule":["status"]`):             `field "rule" must be a string, not an array`,
		valid(`,"rule":"status = 200"`):         "rule invalid: invalid token: '=': use == to compare",
		valid(`,"rule":"nonsense > 3"`):         `rule invalid: there is no output "nonsense"`,
		valid(`,"rule":"queue > 3"`):            `rule invalid: there is no output "queue"`,
		valid(`,"properties":"x"`):              `field "properties" must be an object of strings, not a string`,
		valid(`,"properties":{"a":5}`):          `field "properties.a" must be a string, not a number`,
		valid(`,"window":7`):                    `field "window" must be a string, not a number`,
		valid(`,"window":"soon"`):               window,
		valid(`,"window":"401d"`):               window,
		valid(`,"window":"1d","from":"x"`):      "window can't be combined with from or to",
		valid(`,"from":"yesterday"`):            "from must be a date in RFC 3339, for example 2026-01-31T08:30:00Z",
		valid(`,"to":"2026-01-31T08:30:00Z"`):   "from is missing; to can't be used without it",
		valid(`,"from":"2000-01-01T00:00:00Z"`): "from must be 1 minute to 400 days before to; a to in the future counts as now",
		valid(`,"properties":{"capture":"{\"status\":\"$.a\"}"}`): "property capture: there is already an output status: use another name",
		valid(`,"rule":"` + strings.Repeat("x", 3000) + `"`):      "monitor rule has 3000 characters, at most 2048 are allowed",
	} {
		a.do("POST", "/api/rules/evaluate", body).wantProblem(t, 400, detail)
	}
	a.ask(map[string]any{"monitor": idOther, "rule": "status == 200"}).
		wantProblem(t, 404, "there is no monitor with the id "+idOther)
	a.do("POST", "/api/rules/evaluate", valid(`,"more":"`+strings.Repeat("x", maxBody)+`"`)).
		wantProblem(t, 413, "request body is larger than the 1048576 bytes allowed here")
}

// A request waits for its turn, and ends with an error if it waits too long.
func TestRulesThatAreEvaluatedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newRuleHandler(nil, probe.All(probe.Guard{}))
		for range maxReplays {
			must(t, h.takeTurn(t.Context()))
		}
		if err := h.takeTurn(t.Context()); err == nil || !strings.Contains(err.Error(), "other rules are being evaluated") {
			t.Errorf("got %v", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.takeTurn(gone); err != context.Canceled {
			t.Errorf("the client is gone: %v", err)
		}
		freed := make(chan struct{})
		go func() {
			<-h.turns
			close(freed)
		}()
		must(t, h.takeTurn(t.Context()))
		<-freed
	})
}
