// Package check runs the checks of a monitor: it compiles the probe and the rule once and applies them at each check.
// The API compiles a monitor to validate it, a runner to check it.
package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
	"nanomon/services/common/secret"
)

// Check holds a monitor with its compiled rule and its probe.
type Check struct {
	monitor  monitor.Monitor
	registry probe.Registry
	rule     *rule.Rule
	// ruleOnly lists the outputs that a rule may use and that no result contains.
	ruleOnly []string

	// timeout is the timeout of the probe.
	timeout time.Duration
	// probe is nil before the first check if the monitor has references to secrets.
	probe probe.Probe
	// secrets resolves the references; nil if the monitor has none.
	secrets *secret.Source
	// resolved is the monitor, with resolved secrets, that probe was created from. scrubber removes these secrets from
	// results.
	resolved monitor.Monitor
	scrubber *secret.Scrubber
}

// Compile validates all of m and returns a check of it. References to secrets are resolved at each run with secrets.
// The error is a [monitor.InvalidError].
func Compile(registry probe.Registry, secrets secret.Source, m monitor.Monitor) (*Check, error) {
	if err := m.Validate(registry.Names()); err != nil {
		return nil, err
	}
	spec := registry[m.Type].Spec
	c := &Check{monitor: m, registry: registry}
	for _, output := range spec.Outputs {
		if output.RuleOnly {
			c.ruleOnly = append(c.ruleOnly, output.Name)
		}
	}
	var err, ruleErr error
	if m.Rule != "" {
		c.rule, ruleErr = rule.Compile(m.Rule, spec.Output)
	}
	if secret.HasReferences(m) {
		c.secrets, err = &secrets, c.checkReferences()
	} else {
		c.probe, err = c.newProbe(m)
	}
	if err != nil {
		return nil, err
	}
	if ruleErr != nil {
		c.Close()
		return nil, monitor.Invalidf("rule invalid: %v", ruleErr)
	}
	return c, nil
}

// newProbe returns a probe for m, which is the monitor of the check with values instead of references to secrets.
func (c *Check) newProbe(m monitor.Monitor) (probe.Probe, error) {
	monitorType := c.registry[m.Type]
	settings, err := probe.NewSettings(monitorType.Spec, m.Properties)
	if err != nil {
		return nil, err
	}
	if c.rule != nil {
		settings = settings.ForRule(c.rule.Uses)
	}
	c.timeout = settings.Duration("timeout")
	return monitorType.New(m.Target, settings)
}

// Validate reports whether m may be stored: it returns the errors of [Compile], and an error if m depends on itself, has
// invalid e-mail recipients, or has a rule that [rule.Validate] refuses. A stored monitor with one of these errors is
// still checked: a runner ignores the dependency or the invalid recipients, and evaluates the rule within limits.
func Validate(registry probe.Registry, m monitor.Monitor) error {
	if m.DependsOnItself() {
		return monitor.Invalidf("property %s: a monitor can't depend on itself", monitor.DependsOn)
	}
	c, err := Compile(registry, secret.Source{}, m)
	if err != nil {
		return err
	}
	c.Close()
	if m.Rule != "" {
		if err := rule.Validate(m.Rule, registry[m.Type].Spec.Output); err != nil {
			return monitor.Invalidf("rule invalid: %v", err)
		}
	}
	return probe.ValidateRecipients(m.Properties[monitor.AlertTo])
}

// Run checks the target once and evaluates the rule. It returns at the monitor's timeout, at most [minRuleTime] later,
// or when ctx ends. It uses the [memory.Budget] of ctx. If the probe panics, the result is failed. Results contain the references to secrets, never their values.
func (c *Check) Run(ctx context.Context) monitor.Result {
	started := time.Now()
	result := FailedResult(c.monitor, started, "")
	if err := c.resolve(); err != nil {
		result.Message = err.Error()
		return result
	}
	ctx, reservation := memory.Reserve(ctx)
	defer reservation.Release()
	outcome := c.runProbe(ctx)
	result.ID = monitor.NewID(time.Now())
	result.Value = outcome.Value
	if outcome.Outputs != nil {
		result.Outputs = outcome.Outputs
	}
	if outcome.Err == nil {
		result.Status, result.Message, outcome.Err = c.evaluateRule(ctx, started, outcome.Outputs)
	}
	if outcome.Err != nil {
		result.Message = outcome.Err.Error()
	}
	for _, name := range c.ruleOnly {
		delete(result.Outputs, name)
	}
	c.scrubber.ScrubResult(&result)
	return result
}

// FailedResult returns a failed result of a check of m that got no answer; message says why.
func FailedResult(m monitor.Monitor, started time.Time, message string) monitor.Result {
	return monitor.Result{
		ID: monitor.NewID(started), Date: monitor.Date(started),
		Status: monitor.StatusFailed, Message: message,
		MonitorID: m.ID, MonitorName: m.Name, MonitorTarget: m.Target,
		Outputs: map[string]any{},
	}
}

// Close closes the connections that the probe keeps between checks.
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

// minRuleTime is the minimum time that a rule has, even if the target used all of the timeout.
const minRuleTime = time.Second

// evaluateRule evaluates the rule in the rest of the timeout. The error is a [probe.NotCheckedError] if there is not
// enough memory.
func (c *Check) evaluateRule(
	ctx context.Context, started time.Time, outputs map[string]any,
) (monitor.Status, string, error) {
	if c.rule == nil {
		return monitor.StatusOK, "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, max(c.timeout-time.Since(started), minRuleTime))
	defer cancel()
	isTrue, err := c.rule.Eval(ctx, outputs)
	var shortage *memory.ShortageError
	switch {
	case errors.As(err, &shortage):
		return monitor.StatusFailed, "", &probe.NotCheckedError{Cause: probe.CauseMemory, Text: shortage.Error()}
	case err != nil:
		return monitor.StatusFailed, err.Error(), nil
	case !isTrue:
		return monitor.StatusError, "Rule violated: " + c.rule.String(), nil
	default:
		return monitor.StatusOK, "", nil
	}
}
