// Package rule compiles and evaluates the expressions that judge a result. The language is govaluate's;
// where that surprises, this package mends it: text that looks like a date stays text, a list of one element
// is a list, and an output that a check did not produce has no value instead of being an error.
package rule

import (
	"errors"
	"fmt"
	"strings"

	"github.com/Knetic/govaluate"
)

// ErrNotBool says that a rule has a value that is neither true nor false.
var ErrNotBool = errors.New("rule didn't return a bool")

// Rule is a compiled expression. It may be evaluated by several goroutines at a time.
type Rule struct {
	text       string
	expression *govaluate.EvaluableExpression
}

// Compile parses text; hasOutput tells which names it may use. The error says what is wrong with the text.
func Compile(text string, hasOutput func(name string) bool) (r *Rule, err error) {
	defer func() {
		if recover() != nil {
			r, err = nil, errors.New("the expression can't be understood")
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
			return nil, errors.New("there is nothing between ( and )")
		}
	}
	expression, err := govaluate.NewEvaluableExpressionFromTokens(completeLists(tokens))
	if err != nil {
		return nil, plain(err)
	}
	return &Rule{text: text, expression: expression}, nil
}

// String is the rule as it was written.
func (r *Rule) String() string { return r.text }

// Eval judges outputs, whose values are float64, string or bool. The error is [ErrNotBool], or begins
// with "rule eval error: "; it never shows the value of an output.
func (r *Rule) Eval(outputs map[string]any) (holds bool, err error) {
	defer func() {
		if recover() != nil {
			holds, err = false, errors.New("rule eval error: the expression can't be applied to these outputs")
		}
	}()
	values := &values{outputs: outputs}
	value, err := r.expression.Eval(values)
	if err != nil {
		return false, fmt.Errorf("rule eval error: %w", values.explain(err))
	}
	holds, isBool := value.(bool)
	if !isBool {
		return false, ErrNotBool
	}
	return holds, nil
}

// plain is an error of the parser as the end of a sentence.
func plain(err error) error {
	text := strings.TrimSpace(err.Error())
	return errors.New(strings.ToLower(text[:1]) + text[1:])
}
