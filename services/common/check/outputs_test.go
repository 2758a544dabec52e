package check_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nanomon/services/common/monitor"
)

// A rule sees the whole value of an output. The result contains its beginning.
func TestRulesSeeWholeTexts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/start" {
			http.Redirect(w, r, "/"+strings.Repeat("p", 1500)+"/end", http.StatusFound)
			return
		}
		io.WriteString(w, strings.Repeat("m", 1500)+"end")
	}))
	defer server.Close()
	for rule, want := range map[string]monitor.Status{
		"regexMatch == '" + strings.Repeat("m", 1500) + "end'": monitor.StatusOK,
		"regexText =~ 'm{10}end$'":                             monitor.StatusOK,
		"regexMatch !~ 'end'":                                  monitor.StatusError,
		"finalUrl =~ '/end$'":                                  monitor.StatusOK,
	} {
		r := runOnce(t, monitor.Monitor{
			Type: "http", Target: server.URL + "/start", Rule: rule, Properties: map[string]string{"bodyRegex": "m+.*"},
		})
		if r.Status != want {
			t.Errorf("%.40s: %d %.200s", rule, r.Status, r.Message)
		}
		for _, name := range []string{"regexMatch", "regexText", "finalUrl"} {
			if text := []rune(r.Outputs[name].(string)); len(text) != 1001 || text[1000] != '…' {
				t.Errorf("%s is stored with %d characters", name, len(text))
			}
		}
	}
}

func TestRulesSeeWholeSeries(t *testing.T) {
	outputs := map[string]any{"size": 60.0, "result1": strings.Repeat("v", 1220), "body": "secret"}
	for i := 2; i <= 60; i++ {
		outputs[fmt.Sprintf("result%d", i)] = fmt.Sprintf("192.0.2.%d", i)
	}
	r := runFixed(t, "'192.0.2.60' IN (result1, result60) && result1 =~ '^v{1000}v{220}$' && body == 'secret'", outputs)
	if r.Status != monitor.StatusOK {
		t.Errorf("status %d: %s", r.Status, r.Message)
	}
	if _, stored := r.Outputs["result51"]; stored || r.Outputs["result50"] != "192.0.2.50" || len(r.Outputs) != 51 {
		t.Errorf("the result contains %d outputs", len(r.Outputs))
	}
	if want := strings.Repeat("v", 1000) + "…"; r.Outputs["result1"] != want {
		t.Errorf("result1 is %v", r.Outputs["result1"])
	}
	if len(outputs) != 62 {
		t.Errorf("the outputs of the probe were changed: %d", len(outputs))
	}
}
