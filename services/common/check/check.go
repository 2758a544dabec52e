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
)

// Check is a monitor that is ready to run.
type Check struct {
	monitor  monitor.Monitor
	probe    probe.Probe
	rule     *rule.Rule
	ruleOnly []string
}

// Compile validates m whole and makes it runnable. The error is a [monitor.InvalidError].
func Compile(types probe.Registry, m monitor.Monitor) (*Check, error) {
	if err := m.Validate(types.Names()); err != nil {
		return nil, err
	}
	kind := types[m.Type]
	settings, err := probe.NewSettings(kind.Spec, m.Properties)
	if err != nil {
		return nil, err
	}
	p, err := kind.New(m.Target, settings)
	if err != nil {
		return nil, err
	}
	c := &Check{monitor: m, probe: p}
	for _, output := range kind.Spec.Outputs {
		if output.RuleOnly {
			c.ruleOnly = append(c.ruleOnly, output.Name)
		}
	}
	if m.Rule == "" {
		return c, nil
	}
	if c.rule, err = rule.Compile(m.Rule, kind.Spec.HasOutput); err != nil {
		p.Close()
		return nil, monitor.Invalidf("rule invalid: %v", err)
	}
	return c, nil
}

// Validate reports what must not be stored: what Compile would refuse, and a monitor that depends on itself. One that is stored
// already runs on, as if it depended on none.
func Validate(types probe.Registry, m monitor.Monitor) error {
	if m.DependsOnItself() {
		return monitor.Invalidf("property %s: a monitor can't depend on itself", monitor.DependsOn)
	}
	c, err := Compile(types, m)
	if err != nil {
		return err
	}
	c.Close()
	return nil
}

// Run checks the target once and judges what it found. It ends at the monitor's own timeout, or when
// ctx ends. A panic of the probe is a failed result.
func (c *Check) Run(ctx context.Context) monitor.Result {
	result := Failed(c.monitor, time.Now(), "")
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
func (c *Check) Close() { c.probe.Close() }

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
