package server

import (
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rule"
	"nanomon/services/common/store"
)

// TestCapturedOutputs expects series and thresholds for the outputs that the property capture of a monitor adds.
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
		wantProblem(t, 400, "unknown property 'capture' for type tcp; known properties: timeout, network, invert, warn, alertMute, "+
			"alertFailCount, alertTo, slo, dependsOn")
}

func TestCheckRuleWithWarn(t *testing.T) {
	a := startAPI(t, nil)
	check := func(body string) response { return a.do("POST", "/api/rules/check", body) }
	check(`{"type": "http", "properties": {"capture": "{\"queue\": \"$.q\"}", "warn": "queue > 9"}}`).wantJSON(t, 204, "")
	check(`{"type": "http", "rule": "status == 200", "properties": {"warn": "queue > 9"}}`).
		wantProblem(t, 400, `property warn: there is no output "queue"`)
	check(`{"type": "http", "rule": "queue > 9", "properties": {"warn": "status == 200"}}`).
		wantProblem(t, 400, `rule invalid: there is no output "queue"`)
}

// A list shows which results have a warning.
func TestWarningsInList(t *testing.T) {
	a := startAPI(t, nil)
	must(t, a.store.CreateMonitor(t.Context(), monitorA))
	at := monitor.Date(time.Now())
	state := store.State{MonitorID: monitorA.ID, Streak: 2, Since: at, Latest: monitor.Result{
		ID: monitor.NewID(at), MonitorID: monitorA.ID, Date: at, Message: "Warning: respTime > 5", Outputs: map[string]any{},
	}}
	state.History = []store.Point{{Date: at.Add(-time.Minute)}, {Date: at, Warning: true}}
	must(t, a.store.AppendBatch(t.Context(), store.Batch{States: []store.State{state}}))
	body := a.do("GET", "/api/monitors?include=brief,history,series", "").body
	for _, part := range []string{`"warnings":[false,true]`, `"warning":true`, `"message":"Warning: respTime > 5"`} {
		if strings.Count(string(body), part) != 1 {
			t.Errorf("no %s in %s", part, body)
		}
	}
}

func TestSaveCapture(t *testing.T) {
	a := startAPI(t, nil)
	save := func(capture string) response {
		return a.do("POST", "/api/monitors", toJSON(t, map[string]any{
			"name": "n", "type": "http", "interval": "5s", "target": "http://a.example", "rule": "queue < 9 && len(body) > 1",
			"properties": map[string]string{"capture": capture},
		}))
	}
	for capture, detail := range map[string]string{
		`{"queue": "$..q"}`:                     "property capture: queue: the path must consist of names and indexes, as in $.a[0].b",
		`{"queue": "$.q", "status": "$.state"}`: "property capture: there is already an output status: use another name",
		`{"other": "$.q"}`:                      `rule invalid: there is no output "queue"`,
		`{"queue": 5}`:                          `property capture: not a JSON object of strings, use for example {"queue": "$.queue.length"}`,
	} {
		save(capture).wantProblem(t, 400, detail)
	}
	same(t, "monitors", len(a.monitors()), 0)
	if response := save(`{"queue": "$.q"}`); response.status != 200 {
		t.Errorf("got %d %s", response.status, response.body)
	}
	same(t, "monitors", len(a.monitors()), 1)
}
