// Package rule compiles and evaluates rules: govaluate expressions over the outputs of a check. It corrects three
// surprises of govaluate: a string that looks like a date stays a string, a list may have one element, and an output
// that a check did not produce is a value that equals nothing, not an error.
package rule

import (
	"errors"
	"fmt"
	"strings"

	"github.com/Knetic/govaluate"
)

// ErrNotBool means that the value of a rule is neither true nor false.
var ErrNotBool = errors.New("rule didn't return a bool")

// Rule is a compiled expression. Several goroutines may evaluate it at the same time.
type Rule struct {
	text       string
	expression *govaluate.EvaluableExpression
}

// Compile parses text. hasOutput reports whether the rule may use an output of that name.
func Compile(text string, hasOutput func(name string) bool) (r *Rule, err error) {
	defer func() {
		if recover() != nil {
			r, err = nil, errors.New("the expression can't be parsed")
		}
	}()
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	for i, token := range tokens {
		if name, isName := token.Value.(string); token.Kind == govaluate.VARIABLE && isName && !hasOutput(name) {
			return nil, fmt.Errorf("there is no output %q", name)
		}
		if token.Kind == govaluate.CLAUSE_CLOSE && tokens[i-1].Kind == govaluate.CLAUSE {
			return nil, errors.New("the parentheses ( ) are empty")
		}
	}
	expression, err := govaluate.NewEvaluableExpressionFromTokens(completeLists(tokens))
	if err != nil {
		return nil, lowerFirst(err)
	}
	return &Rule{text: text, expression: expression}, nil
}

// String returns the rule as the user wrote it.
func (r *Rule) String() string { return r.text }

// Eval evaluates the rule for the outputs of a check, which are float64, string or bool. The error is [ErrNotBool] or
// starts with "rule eval error: ". It never contains the value of an output. Eval may panic, which is a fault of NanoMon.
func (r *Rule) Eval(outputs map[string]any) (isTrue bool, err error) {
	parameters := &parameters{outputs: outputs}
	value, err := r.expression.Eval(parameters)
	if err != nil {
		return false, fmt.Errorf("rule eval error: %w", parameters.explain(err))
	}
	isTrue, isBool := value.(bool)
	if !isBool {
		return false, ErrNotBool
	}
	return isTrue, nil
}

// lowerFirst returns an error with the text of err, whose first letter is made lower case.
func lowerFirst(err error) error {
	text := strings.TrimSpace(err.Error())
	return errors.New(strings.ToLower(text[:1]) + text[1:])
}
