package check_test

import (
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nanomon/services/common/check"
	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

func TestFunctionsReadTheResponse(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-Node", "a")
		w.Header().Add("X-Node", "b\xff")
		io.WriteString(w, `{"queue": {"length": 7}, "secret": "s3cret"}`)
	}))
	defer server.Close()
	for rule, want := range map[string]string{
		"json('$.queue.length') == 7 && len(json('$.*')) == 2":      "",
		"header('x-node') == 'a, b�' && bodyLen == 44":              "",
		"json('$.secret') =~ 'x' || json('$.secret') == 's'":        "Rule violated: json('$.secret') =~ 'x' || json('$.secret') == 's'",
		"json('$.secret') > 1":                                      "rule eval error: a value cannot be used with the comparator '>', it is not a number",
		"json('$.secret.x') > 1":                                    "rule eval error: this check produced no value for json('$.secret.x')",
		"header('x-node') > 1":                                      "rule eval error: a value cannot be used with the comparator '>', it is not a number",
		"contains(lower(body), 'queue') && count('failed', 5) == 0": "",
	} {
		r := runOnce(t, monitor.Monitor{Type: "http", Target: server.URL, Rule: rule})
		if r.Message != want || (want == "") != (r.Status == monitor.StatusOK) {
			t.Errorf("%s: %d %q, want %q", rule, r.Status, r.Message, want)
		}
		_, body := r.Outputs["body"]
		_, headers := r.Outputs[probe.Headers]
		if body || headers || r.Outputs["status"] != 200.0 {
			t.Errorf("%s: stores %v", rule, r.Outputs)
		}
	}
}

// A body is kept only for a function that reads it: the budget is smaller than the body.
func TestFunctionsKeepOnlyWhatTheyRead(t *testing.T) {
	url := serve(t, `"`+strings.Repeat("a", 1<<20-2)+`"`)
	for rule, keeps := range map[string]bool{
		"header('Server') != 'x' && avg(5) > 0 && previous('bodyLen') == bodyLen": false,
		"status == 200 || json('$') == 'x'":                                       true,
		"status == 200 || len(body) == 1":                                         true,
		"status == 200 || contains(body, 'x')":                                    true,
	} {
		result, err := compile(t, url, rule).Run(memory.NewBudget(64<<10).Context(t.Context()), nil)
		if kept := err != nil; kept != keeps || !kept && result.Status != monitor.StatusOK {
			t.Errorf("%s: got %+v, %v", rule, result, err)
		}
	}
}

func TestFunctionsThatATypeDoesNotHave(t *testing.T) {
	for rule, want := range map[string]string{
		"json('$.a') == 1":       "rule invalid: json can't be used with this type of monitor, because its checks read no response",
		"header('a') == ''":      "rule invalid: header can't be used with this type of monitor, because its checks read no response",
		"previous('body') == ''": `rule invalid: previous: there is no output "body"; write it as in previous('respTime')`,
		"respTime < 3 * avg(5) && previous('respTime') < 5 && count('error', 3) < 3 && len(ipAddress) > 3": "",
	} {
		m := monitor.Monitor{Name: "name", Type: "tcp", Interval: "10s", Target: "a.example:80", Rule: rule}
		err := check.Validate(probe.All(probe.Guard{}), m)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: got error %v, want %q", rule, err, want)
		}
		if _, compileErr := check.Compile(probe.All(probe.Guard{}), secret.Source{}, m); (compileErr == nil) != (want == "") {
			t.Errorf("%s: compiles with error %v", rule, compileErr)
		}
	}
}

func TestRulesUseCapturedNumbers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"queue": 7, "state": "up"}`)
	}))
	defer server.Close()
	properties := map[string]string{"capture": `{"queue": "$.queue", "missing": "$.missing"}`}
	for rule, want := range map[string]string{
		"queue == 7 && json('$.state') == 'up'":              "",
		"queue < 5":                                          "Rule violated: queue < 5",
		"missing != 1 && previous('queue') == queue":         "",
		"missing < 5":                                        "rule eval error: this check produced no missing",
		"previous('missing') > json('$.queue') || queue > 9": "rule eval error: this check produced no missing",
	} {
		r := runOnce(t, monitor.Monitor{Type: "http", Target: server.URL, Rule: rule, Properties: properties})
		if _, kept := r.Outputs["body"]; r.Message != want || kept || r.Outputs["queue"] != 7.0 {
			t.Errorf("%s: %d %q, want %q; outputs %v", rule, r.Status, r.Message, want, r.Outputs)
		}
	}
}

// Two monitors with the same rule, but with other captured numbers, do not share the rule.
func TestCapturedNumbersBelongToTheirMonitor(t *testing.T) {
	k := check.NewCompiler(probe.All(probe.Guard{}), secret.Source{})
	m := monitor.Monitor{Name: "name", Type: "http", Interval: "10s", Target: "http://a.example", Rule: "queue < 5"}
	m.Properties = map[string]string{"capture": `{"queue": "$.queue"}`}
	with, err := k.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	defer with.Close()
	m.Properties = nil
	if _, err := k.Compile(m); err == nil || err.Error() != `rule invalid: there is no output "queue"` {
		t.Errorf("got error %v", err)
	}
}

// earlier is a history of one result.
type earlier monitor.Result

func (e earlier) Previous() map[string]any { return e.Outputs }

func (e earlier) Counted() iter.Seq2[monitor.Status, float64] {
	return func(yield func(monitor.Status, float64) bool) { yield(e.Status, e.Value) }
}

// A result contains no secrets, but the outputs of the next check do.
func TestPreviousOutputsWithSecretsAreEqual(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	defer server.Close()
	m := monitor.Monitor{Name: "name", Type: "http", Interval: "10s", Target: server.URL + "/?token=${env:PLAIN}", Properties: map[string]string{
		"method": "POST", "body": `{"pin": "${env:NUMBER}"}`, "capture": `{"pin": "$.pin"}`, "bodyRegex": `\d+`,
	}}
	m.Rule = "finalUrl == previous('finalUrl') && pin == previous('pin') && regexMatch == previous('regexMatch') && regexText == previous('regexText')"
	c, err := check.Compile(probe.All(probe.Guard{}), source(t, "env:PLAIN env:NUMBER"), m)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	first, err := c.Run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Run(t.Context(), earlier(first))
	if err != nil || first.Status != monitor.StatusOK || second.Status != monitor.StatusOK {
		t.Errorf("got %+v, then %+v, %v", first, second, err)
	}
	wantNoSecrets(t, second)
	first.Outputs["finalUrl"] = "other"
	if third, err := c.Run(t.Context(), earlier(first)); err != nil || third.Status != monitor.StatusError {
		t.Errorf("got %+v, %v", third, err)
	}
}

// The memory of a body that is not JSON is reserved once for capture and json.
func TestBodyIsParsedOnce(t *testing.T) {
	m := monitor.Monitor{Name: "name", Type: "http", Interval: "10s", Rule: "json('$.a') == 1", Properties: map[string]string{"capture": `{"a": "$.a"}`}}
	m.Target = serve(t, strings.Repeat("[", 20_000)) // parsing needs 110 bytes for each
	c, err := check.Compile(probe.All(probe.Guard{}), secret.Source{}, m)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Run(memory.NewBudget(4<<20).Context(t.Context()), nil)
	if err != nil || !strings.HasPrefix(r.Message, "rule eval error: the body is not JSON: ") {
		t.Errorf("got %+v, %v", r, err)
	}
}
