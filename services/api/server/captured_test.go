package server

import (
	"testing"
	"time"

	"nanomon/services/common/rule"
)

// The property capture of a monitor adds outputs, which have series and thresholds like those of its type.
func TestCapturedOutputs(t *testing.T) {
	f := newOutputsFixture(t, nil, "queue < 100")
	m := monitorA
	m.Rule, m.Properties = "queue < 100", map[string]string{"capture": `{"queue": "$.queue"}`}
	must(t, f.store.ReplaceMonitor(t.Context(), m))
	f.result(time.Now().Add(-time.Hour), map[string]any{"queue": 7.0, "other": 8.0}, nil)
	got := f.outputs("6h")
	if len(got.Outputs) != 1 || got.Outputs[0].Name != "queue" || got.Outputs[0].Title != "queue" || got.Outputs[0].Unit != "" {
		t.Fatalf("got %+v", got.Outputs)
	}
	for _, value := range values(got.Outputs[0].Avg) {
		same(t, "value", value, 7.0)
	}
	same(t, "thresholds", got.Thresholds, []rule.Threshold{{Output: "queue", Operator: "<", Value: 100}})
}

func TestCheckRuleWithCapture(t *testing.T) {
	a := startAPI(t, nil)
	check := func(body string) response { return a.do("POST", "/api/rules/check", body) }
	check(`{"type": "http", "rule": "queue < 9", "properties": {"capture": "{\"queue\": \"$.q\"}"}}`).wantJSON(t, 204, "")
	check(`{"type": "http", "rule": "queue < 9", "properties": {"capture": "", "unknown": "x"}}`).
		wantProblem(t, 400, `rule invalid: there is no output "queue"`)
	check(`{"type": "http", "rule": "queue < 9", "properties": {"capture": "{\"queue\": \"q\"}"}}`).
		wantProblem(t, 400, "property capture: queue: the path must start with $, as in $.a.b")
	check(`{"type": "tcp", "rule": "respTime < 9", "properties": {"capture": "{\"queue\": \"$.q\"}"}}`).
		wantProblem(t, 400, "unknown property 'capture' for type tcp; known properties: timeout, network, alertMute, "+
			"alertFailCount, alertTo, slo, dependsOn")
}
