// Package rule compiles and evaluates rules: govaluate expressions over the outputs of a check. It corrects three
// surprises of govaluate: a string that looks like a date stays a string, a list may have one element, and an output
// that a check did not produce is a value that equals nothing, not an error. The time and the memory of an evaluation
// are limited.
package rule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Knetic/govaluate"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/memory"
	"nanomon/services/common/probe"
)

// ErrNotBool means that the value of a rule is neither true nor false.
var ErrNotBool = errors.New("rule didn't return a bool")

// evalError is the start of all other errors of an evaluation.
const evalError = "rule eval error: "

// Outputs returns the description of an output that a rule may use, and whether there is an output of that name.
type Outputs func(name string) (probe.Output, bool)

// isRuleOnly reports whether t is an output that only rules may use.
func (o Outputs) isRuleOnly(t token) bool { return o.of(t).RuleOnly }

// of returns the description of the output that t is, or the zero value if t is another token.
func (o Outputs) of(t token) probe.Output {
	name, isName := t.Value.(string)
	if t.Kind != govaluate.VARIABLE || !isName {
		return probe.Output{}
	}
	output, _ := o(name)
	return output
}

// Rule is a compiled expression. Several goroutines may evaluate it at the same time.
type Rule struct {
	text       string
	expression *govaluate.EvaluableExpression
	// uses lists the outputs that the rule uses. ruleOnly lists the ones that only rules may use.
	uses, ruleOnly []string
	// quoted lists the outputs that may be long and that an error of govaluate may quote.
	quoted []string
	// empty lists the outputs whose value is an empty text if a check did not produce them.
	empty []string
	// previous lists the outputs of the latest result that the rule uses.
	previous []string
}

// Compile parses text. outputs describes the outputs that the rule may use.
func Compile(text string, outputs Outputs) (*Rule, error) {
	expression, err := parse(text, outputs)
	if err != nil {
		return nil, err
	}
	return newRule(text, expression, outputs)
}

// parse returns the tokens of a rule. Their order is valid, and all outputs exist.
func parse(text string, outputs Outputs) (expression tokens, err error) {
	defer func() {
		if recover() != nil {
			expression, err = nil, errors.New("the expression can't be parsed")
		}
	}()
	if expression, err = tokenize(text); err != nil {
		return nil, err
	}
	for _, t := range expression {
		name, isName := t.Value.(string)
		if _, known := outputs(name); t.Kind == govaluate.VARIABLE && isName && !known {
			return nil, unknownOutput(name)
		}
	}
	if err := checkOrder(expression); err != nil {
		return nil, err
	}
	return expression, bindCalls(expression, outputs)
}

// unknownOutput returns the error about a name that is no output.
func unknownOutput(name string) error {
	if f, isFunction := functions[name]; isFunction {
		return fmt.Errorf("%s is a function: write it as in %s", name, f.form)
	}
	return fmt.Errorf("there is no output %q", name)
}

func newRule(text string, expression tokens, outputs Outputs) (r *Rule, err error) {
	defer func() {
		if recover() != nil {
			r, err = nil, errors.New("the expression can't be parsed")
		}
	}()
	replaced, err := replaceOperators(completeLists(expression))
	if err != nil {
		return nil, err
	}
	compiled, err := govaluate.NewEvaluableExpressionFromTokens(replaced)
	if err != nil {
		return nil, lowerFirst(err)
	}
	r = &Rule{text: text, expression: compiled}
	for i, t := range expression {
		if c, isCall := t.Value.(*called); isCall {
			r.addCall(c)
		}
		name, isName := t.Value.(string)
		if t.Kind != govaluate.VARIABLE || !isName {
			continue
		}
		output := outputs.of(t)
		if output.EmptyIfAbsent {
			r.empty = append(r.empty, name)
		}
		r.uses = append(r.uses, name)
		if output.RuleOnly {
			r.ruleOnly = append(r.ruleOnly, name)
		}
		if isLong := output.Kind != probe.OutputNumber && output.Kind != probe.OutputBool; isLong && mayBeQuoted(expression, i) {
			r.quoted = append(r.quoted, name)
		}
	}
	return r, nil
}

// addCall adds the outputs that a function uses.
func (r *Rule) addCall(c *called) {
	if c.reads != "" {
		r.uses = append(r.uses, c.reads)
		r.ruleOnly = append(r.ruleOnly, c.reads)
	}
	if c.previous != "" {
		r.previous = append(r.previous, c.previous)
	}
}

// mayBeQuoted reports whether an error of govaluate may quote the value of the output at index i. Operators
// that accept every value, operators that are replaced by functions, and functions never fail with a quote.
func mayBeQuoted(expression tokens, i int) bool {
	if i+1 == len(expression) || i > 0 && expression[i-1].Kind == govaluate.PREFIX {
		return true
	}
	if isArgument(expression, i) {
		return false
	}
	next := expression[i+1]
	isReplaced := next.Value == "==" || next.Value == "!=" || next.Value == "in"
	return !isMatch(next) && !(next.Kind == govaluate.COMPARATOR && isReplaced)
}

// String returns the rule as the user wrote it.
func (r *Rule) String() string { return r.text }

// Uses reports whether the rule uses the output called name.
func (r *Rule) Uses(name string) bool { return slices.Contains(r.uses, name) }

// UsesRuleOnly does the same for an output that only rules may use.
func (r *Rule) UsesRuleOnly(name string) bool { return slices.Contains(r.ruleOnly, name) }

// StoredOutputs returns the names of the outputs in results that the rule uses, each once.
func (r *Rule) StoredOutputs() []string {
	names := slices.DeleteFunc(slices.Concat(r.uses, r.previous), r.UsesRuleOnly)
	slices.Sort(names)
	return slices.Compact(names)
}

// Input is what a rule is evaluated for.
type Input struct {
	// Outputs holds the outputs of the check, which are float64, string or bool, and [probe.Headers].
	Outputs map[string]any
	// Stored holds the outputs as the result stores them: without the end of long texts and without secrets.
	Stored map[string]any
	// Document is the parsed body, and NoDocument the error of parsing it. Both are nil if it is not parsed yet.
	Document   *jsonbody.Document
	NoDocument error
	// Parsed receives both if the evaluation parses the body; nil if nobody needs them.
	Parsed func(document *jsonbody.Document, err error)
	// Names means that the texts in Outputs are domain names, of which some are followed by a blank and a preference. A
	// name equals itself in another case, with and without its final dot, and without its preference. A regular
	// expression matches if it matches one of these forms.
	Names bool
	// Date is the date of the check.
	Date time.Time
	// Value is the value of the result.
	Value float64
	// History holds the earlier results of the monitor; nil if there are none.
	History History
	// NotStored reports whether the check may have produced an output that Outputs lacks. If the rule needs it, the error
	// is a [NotStoredError]. It is nil for a check that is just made: then Outputs holds all outputs.
	NotStored func(output string) bool
}

// NotStoredError means that a rule needs something of a check that its result does not contain.
type NotStoredError struct {
	// Name is the name of an output, or json() or header().
	Name string
}

// Error implements error.
func (e *NotStoredError) Error() string { return "results do not contain " + e.Name }

// Eval evaluates the rule for a check. It returns when ctx ends. The error is [ErrNotBool], a [memory.ShortageError] if
// copies of outputs do not fit into the reservation of ctx, a [NotStoredError], or starts with "rule eval error: ". It
// never contains the value of an output. Eval may panic, which is a fault of NanoMon.
func (r *Rule) Eval(ctx context.Context, in Input) (isTrue bool, err error) {
	p := evaluations.Get().(*parameters)
	*p = parameters{Input: in, ctx: ctx, rule: r}
	isTrue, err = r.eval(p)
	*p = parameters{}
	evaluations.Put(p)
	return isTrue, err
}

// evaluations holds unused parameters, because a new one needs a quarter of the time of a simple rule.
var evaluations = sync.Pool{New: func() any { return new(parameters) }}

func (r *Rule) eval(p *parameters) (isTrue bool, err error) {
	if err := r.reserveQuotes(p.ctx, p.Outputs); err != nil {
		return false, fmt.Errorf(evalError+"%w", err)
	}
	value, err := r.expression.Eval(p)
	if err != nil {
		return false, fmt.Errorf(evalError+"%w", p.explain(err))
	}
	isTrue, isBool := value.(bool)
	if !isBool {
		return false, ErrNotBool
	}
	return isTrue, nil
}

// reserveQuotes reserves the memory of an error of govaluate that quotes a large output. Such an error is built in a
// buffer and then copied.
func (r *Rule) reserveQuotes(ctx context.Context, outputs map[string]any) error {
	for _, name := range r.quoted {
		if text, _ := outputs[name].(string); len(text) > freeJoined {
			return memory.FromContext(ctx).Grow(ctx, 3*len(text))
		}
	}
	return nil
}

// IsEvalError reports whether a message of a result is an error of [Rule.Eval]: then the target has answered.
func IsEvalError(message string) bool {
	return strings.HasPrefix(message, evalError) || message == ErrNotBool.Error()
}

// lowerFirst returns an error with the text of err, whose first letter is made lower case.
func lowerFirst(err error) error {
	text := strings.TrimSpace(err.Error())
	return errors.New(strings.ToLower(text[:1]) + text[1:])
}
