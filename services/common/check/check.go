// Package check makes a monitor runnable: its probe and its rule, compiled once. The API compiles
// a monitor to validate it, a runner to run it.
package check

import (
	"context"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
	"nanomon/services/common/secret"
)

// Check is a monitor that is ready to run.
type Check struct {
	monitor  monitor.Monitor
	types    probe.Registry
	rule     *rule.Rule
	ruleOnly []string

	// probe is nil before the first run of a monitor whose secrets have to be resolved.
	probe probe.Probe
	// secrets is what its references may lead to; nil where there are none.
	secrets *secret.Source
	// resolved is what probe was made of, and hide what of that must not leave the check.
	resolved monitor.Monitor
	hide     *secret.Scrubber
}

// Compile validates m whole and makes it runnable; its references to secrets are resolved at each run, as secrets allows. The error
// is a [monitor.InvalidError].
func Compile(types probe.Registry, secrets secret.Source, m monitor.Monitor) (*Check, error) {
	if err := m.Validate(types.Names()); err != nil {
		return nil, err
	}
	spec := types[m.Type].Spec
	c := &Check{monitor: m, types: types}
	for _, output := range spec.Outputs {
		if output.RuleOnly {
			c.ruleOnly = append(c.ruleOnly, output.Name)
		}
	}
	var err error
	if secret.HasReferences(m) {
		c.secrets, err = &secrets, checkReferences(types, m)
	} else {
		c.probe, err = newProbe(types, m)
	}
	if err != nil {
		return nil, err
	}
	if m.Rule == "" {
		return c, nil
	}
	if c.rule, err = rule.Compile(m.Rule, spec.HasOutput); err != nil {
		c.Close()
		return nil, monitor.Invalidf("rule invalid: %v", err)
	}
	return c, nil
}

func newProbe(types probe.Registry, m monitor.Monitor) (probe.Probe, error) {
	kind := types[m.Type]
	settings, err := probe.NewSettings(kind.Spec, m.Properties)
	if err != nil {
		return nil, err
	}
	return kind.New(m.Target, settings)
}

// Validate reports what must not be stored: what Compile would refuse, and a monitor that depends on itself. One that is stored
// already runs on, as if it depended on none.
func Validate(types probe.Registry, m monitor.Monitor) error {
	if m.DependsOnItself() {
		return monitor.Invalidf("property %s: a monitor can't depend on itself", monitor.DependsOn)
	}
	c, err := Compile(types, secret.Source{}, m)
	if err != nil {
		return err
	}
	c.Close()
	return nil
}

// Run checks the target once and judges what it found. It ends at the monitor's own timeout, or when
// ctx ends. A panic of the probe is a failed result. No result holds what a reference leads to.
func (c *Check) Run(ctx context.Context) monitor.Result {
	result := Failed(c.monitor, time.Now(), "")
	if err := c.resolve(); err != nil {
		result.Message = err.Error()
		return result
	}
	outcome := c.runProbe(ctx)
	result.ID = monitor.NewID(time.Now())
	result.Value = outcome.Value
	if outcome.Outputs != nil {
		result.Outputs = outcome.Outputs
	}
	if outcome.Err != nil {
		result.Message = outcome.Err.Error()
	} else {
		result.Status, result.Message = c.judge(outcome.Outputs)
	}
	for _, name := range c.ruleOnly {
		delete(result.Outputs, name)
	}
	c.hide.Result(&result)
	return result
}

// Failed is the result of a check of m that found no answer, for the reason in message.
func Failed(m monitor.Monitor, started time.Time, message string) monitor.Result {
	return monitor.Result{
		ID: monitor.NewID(started), Date: monitor.Date(started),
		Status: monitor.StatusFailed, Message: message,
		MonitorID: m.ID, MonitorName: m.Name, MonitorTarget: m.Target,
		Outputs: map[string]any{},
	}
}

// Close gives up what the probe keeps between runs.
func (c *Check) Close() {
	if c.probe != nil {
		c.probe.Close()
	}
}

func (c *Check) runProbe(ctx context.Context) (outcome probe.Outcome) {
	defer func() {
		if cause := recover(); cause != nil {
			outcome = probe.Outcome{Err: fmt.Errorf("the %s probe crashed: %v", c.monitor.Type, cause)}
		}
	}()
	return c.probe.Run(ctx)
}

func (c *Check) judge(outputs map[string]any) (monitor.Status, string) {
	if c.rule == nil {
		return monitor.StatusOK, ""
	}
	holds, err := c.rule.Eval(outputs)
	switch {
	case err != nil:
		return monitor.StatusFailed, err.Error()
	case !holds:
		return monitor.StatusError, "Rule violated: " + c.rule.String()
	default:
		return monitor.StatusOK, ""
	}
}
