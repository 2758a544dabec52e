package check

import (
	"context"
	"strconv"
	"time"

	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
)

// Receive returns the result with the given id and date that follows from a report of a job; failed means that the job
// reported a failure. Then the status is not OK, unless the rule uses exitCode. The monitor must have a type whose
// results come from reports. history and the error are as in [Check.Run].
func (c *Check) Receive(
	ctx context.Context, id string, date time.Time, r probe.Report, failed bool, history rule.History,
) (result monitor.Result, err error) {
	defer recoverPanic("the "+c.monitor.Type+" probe", &err)
	result = FailedResult(c.monitor, date, "")
	result.ID = id
	if err := c.resolve(); err != nil {
		result.Message = err.Error()
		return result, probe.OwnFault(err)
	}
	ctx, reservation := memory.Reserve(ctx)
	defer reservation.Release()
	outcome := c.probe.(probe.Receiver).Receive(ctx, r)
	if !failed || RuleDecides(c.rule) {
		return c.complete(ctx, result, date, outcome, history)
	}
	result.Status, result.Value, result.Message = monitor.StatusError, outcome.Value, FailureMessage(r.ExitCode)
	result.Outputs = c.registry[c.monitor.Type].Spec.Stored(outcome.Outputs)
	c.scrubber.ScrubResult(&result)
	return result, probe.OwnFault(outcome.Err)
}

// RuleDecides reports whether a rule, which may be nil, decides whether a reported failure counts.
func RuleDecides(r *rule.Rule) bool { return r != nil && r.Uses("exitCode") }

// FailureMessage returns the message of the result of a reported failure.
func FailureMessage(exitCode int) string {
	if exitCode > 1 {
		return "The job ended with exit status " + strconv.Itoa(exitCode)
	}
	return "The job reported a failure"
}
