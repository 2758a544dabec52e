package replay

import (
	"context"
	"errors"
	"slices"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/rule"
	"nanomon/services/common/store"
)

// evaluation evaluates a rule for one result after the other.
type evaluation struct {
	*Answer
	rule    *rule.Rule
	columns []column
	// updated is the date of the latest change of the monitor.
	updated time.Time
	// names is true if the texts of the outputs are domain names.
	names bool

	// state is the history before the current result; its outputs are in latest. The status of its results is the one
	// that the rule gives them.
	state  store.State
	latest map[string]any
	// outputs holds the outputs of the current result, and missing the outputs that it may lack.
	outputs map[string]any
	missing map[string]bool
	// isViolated is true in a period.
	isViolated bool
}

// evaluate evaluates the rule for a result, and counts it.
func (e *evaluation) evaluate(ctx context.Context, r row) error {
	e.begin(r)
	status := r.status
	switch {
	case r.ignored != "":
		e.Ignored++
	case !r.isAnswered:
		e.Failed++
	case r.exitCode != 0 && !check.RuleDecides(e.rule):
		e.Checked++
		e.violated(r, check.FailureMessage(r.exitCode))
		status = monitor.StatusError
	default:
		var err error
		if status, err = e.judge(ctx, r); err != nil {
			return err
		}
	}
	e.end(r, status)
	return nil
}

// begin sets the outputs of the current result.
func (e *evaluation) begin(r row) {
	clear(e.outputs)
	clear(e.missing)
	for i := range e.columns {
		c := &e.columns[i]
		switch value := r.cells[i].(type) {
		case nil:
		case unknown:
			e.missing[c.name] = true
		case part:
			e.missing[c.name] = true
			c.wasFound = true
		case noMatch:
			// Before the first match, the monitor may have had no property that searches for it.
			e.missing[c.name] = !c.wasFound && r.date.Before(e.updated)
		default:
			e.outputs[c.name] = value
			c.wasFound = true
		}
	}
}

// judge returns the status that the rule gives to the current result, and counts it. If it is unknown, the result keeps
// its status. The error is that of the context.
func (e *evaluation) judge(ctx context.Context, r row) (monitor.Status, error) {
	isTrue, err := e.rule.Eval(ctx, rule.Input{
		Outputs: e.outputs, Stored: e.outputs, Names: e.names, Date: r.date, Value: r.value, History: &e.state,
		NotStored: func(output string) bool { return e.missing[output] || e.rule.UsesRuleOnly(output) },
	})
	if ctx.Err() != nil {
		return r.status, ctx.Err()
	}
	if missing, isUnknown := errors.AsType[*rule.NotStoredError](err); isUnknown {
		e.Unknown++
		e.isViolated = false
		if !slices.Contains(e.Missing, missing.Name) {
			e.Missing = append(e.Missing, missing.Name)
		}
		return r.status, nil
	}
	e.Checked++
	switch {
	case err != nil:
		e.violated(r, err.Error())
		return monitor.StatusFailed, nil
	case !isTrue:
		e.violated(r, "Rule violated: "+e.rule.String())
		return monitor.StatusError, nil
	}
	e.isViolated = false
	return monitor.StatusOK, nil
}

// violated counts a violated result.
func (e *evaluation) violated(r row, message string) {
	e.Violated++
	if !e.isViolated {
		e.Violations++
		if len(e.Periods) == maxPeriods {
			e.Periods = slices.Delete(e.Periods, 0, 1)
		}
		e.Periods = append(e.Periods, Period{From: r.date, Message: message, Status: r.status})
	}
	e.isViolated = true
	p := &e.Periods[len(e.Periods)-1]
	p.To = r.date
	p.Results++
}

// end adds the current result to the history.
func (e *evaluation) end(r row, status monitor.Status) {
	clear(e.latest)
	for i, c := range e.columns {
		switch value := r.cells[i].(type) {
		case nil, unknown, noMatch:
		case part:
			e.latest[c.name] = value.text
		default:
			e.latest[c.name] = value
		}
	}
	e.state.Latest.Outputs = e.latest
	e.state.History = store.AppendPoint(e.state.History,
		store.Point{Date: r.date, Status: status, Value: r.value, Ignored: r.ignored})
}
