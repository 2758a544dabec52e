package check_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

func TestWarn(t *testing.T) {
	url := serve(t, `{"queue": 7, "secret": "s3cret"}`)
	for _, c := range []struct {
		rule, warn string
		status     monitor.Status
		message    string
	}{
		{"", "status == 200", monitor.StatusOK, "Warning: status == 200"},
		{"", "status == 500", monitor.StatusOK, ""},
		{"status == 200", "json('$.queue') > 5", monitor.StatusOK, "Warning: json('$.queue') > 5"},
		{"json('$.queue') > 5", "json('$.queue') > 6", monitor.StatusOK, "Warning: json('$.queue') > 6"},
		{"json('$.queue') > 5", "json('$.queue') > 7", monitor.StatusOK, ""},
		{"status == 500", "status == 200", monitor.StatusError, "Rule violated: status == 500"},
		{"certExpiryDays < 5", "status == 200", monitor.StatusFailed, "rule eval error: this check produced no certExpiryDays"},
		// What can't be evaluated is a warning, never a status that is not OK.
		{"", "certExpiryDays < 14", monitor.StatusOK, "Can't evaluate warn: this check produced no certExpiryDays"},
		{"status == 200", "status", monitor.StatusOK, "Can't evaluate warn: it is neither true nor false"},
		{"", "json('$.secret') > 1", monitor.StatusOK, "Can't evaluate warn: a value cannot be used with the comparator '>', it is not a number"},
		{"", "nothing > 1", monitor.StatusOK, `Can't evaluate warn: there is no output "nothing"`},
		{"", "count('failed', 5) == 0 && avg(3) >= 0", monitor.StatusOK, "Warning: count('failed', 5) == 0 && avg(3) >= 0"},
	} {
		properties := map[string]string{monitor.Warn: c.warn}
		r := runOnce(t, monitor.Monitor{Type: "http", Target: url, Rule: c.rule, Properties: properties})
		if r.Status != c.status || r.Message != c.message || r.IsWarning() != (c.status == 0 && c.message != "") {
			t.Errorf("rule %q, warn %q: %d %q, want %d %q", c.rule, c.warn, r.Status, r.Message, c.status, c.message)
		}
		if _, stored := r.Outputs["body"]; stored {
			t.Errorf("warn %q: the body is stored", c.warn)
		}
	}
}

func TestInvert(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inverted := map[string]string{monitor.Invert: "true"}
	m := monitor.Monitor{Type: "tcp", Target: l.Addr().String(), Properties: inverted}
	r := runOnce(t, m)
	if r.Status != monitor.StatusFailed || r.Message != "connection possible, but it must be refused (property invert)" || r.Value != 0 {
		t.Errorf("open port: %+v", r)
	}
	l.Close()
	if r := runOnce(t, m); r.Status != monitor.StatusOK || r.Message != "" || r.Value <= 0 {
		t.Errorf("closed port: %+v", r)
	}
	m.Target = "169.254.169.254:80"
	r = runOnce(t, m)
	if r.Status != monitor.StatusFailed || !strings.HasPrefix(r.Message, "can't tell whether a connection is possible: target not allowed") {
		t.Errorf("refused address: %+v", r)
	}
	m = monitor.Monitor{Type: "http", Target: serve(t, ""), Properties: inverted}
	if r := runOnce(t, m); r.Status != monitor.StatusFailed || !strings.HasPrefix(r.Message, "connection possible") {
		t.Errorf("http: %+v", r)
	}
}

func TestWarnAndInvertAreValidated(t *testing.T) {
	for _, c := range []struct {
		monitorType, rule string
		properties        map[string]string
		want, hint        string
	}{
		{"tcp", "", map[string]string{"warn": "respTime > 5"}, "", ""},
		{"tcp", "respTime < 9", map[string]string{"warn": "avg(5) > 5"}, "", ""},
		{"http", "", map[string]string{"warn": "queue > 5", "capture": `{"queue": "$.queue"}`}, "", ""},
		{"tcp", "", map[string]string{"invert": "true"}, "", ""},
		{"tcp", "respTime < 9", map[string]string{"invert": "false", "warn": "respTime > 5"}, "", ""},
		{"tcp", "", map[string]string{"warn": "status > 5"}, `property warn: there is no output "status"`, ""},
		{"tcp", "", map[string]string{"warn": "respTime = 5"}, "property warn: invalid token: '='", "write == instead of = at character 10"},
		{"http", "", map[string]string{"warn": "'a' + body == 'b'"}, "property warn: + can't be used with body: use =~ to search in it", ""},
		{"tcp", "", map[string]string{"warn": strings.Repeat("1", 2049)}, "property warn: has 2049 characters, at most 2048 are allowed", ""},
		{"tcp", "", map[string]string{"warn": "ipAddress == '${env:A}'"}, "property warn: references to secrets are not supported here", ""},
		{"dns", "", map[string]string{"invert": "true"}, "unknown property 'invert' for type dns", ""},
		{
			"tcp", "respTime < 9", map[string]string{"invert": "true"}, "property invert: can't be true together with a rule",
			"Remove the rule: an inverted check is OK if there is no connection, so it has no outputs.",
		},
		{
			"tcp", "", map[string]string{"invert": "True", "warn": "respTime > 5"}, "property invert: can't be true together with warn",
			"Remove warn: an inverted check is OK if there is no connection, so it has no outputs.",
		},
	} {
		types := probe.All(probe.Guard{})
		m := monitor.Monitor{Name: "name", Type: c.monitorType, Interval: "10s", Target: types[c.monitorType].Spec.ExampleTarget, Rule: c.rule, Properties: c.properties}
		err := check.Validate(types, m)
		var invalid *monitor.InvalidError
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &invalid) || !strings.HasPrefix(invalid.Detail, c.want) || invalid.Hint != c.hint) {
			t.Errorf("%v: got %#v, want %q with the hint %q", c.properties, err, c.want, c.hint)
		}
	}
}

// An expression that an update has made invalid must not stop the checks.
func TestInvalidWarnIsAWarning(t *testing.T) {
	m := monitor.Monitor{Name: "n", Type: "http", Interval: "10s", Target: serve(t, ""), Properties: map[string]string{"warn": "gone(1)"}}
	c, err := check.Compile(probe.All(probe.Guard{}), secret.Source{}, m)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if r, err := c.Run(t.Context(), nil); err != nil || r.Status != monitor.StatusOK || !strings.HasPrefix(r.Message, "Can't evaluate warn: ") {
		t.Errorf("got %+v, %v", r, err)
	}
}
