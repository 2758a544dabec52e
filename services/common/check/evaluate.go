package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
)

// minRuleTime is the minimum time that the rule and warn have, even if the target used all of the timeout.
const minRuleTime = time.Second

// uses reports whether the rule or warn uses an output that only rules may use.
func (c *Check) uses(output string) bool {
	return c.rule != nil && c.rule.Uses(output) || c.warn != nil && c.warn.Uses(output)
}

// evaluate evaluates the rule and then, if the status is OK, warn in the rest of the timeout; stored holds the outputs
// as the result stores them. The error is a [probe.NotCheckedError] if an evaluation panics or if there is not enough
// memory.
func (c *Check) evaluate(
	ctx context.Context, started time.Time, outcome probe.Outcome, stored map[string]any, history rule.History,
) (
	status monitor.Status, message string, err error,
) {
	if c.rule == nil && c.warn == nil {
		return monitor.StatusOK, c.warning(false, nil), nil
	}
	defer recoverPanic("the evaluation of the rule", &err)
	ctx, cancel := context.WithTimeout(ctx, max(c.timeout-time.Since(started), minRuleTime))
	defer cancel()
	in := rule.Input{
		Outputs: outcome.Outputs, Stored: stored, Document: outcome.Document, NoDocument: outcome.NoDocument,
		Names: outcome.Names, Date: started, Value: outcome.Value, History: history,
	}
	if c.rule != nil {
		var body *parsedBody
		if c.warn != nil {
			body = &parsedBody{in.Document, in.NoDocument}
			in.Parsed = body.set
		}
		if status, message, err = c.evaluateRule(ctx, in); err != nil || status != monitor.StatusOK {
			return status, message, err
		}
		if body != nil {
			in.Document, in.NoDocument = body.document, body.err
		}
	}
	if c.warn == nil {
		return monitor.StatusOK, c.warning(false, nil), nil
	}
	isTrue, warnErr := c.warn.Eval(ctx, in)
	if shortage := shortageIn(warnErr); shortage != nil {
		return monitor.StatusFailed, "", shortage
	}
	return monitor.StatusOK, c.warning(isTrue, warnErr), nil
}

// parsedBody is the body that the rule has parsed, for warn.
type parsedBody struct {
	document *jsonbody.Document
	err      error
}

func (b *parsedBody) set(document *jsonbody.Document, err error) { b.document, b.err = document, err }

// evaluateRule returns the status by the rule.
func (c *Check) evaluateRule(ctx context.Context, in rule.Input) (status monitor.Status, message string, err error) {
	isTrue, ruleErr := c.rule.Eval(ctx, in)
	switch shortage := shortageIn(ruleErr); {
	case shortage != nil:
		return monitor.StatusFailed, "", shortage
	case ruleErr != nil:
		return monitor.StatusFailed, ruleErr.Error(), nil
	case !isTrue:
		return monitor.StatusError, "Rule violated: " + c.rule.String(), nil
	default:
		return monitor.StatusOK, "", nil
	}
}

// shortageIn returns the [probe.NotCheckedError] of a [memory.ShortageError], or nil if err is none.
func shortageIn(err error) error {
	if shortage, found := errors.AsType[*memory.ShortageError](err); found {
		return &probe.NotCheckedError{Cause: probe.CauseMemory, Text: shortage.Error()}
	}
	return nil
}

// warning returns the warning of an OK result: empty if there is none. If warn can't be evaluated, that is a warning
// too, because nobody would notice otherwise.
func (c *Check) warning(isTrue bool, err error) string {
	if c.warnErr != nil {
		err = c.warnErr
	}
	switch {
	case errors.Is(err, rule.ErrNotBool):
		return "Can't evaluate warn: it is neither true nor false"
	case err != nil:
		return "Can't evaluate warn: " + strings.TrimPrefix(err.Error(), "rule eval error: ")
	case isTrue:
		return "Warning: " + c.warn.String()
	}
	return ""
}

// inverted returns the status of a check that is OK exactly if no connection is possible.
func inverted(outcome probe.Outcome) (status monitor.Status, message string) {
	switch {
	case outcome.Err == nil || outcome.Contact == probe.ContactMade:
		return monitor.StatusFailed, "connection possible, but it must be refused (property invert)"
	case outcome.Contact == probe.ContactRefused:
		return monitor.StatusOK, ""
	}
	return monitor.StatusFailed, fmt.Sprintf("can't tell whether a connection is possible: %v", outcome.Err)
}

// validateWarn reports whether the properties [monitor.Warn] and [monitor.Invert] may be saved.
func (c *Check) validateWarn() error {
	m := c.monitor
	warn := m.Properties[monitor.Warn]
	switch {
	case m.IsInverted() && m.Rule != "":
		return monitor.Invalid("property invert: can't be true together with a rule",
			"Remove the rule: an inverted check is OK if there is no connection, so it has no outputs.")
	case m.IsInverted() && warn != "":
		return monitor.Invalid("property invert: can't be true together with warn",
			"Remove warn: an inverted check is OK if there is no connection, so it has no outputs.")
	case warn == "":
		return nil
	}
	err := c.warnErr
	if err == nil {
		err = rule.Validate(warn, c.registry[m.Type].Spec.ForProperties(m.Properties).Output)
	}
	if err == nil {
		return nil
	}
	return monitor.Invalid(fmt.Sprintf("property warn: %v", err), rule.Hint(warn))
}
