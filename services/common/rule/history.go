package rule

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

// maxHistory is the maximum number of results that a function looks at.
const maxHistory = 30

// History gives access to the results of a monitor before a check.
type History interface {
	// Previous returns the stored outputs of the latest result; nil if there is none.
	Previous() map[string]any
	// Counted iterates over the results that are not ignored, newest first: their status and their value. It may end
	// after [maxHistory] results.
	Counted() iter.Seq2[monitor.Status, float64]
}

// last iterates over the last n results of the history that are not ignored, newest first.
func (p *parameters) last(n int) iter.Seq2[monitor.Status, float64] {
	return func(yield func(monitor.Status, float64) bool) {
		if p.History == nil {
			return
		}
		left := n
		for status, value := range p.History.Counted() {
			if left--; left < 0 || !yield(status, value) {
				return
			}
		}
	}
}

// values returns the values of the last n results, without failed ones, which have no value. If there are none, it
// returns the value of this check, so that a comparison of both shows no change.
func (p *parameters) values(n int) []float64 {
	values := make([]float64, 0, n)
	for status, value := range p.last(n) {
		if status != monitor.StatusFailed {
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		return []float64{p.Value}
	}
	return values
}

// bindAverage binds the argument of the function avg: the mean value of the last results.
func bindAverage(arguments []tokens, _ Outputs) (func(p *parameters) (any, error), error) {
	n, err := resultCount(arguments[0])
	return func(p *parameters) (any, error) {
		sum, values := 0.0, p.values(n)
		for _, value := range values {
			sum += value
		}
		return sum / float64(len(values)), nil
	}, err
}

// bindMaximum binds the argument of the function max: the largest value of the last results.
func bindMaximum(arguments []tokens, _ Outputs) (func(p *parameters) (any, error), error) {
	n, err := resultCount(arguments[0])
	return func(p *parameters) (any, error) { return slices.Max(p.values(n)), nil }, err
}

// bindCount binds the arguments of the function count: the number of the last results with a status.
func bindCount(arguments []tokens, _ Outputs) (func(p *parameters) (any, error), error) {
	name, _ := literalText(arguments[0])
	statuses := []monitor.Status{monitor.StatusOK, monitor.StatusError, monitor.StatusFailed}
	i := slices.IndexFunc(statuses, func(s monitor.Status) bool { return s.String() == name })
	if i < 0 {
		return nil, errors.New("the status must be 'ok', 'error' or 'failed'")
	}
	n, err := resultCount(arguments[1])
	return func(p *parameters) (any, error) {
		count := 0.0
		for status := range p.last(n) {
			if status == statuses[i] {
				count++
			}
		}
		return count, nil
	}, err
}

// resultCount returns the number of results that an argument is.
func resultCount(argument tokens) (int, error) {
	n, ok := wholeNumber(argument)
	if !ok || n < 1 || n > maxHistory {
		return 0, fmt.Errorf("the number of results must be a whole number from 1 to %d", maxHistory)
	}
	return n, nil
}

// bindPrevious binds the argument of the function previous: the value of an output in the latest result. If that result
// does not have it, or if both results store the same, the value is the one of this check, so that a comparison of both
// shows no change. A result does not store all of a long text, and no secrets.
func bindPrevious(arguments []tokens, outputs Outputs) (func(p *parameters) (any, error), error) {
	name, isText := literalText(arguments[0])
	if !isText {
		return nil, errors.New("the name of the output must be a text in quotes")
	}
	output, exists := outputs(name)
	switch {
	case !exists:
		return nil, fmt.Errorf("there is no output %q", name)
	case output.RuleOnly:
		return nil, fmt.Errorf("%s is not stored in results", name)
	}
	return func(p *parameters) (any, error) {
		now, isProduced := p.Outputs[name]
		if !isProduced {
			if err := p.stored(name, name); err != nil {
				return nil, err
			}
		}
		if p.History != nil {
			stored, isStored := p.History.Previous()[name]
			_, isText := stored.(string)
			isHidden := isText && output.Kind == probe.OutputNumber // a number that is a secret
			if isStored && !isHidden && !(isProduced && stored == p.Stored[name]) {
				return stored, nil
			}
		}
		switch {
		case isProduced:
			text, _ := now.(string)
			return now, p.reserveQuote(text)
		case output.EmptyIfAbsent:
			return "", nil
		}
		return p.noValue(name), nil
	}, nil
}
