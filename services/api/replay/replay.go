// Package replay evaluates a rule for the stored results of a monitor, as a runner would have done when it stored them.
package replay

import (
	"context"
	"errors"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
	"nanomon/services/common/store"
)

const (
	// maxPeriods is the maximum number of periods in an answer.
	maxPeriods = 10
	// evaluationTime limits the duration of all evaluations together.
	evaluationTime = 5 * time.Second
)

// ErrTooSlow means that the evaluations did not end in time.
var ErrTooSlow = monitor.Invalid("the rule needs too much time for these results",
	"Use a shorter window or simpler regular expressions.")

// Question is a rule, and the results that it is evaluated for. The rule must be valid.
type Question struct {
	// Monitor is the stored monitor.
	Monitor monitor.Monitor
	Rule    string
	// Properties replaces properties of the monitor. Only the properties that determine what an output contains matter.
	Properties map[string]string
	// From and To limit the date of the results: From <= date < To.
	From, To time.Time
}

// Answer says how often a rule would have been violated. Each result counts as checked, unknown, ignored or failed.
type Answer struct {
	MonitorID string    `json:"monitor_id"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	// Oldest is the date of the oldest result in the answer; nil if there is none.
	Oldest *time.Time `json:"oldest"`
	// Cut is true if there are older results, which are not in the answer because there are too many.
	Cut bool `json:"cut"`
	// Checked is the number of results for which it is known whether the rule holds.
	Checked int `json:"checked"`
	// Violated is the number of results that would not have been OK: the rule does not hold, or can't be evaluated, or
	// the job of a push monitor reported a failure and the rule does not use exitCode.
	Violated int `json:"violated"`
	// Violations is the number of periods with violated results.
	Violations int `json:"violations"`
	// Unknown is the number of results that do not contain what the rule needs.
	Unknown int `json:"unknown"`
	// Missing lists what they do not contain: names of outputs, json() and header().
	Missing []string `json:"missing"`
	// Ignored is the number of ignored results, which the rule is not evaluated for.
	Ignored int `json:"ignored"`
	// Failed is the number of results without an answer of the target, which the rule is not evaluated for.
	Failed int `json:"failed"`
	// Periods lists the newest periods, newest first.
	Periods []Period `json:"periods"`
}

// Period is a time in which a rule would have been violated. It ends when the rule holds again, or when this is unknown.
// Results for which the rule is not evaluated neither begin nor end one.
type Period struct {
	// From and To are the dates of the first and the last violated result.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Results is the number of violated results.
	Results int `json:"results"`
	// Message is the one that the first result would have had.
	Message string `json:"message"`
	// Status is the status that the first result has.
	Status monitor.Status `json:"status"`
}

// Store is the part of the store that a replay reads.
type Store interface {
	Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error)
}

// Evaluate answers a question from the newest results. The error is [ErrTooSlow] or one of the store.
func Evaluate(ctx context.Context, s Store, types probe.Registry, q Question) (Answer, error) {
	return q.answer(ctx, s, types, evaluationTime)
}

// answer answers the question. limit is the maximum duration of all evaluations together.
func (q Question) answer(ctx context.Context, s Store, types probe.Registry, limit time.Duration) (Answer, error) {
	answer := Answer{MonitorID: q.Monitor.ID, From: q.From, To: q.To, Missing: []string{}, Periods: []Period{}}
	draft := q.Draft()
	compiled, err := rule.Compile(q.Rule, types[draft.Type].Spec.ForProperties(draft.Properties).Output)
	if err != nil {
		return answer, monitor.Invalidf("rule invalid: %v", err)
	}
	found, err := read(ctx, s, types.IsPush(draft), columnsOf(types, q.Monitor, draft, compiled), q)
	if err != nil || len(found.rows) == 0 {
		return answer, err
	}
	oldest := found.rows[len(found.rows)-1].date
	answer.Oldest, answer.Cut = &oldest, found.cut
	e := evaluation{
		Answer: &answer, rule: compiled, columns: found.columns, updated: q.Monitor.Updated,
		names:   types[draft.Type].Names != nil && types[draft.Type].Names(q.Monitor.Properties),
		outputs: make(map[string]any), latest: make(map[string]any), missing: make(map[string]bool),
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = e.run(limited, found)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = ErrTooSlow
	}
	return answer, err
}

// run evaluates the rule for all results, oldest first.
func (e *evaluation) run(ctx context.Context, found history) error {
	for _, r := range slices.Backward(found.before) {
		e.begin(r)
		e.end(r, r.status)
	}
	for _, r := range slices.Backward(found.rows) {
		if err := e.evaluate(ctx, r); err != nil {
			return err
		}
	}
	slices.Reverse(e.Periods)
	return nil
}
