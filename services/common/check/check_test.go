package check_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

// fixed is a probe whose outcome is set by the test.
type fixed struct{ run func() probe.Outcome }

func (f fixed) Run(context.Context) probe.Outcome { return f.run() }
func (f fixed) Close()                            {}

func newRegistry(run func() probe.Outcome) probe.Registry {
	return probe.Registry{"fixed": {
		Spec: probe.Spec{Type: "fixed", Outputs: []probe.Output{{Name: "body", RuleOnly: true}, {Name: "size"}, {Name: "resultN"}}},
		New: func(target string, _ probe.Settings) (probe.Probe, error) {
			if target == "invalid" {
				return nil, monitor.Invalidf("invalid monitor target: invalid")
			}
			return fixed{run}, nil
		},
	}}
}

func outcomeOf(outputs map[string]any) func() probe.Outcome {
	return func() probe.Outcome { return probe.Outcome{Value: 7, Outputs: outputs} }
}

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		rule    string
		run     func() probe.Outcome
		status  monitor.Status
		value   float64
		message string
		outputs map[string]any
	}{
		"an answer":                      {"", outcomeOf(map[string]any{"size": 3.0}), monitor.StatusOK, 7, "", map[string]any{"size": 3.0}},
		"a rule that holds":              {"size == 3", outcomeOf(map[string]any{"size": 3.0}), monitor.StatusOK, 7, "", map[string]any{"size": 3.0}},
		"a violated rule":                {"size > 3", outcomeOf(map[string]any{"size": 3.0}), monitor.StatusError, 7, "Rule violated: size > 3", map[string]any{"size": 3.0}},
		"a rule that can't be evaluated": {"body > 3", outcomeOf(map[string]any{"body": "secret"}), monitor.StatusFailed, 7, "rule eval error: a value cannot be used with the comparator '>', it is not a number", map[string]any{}},
		"a rule that is not a bool":      {"size", outcomeOf(map[string]any{"size": 3.0}), monitor.StatusFailed, 7, "rule didn't return a bool", map[string]any{"size": 3.0}},
		"the body in the rule":           {"body =~ 'up'", outcomeOf(map[string]any{"body": "all up"}), monitor.StatusOK, 7, "", map[string]any{}},
		"an absent output":               {"'a' IN (result1, result2)", outcomeOf(map[string]any{"result1": "b"}), monitor.StatusError, 7, "Rule violated: 'a' IN (result1, result2)", map[string]any{"result1": "b"}},
		"no outputs":                     {"", outcomeOf(nil), monitor.StatusOK, 7, "", map[string]any{}},
		"no answer, no verdict":          {"size == 3", func() probe.Outcome { return probe.Outcome{Err: errors.New("refused")} }, monitor.StatusFailed, 0, "refused", map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := monitor.Monitor{ID: "id", Name: "name", Type: "fixed", Interval: "1s", Target: "target", Rule: c.rule}
			checked, err := check.Compile(newRegistry(c.run), secret.Source{}, m)
			if err != nil {
				t.Fatal(err)
			}
			defer checked.Close()
			before := time.Now()
			got, err := checked.Run(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Date.Before(before.Add(-time.Millisecond)) || got.Date.Nanosecond()%1e6 != 0 || !monitor.ValidID(got.ID) {
				t.Errorf("date %s, id %s", got.Date, got.ID)
			}
			want := monitor.Result{
				ID: got.ID, Date: got.Date, Status: c.status, Value: c.value, Message: c.message,
				MonitorID: "id", MonitorName: "name", MonitorTarget: "target", Outputs: c.outputs,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// runFixed checks a monitor once whose probe returns outputs.
func runFixed(t *testing.T, rule string, outputs map[string]any) monitor.Result {
	t.Helper()
	m := monitor.Monitor{ID: "id", Name: "name", Type: "fixed", Interval: "1s", Target: "target", Rule: rule}
	checked, err := check.Compile(newRegistry(outcomeOf(outputs)), secret.Source{}, m)
	if err != nil {
		t.Fatal(err)
	}
	defer checked.Close()
	result, err := checked.Run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// crashing panics when it is printed. Package fmt recovers from only one panic.
type crashing struct{}

func (c crashing) String() string { panic(c) }

func TestNotChecked(t *testing.T) {
	full := &probe.NotCheckedError{Cause: probe.CauseFiles, Text: "too many open files"}
	for name, c := range map[string]struct {
		run   func() probe.Outcome
		cause probe.Cause
		text  string
	}{
		"a fault of the runner": {func() probe.Outcome { return probe.Outcome{Err: fmt.Errorf("connect: %w", full)} },
			probe.CauseFiles, "not checked: too many open files"},
		"a panic in the probe": {func() probe.Outcome { panic("secret") }, probe.CausePanic,
			"not checked: the fixed probe crashed, which is a fault of NanoMon; please report it with the definition of " +
				"the monitor and the stack in the log of this runner"},
		"a panic in the rule": {outcomeOf(map[string]any{"size": crashing{}}), probe.CausePanic,
			"not checked: the evaluation of the rule crashed, which is a fault of NanoMon; please report it with the " +
				"definition of the monitor and the stack in the log of this runner"},
	} {
		m := monitor.Monitor{Name: "name", Type: "fixed", Interval: "1s", Target: "target", Rule: "size + 'x' == 'x'"}
		checked, err := check.Compile(newRegistry(c.run), secret.Source{}, m)
		if err != nil {
			t.Fatal(err)
		}
		result, err := checked.Run(t.Context(), nil)
		var got *probe.NotCheckedError
		if !errors.As(err, &got) || got.Cause != c.cause || got.Error() != c.text || (got.Stack != "") != (c.cause == probe.CausePanic) {
			t.Errorf("%s: %v, result %+v", name, err, result)
		}
	}
}

func TestValidate(t *testing.T) {
	valid := monitor.Monitor{Name: "name", Type: "fixed", Interval: "1s", Target: "target"}
	for want, change := range map[string]func(*monitor.Monitor){
		"":                                    func(*monitor.Monitor) {},
		"missing monitor name":                func(m *monitor.Monitor) { m.Name, m.Target = "", "invalid" },
		"unknown property":                    func(m *monitor.Monitor) { m.Properties = map[string]string{"nonsense": "1"} },
		"invalid monitor target: invalid":     func(m *monitor.Monitor) { m.Target, m.Rule = "invalid", "==" },
		"rule invalid: there is no output \"": func(m *monitor.Monitor) { m.Rule = "sizes == 3" },
		"rule invalid: unexpected end of":     func(m *monitor.Monitor) { m.Rule = "size ==" },
		"property dependsOn: a monitor can't": func(m *monitor.Monitor) { m.Properties = map[string]string{"dependsOn": "name"} },
	} {
		m := valid
		change(&m)
		err := check.Validate(newRegistry(outcomeOf(nil)), m)
		var invalid *monitor.InvalidError
		switch {
		case want == "" && err != nil:
			t.Errorf("got %v, want no error", err)
		case want != "" && (!errors.As(err, &invalid) || !strings.HasPrefix(err.Error(), want)):
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// An earlier version may have stored such a monitor, because it did not validate dependsOn.
func TestMonitorThatDependsOnItselfIsChecked(t *testing.T) {
	m := monitor.Monitor{Name: "name", Type: "fixed", Interval: "1s", Target: "target", Properties: map[string]string{"dependsOn": "name"}}
	checked, err := check.Compile(newRegistry(outcomeOf(nil)), secret.Source{}, m)
	if err != nil {
		t.Fatal(err)
	}
	defer checked.Close()
	if r, err := checked.Run(t.Context(), nil); r.Status != monitor.StatusOK || err != nil {
		t.Errorf("%+v, error %v", r, err)
	}
}

func TestRecipients(t *testing.T) {
	registry := newRegistry(outcomeOf(nil))
	many := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("a%d@example.org", i))
		}
		return strings.Join(list, ", ")
	}
	for text, want := range map[string]string{
		"":                                      "",
		"a@example.org":                         "",
		"a@example.org, Bea <b@example.org>":    "",
		`"Doe, Bea" <b@example.org>`:            "",
		"a@example.org b@example.org,":          "",
		many(20):                                "",
		many(20) + "," + many(20):               "",
		many(21):                                "property alertTo: 21 addresses are too many, at most 20 are allowed: use the address of a mailing list",
		many(3000):                              "property alertTo: 3000 addresses are too many, at most 20 are allowed: use the address of a mailing list",
		"a@example.org, b":                      `property alertTo: "b" is not an e-mail address, use for example a@example.org, b@example.org`,
		",":                                     `property alertTo: "," is not an e-mail address, use for example a@example.org, b@example.org`,
		`"a b"@example.org`:                     `property alertTo: "\"a b\"@example.org" is not an e-mail address, use for example a@example.org, b@example.org`,
		strings.Repeat("x", 300) + ", a@b.test": `property alertTo: "` + strings.Repeat("x", 40) + `…" is not an e-mail address, use for example a@example.org, b@example.org`,
	} {
		m := monitor.Monitor{Name: "name", Type: "fixed", Interval: "1s", Target: "target", Properties: map[string]string{"alertTo": text}}
		got := ""
		if err := check.Validate(registry, m); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.60q:\n got %s\nwant %s", text, got, want)
		}
		// A stored monitor is checked, whatever its recipients are.
		checked, err := check.Compile(registry, secret.Source{}, m)
		if err != nil {
			t.Errorf("%.60q: %v", text, err)
			continue
		}
		checked.Close()
	}
}
