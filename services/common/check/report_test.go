package check_test

import (
	"testing"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

func TestReceive(t *testing.T) {
	duration := 12 * time.Second
	for _, c := range []struct {
		name, rule string
		report     probe.Report
		failed     bool
		status     monitor.Status
		message    string
	}{
		{"success", "", probe.Report{}, false, monitor.StatusOK, ""},
		{"failure", "", probe.Report{ExitCode: 1}, true, monitor.StatusError, "The job reported a failure"},
		{"exit status", "", probe.Report{ExitCode: 3}, true, monitor.StatusError, "The job ended with exit status 3"},
		{"the rule accepts the exit status", "exitCode <= 3", probe.Report{ExitCode: 3}, true, monitor.StatusOK, ""},
		{"the rule refuses the exit status", "exitCode <= 3", probe.Report{ExitCode: 4}, true, monitor.StatusError, "Rule violated: exitCode <= 3"},
		{"a failure although the rule is true", "contains(body, 'done')", probe.Report{ExitCode: 2, Body: []byte("done")}, true, monitor.StatusError, "The job ended with exit status 2"},
		{"duration", "duration < 10000", probe.Report{Duration: &duration}, false, monitor.StatusError, "Rule violated: duration < 10000"},
		{"no duration", "duration > 10000", probe.Report{}, false, monitor.StatusFailed, "rule eval error: this check produced no duration"},
		{"body", "body =~ 'saved'", probe.Report{Body: []byte("12 files saved")}, false, monitor.StatusOK, ""},
		{"JSON", "json('$.rows') > 5", probe.Report{Body: []byte(`{"rows": 3}`)}, false, monitor.StatusError, "Rule violated: json('$.rows') > 5"},
		{"warning", "", probe.Report{Body: []byte(`{"rows": 12}`)}, false, monitor.StatusOK, "Warning: rows > 10"},
		{"capture", "rows == 3", probe.Report{Body: []byte(`{"rows": 3}`)}, false, monitor.StatusOK, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := monitor.Monitor{ID: "a", Name: "backup", Type: "push", Target: "@daily", Interval: "24h", Rule: c.rule,
				Properties: map[string]string{"capture": `{"rows": "$.rows"}`}}
			if c.name == "warning" {
				m.Properties["warn"] = "rows > 10"
			}
			checked, err := check.Compile(probe.All(probe.Guard{}), secret.Source{}, m)
			if err != nil {
				t.Fatal(err)
			}
			date := time.Date(2026, time.March, 1, 2, 0, 0, 0, time.UTC)
			r, err := checked.Receive(t.Context(), "id", date, c.report, c.failed, nil)
			if err != nil || r.Status != c.status || r.Message != c.message || r.ID != "id" || !r.Date.Equal(date) {
				t.Errorf("got %s %q of %s, error %v; want %s %q", r.Status, r.Message, r.Date, err, c.status, c.message)
			}
			if _, stored := r.Outputs["body"]; stored || r.Outputs["exitCode"] != float64(c.report.ExitCode) {
				t.Errorf("outputs %v", r.Outputs)
			}
		})
	}
}

func TestHeaderInRuleOfPushMonitor(t *testing.T) {
	m := monitor.Monitor{Name: "backup", Type: "push", Target: "@daily", Interval: "24h", Rule: "header('a') == ''"}
	if _, err := check.Compile(probe.All(probe.Guard{}), secret.Source{}, m); !monitor.IsInvalid(err) {
		t.Errorf("error %v, want an invalid rule", err)
	}
}
