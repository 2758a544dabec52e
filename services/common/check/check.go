// Package check runs the checks of a monitor: it compiles the probe and the rule once and applies them at each check.
// The API compiles a monitor to validate it, a runner to check it.
package check

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
	"nanomon/services/common/secret"
	"nanomon/services/common/weakmap"
)

// Check holds a monitor with its compiled rule and its probe.
type Check struct {
	monitor  monitor.Monitor
	registry probe.Registry
	rule     *rule.Rule
	// warn is the expression of the property [monitor.Warn]; nil if there is none, or if it is invalid: then warnErr is
	// the error. An invalid expression gives a warning.
	warn    *rule.Rule
	warnErr error
	// ignored lists the properties that the type of the monitor does not have.
	ignored []string

	// timeout is the timeout of the probe.
	timeout time.Duration
	// probe is nil before the first check if the monitor has references to secrets.
	probe probe.Probe
	// secrets resolves the references; nil if the monitor has none.
	secrets *secret.Source
	// resolved is the monitor, with resolved secrets, that probe was created from; nil if there is no such probe. scrubber
	// removes these secrets from results.
	resolved *monitor.Monitor
	scrubber *secret.Scrubber
}

// ruleKey determines a compiled rule: its text, and the type and the property capture of the monitor, whose outputs it
// uses.
type ruleKey struct{ monitorType, capture, text string }

// Compiler compiles the checks of many monitors. Its methods are safe for concurrent use.
type Compiler struct {
	registry probe.Registry
	secrets  secret.Source
	// rules contains the compiled rules, so that monitors with the same rule share one.
	rules weakmap.Map[ruleKey, rule.Rule]
}

// NewCompiler returns a compiler for monitors of the types in registry. References to secrets are resolved at each run
// with secrets.
func NewCompiler(registry probe.Registry, secrets secret.Source) *Compiler {
	return &Compiler{registry: registry, secrets: secrets}
}

// Compile does the same as [Compiler.Compile] with a new compiler.
func Compile(registry probe.Registry, secrets secret.Source, m monitor.Monitor) (*Check, error) {
	return NewCompiler(registry, secrets).Compile(m)
}

// Compile validates all of m and returns a check of it. Properties that the type of m does not have are ignored, see
// [Check.Ignored]. The error is a [monitor.InvalidError], or a [probe.NotCheckedError] if NanoMon's code panics.
func (k *Compiler) Compile(m monitor.Monitor) (_ *Check, err error) {
	defer recoverPanic("the "+m.Type+" probe", &err)
	if err := m.Validate(k.registry.Names()); err != nil {
		return nil, err
	}
	m, ignored := k.registry.ForCheck(m)
	c := &Check{monitor: m, registry: k.registry, ignored: ignored}
	var ruleErr error
	if !m.IsInverted() {
		c.rule, ruleErr = k.expression(m, m.Rule)
		c.warn, c.warnErr = k.expression(m, m.Properties[monitor.Warn])
	}
	if k.registry.Secrets().HasReferences(m) {
		c.secrets, err = &k.secrets, c.checkReferences()
	} else {
		c.probe, err = c.newProbe(m, nil)
	}
	if err != nil {
		return nil, err
	}
	if ruleErr != nil {
		c.Close()
		return nil, invalidRule(m.Rule, ruleErr)
	}
	return c, nil
}

// expression compiles an expression over the outputs of m. It returns nil if text is empty.
func (k *Compiler) expression(m monitor.Monitor, text string) (*rule.Rule, error) {
	if text == "" {
		return nil, nil
	}
	return k.rules.Get(ruleKey{m.Type, m.Properties[probe.Capture], text}, func() (*rule.Rule, error) {
		return rule.Compile(text, k.registry[m.Type].Spec.ForProperties(m.Properties).Output)
	})
}

// invalidRule returns the error about a rule, with a hint if there is a usual mistake in it.
func invalidRule(text string, err error) error {
	return monitor.Invalid(fmt.Sprintf("rule invalid: %v", err), rule.Hint(text))
}

// Ignored returns the sorted names of the properties that the check ignores because the type of the monitor does not
// have them.
func (c *Check) Ignored() []string { return c.ignored }

// newProbe returns a probe for m, which is the monitor of the check with values instead of references to secrets.
// references finds these values in a text.
func (c *Check) newProbe(m monitor.Monitor, references *secret.Scrubber) (probe.Probe, error) {
	monitorType := c.registry[m.Type]
	settings, err := probe.NewSettings(monitorType.Spec, m.Properties)
	if err != nil {
		return nil, err
	}
	if c.rule != nil || c.warn != nil {
		settings = settings.ForRule(c.uses)
	}
	c.timeout = settings.Duration("timeout")
	return monitorType.New(m.Target, settings.WithReferences(references))
}

// Validate reports whether m may be stored: it returns the errors of [Compile], and an error if m depends on itself,
// has a property that its type does not have, has invalid e-mail recipients, or has a rule that [rule.Validate]
// refuses. A stored monitor with one of these errors is still checked: a runner ignores the dependency, the property or
// the invalid recipients, and evaluates the rule within limits.
func Validate(registry probe.Registry, m monitor.Monitor) error {
	if m.DependsOnItself() {
		return monitor.Invalidf("property %s: a monitor can't depend on itself", monitor.DependsOn)
	}
	if err := m.Validate(registry.Names()); err != nil {
		return err
	}
	if err := probe.ValidateNames(registry[m.Type].Spec, m.Properties); err != nil {
		return err
	}
	c, err := Compile(registry, secret.Source{}, m)
	if err != nil {
		return err
	}
	c.Close()
	if m.Rule != "" {
		if err := rule.Validate(m.Rule, registry[m.Type].Spec.ForProperties(m.Properties).Output); err != nil {
			return invalidRule(m.Rule, err)
		}
	}
	if err := c.validateWarn(); err != nil {
		return err
	}
	return probe.ValidateRecipients(m.Properties[monitor.AlertTo])
}

// Run checks the target once and evaluates the rule; history holds the earlier results, or is nil. It returns at the
// monitor's timeout, at most [minRuleTime] later, or when ctx ends. It uses the [memory.Budget] of ctx. Results contain
// the references to secrets, never their values. The error is a [probe.NotCheckedError]: then there is no result,
// because the check failed for a reason of this runner.
func (c *Check) Run(ctx context.Context, history rule.History) (result monitor.Result, err error) {
	defer recoverPanic("the "+c.monitor.Type+" probe", &err)
	started := time.Now()
	result = FailedResult(c.monitor, started, "")
	if err := c.resolve(); err != nil {
		result.Message = err.Error()
		return result, probe.OwnFault(err)
	}
	ctx, reservation := memory.Reserve(ctx)
	defer reservation.Release()
	outcome := c.probe.Run(ctx)
	result.ID = monitor.NewID(time.Now())
	return c.complete(ctx, result, started, outcome, history)
}

// complete adds what follows from outcome to the result of a check. The error is a [probe.NotCheckedError].
func (c *Check) complete(
	ctx context.Context, result monitor.Result, started time.Time, outcome probe.Outcome, history rule.History,
) (_ monitor.Result, err error) {
	if own := probe.OwnFault(outcome.Err); own != nil {
		return result, own
	}
	result.Value = outcome.Value
	result.Outputs = c.registry[c.monitor.Type].Spec.Stored(outcome.Outputs)
	c.scrubber.ScrubResult(&result)
	message := ""
	switch {
	case c.monitor.IsInverted():
		result.Status, message = inverted(outcome)
		if result.Value = 0; result.Status == monitor.StatusOK {
			result.Value = float64(time.Since(started).Microseconds()) / 1000
		}
	case outcome.Err != nil:
		message = outcome.Err.Error()
	default:
		result.Status, message, err = c.evaluate(ctx, started, outcome, result.Outputs, history)
	}
	result.Message = c.scrubber.Scrub(message)
	return result, err
}

// recoverPanic turns a panic of what into a [probe.NotCheckedError]. It shows no value of a panic, which may contain a
// secret.
func recoverPanic(what string, err *error) {
	if recover() != nil {
		*err = &probe.NotCheckedError{
			Cause: probe.CausePanic, Stack: string(debug.Stack()),
			Text: what + " crashed, which is a fault of NanoMon; please report it with the definition of the monitor " +
				"and the stack in the log of this runner",
		}
	}
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
