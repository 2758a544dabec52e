package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Knetic/govaluate"

	"nanomon/services/common/memory"
	"nanomon/services/common/pattern"
)

const (
	// evaluation is the name under which [parameters] provides itself to the functions. No rule may contain it.
	evaluation = "\x00evaluation"
	// maxJoined is the maximum number of bytes of the texts that one evaluation may make with + and functions.
	maxJoined = 16 << 20
	// freeJoined is the number of these bytes from which on they count in the memory budget.
	freeJoined = 64 << 10
	// maxBuiltPattern is the maximum length of a regular expression that is built from outputs.
	maxBuiltPattern = 1000
)

type (
	token  = govaluate.ExpressionToken
	tokens = []govaluate.ExpressionToken
)

// replaceOperators replaces operators by functions: =~, !~ and +, because govaluate limits neither their time nor their
// memory, and ==, != and IN, because they compare domain names in their own way.
func replaceOperators(expression tokens) (tokens, error) {
	at := lastApplied(expression)
	if at < 0 {
		return replaceInOperand(expression)
	}
	left, err := replaceOperators(expression[:at])
	if err != nil {
		return nil, err
	}
	right, err := replaceOperators(expression[at+1:])
	if err != nil {
		return nil, err
	}
	operator := expression[at]
	switch {
	case isMatch(operator):
		if right, err = compilePattern(right); err != nil {
			return nil, err
		}
		return call(match(operator.Value == "!~"), left, right), nil
	case operator.Kind == govaluate.MODIFIER && operator.Value == "+":
		return call(add, left, right), nil
	case operator.Kind == govaluate.COMPARATOR && operator.Value == "in":
		return call(isIn, left, right), nil
	case operator.Kind == govaluate.COMPARATOR && (operator.Value == "==" || operator.Value == "!="):
		return call(equals(operator.Value == "!="), left, right), nil
	}
	return slices.Concat(left, tokens{operator}, right), nil
}

// replaceInOperand replaces the operators in an operand: prefixes, and a value, the call of a function or an expression
// in parentheses.
func replaceInOperand(operand tokens) (tokens, error) {
	start := slices.IndexFunc(operand, func(t token) bool { return t.Kind == govaluate.CLAUSE })
	if start < 0 {
		return operand, nil
	}
	if start > 0 && operand[start-1].Kind == govaluate.FUNCTION {
		called, err := replaceInCall(operand[start-1].Value.(*called), operand[start:])
		return slices.Concat(operand[:start-1], called), err
	}
	end := len(operand) - 1
	inner, err := replaceOperators(operand[start+1 : end])
	return slices.Concat(operand[:start+1], inner, operand[end:]), err
}

// replaceInCall returns the call of a function for govaluate. expression contains its arguments in parentheses.
func replaceInCall(c *called, expression tokens) (tokens, error) {
	if c.isBound {
		return call(c.call), nil
	}
	arguments := argumentsOf(expression)
	for i, argument := range arguments {
		replaced, err := replaceOperators(argument)
		if err != nil {
			return nil, err
		}
		arguments[i] = replaced
	}
	return call(c.call, arguments...), nil
}

// lastApplied returns the index of the operator that is applied last: the last operator with the lowest precedence
// outside all parentheses. It returns -1 if there is none.
func lastApplied(expression tokens) int {
	last, depth := -1, 0
	for i, t := range expression {
		switch t.Kind {
		case govaluate.CLAUSE:
			depth++
		case govaluate.CLAUSE_CLOSE:
			depth--
		}
		level := precedence(t)
		if depth == 0 && level > 0 && (last < 0 || level <= precedence(expression[last])) {
			last = i
		}
	}
	return last
}

// precedence returns the precedence of an operator between two operands, or 0 for another token.
func precedence(t token) int {
	switch t.Kind {
	case govaluate.SEPARATOR:
		return 1
	case govaluate.TERNARY:
		return 2
	case govaluate.LOGICALOP:
		return 3
	case govaluate.COMPARATOR:
		return 4
	case govaluate.MODIFIER:
		switch t.Value {
		case "+", "-":
			return 6
		case "*", "/", "%", "**":
			return 7
		}
		return 5
	}
	return 0
}

func isMatch(t token) bool {
	return t.Kind == govaluate.COMPARATOR && (t.Value == "=~" || t.Value == "!~")
}

// call returns the call of a function with the evaluation and operands.
func call(function govaluate.ExpressionFunction, operands ...tokens) tokens {
	begin, end := token{Kind: govaluate.CLAUSE, Value: '('}, token{Kind: govaluate.CLAUSE_CLOSE, Value: ')'}
	called := tokens{{Kind: govaluate.FUNCTION, Value: function}, begin, {Kind: govaluate.VARIABLE, Value: evaluation}}
	for _, operand := range operands {
		called = append(called, token{Kind: govaluate.SEPARATOR, Value: ","}, begin)
		called = append(append(called, operand...), end)
	}
	return append(called, end)
}

// compilePattern compiles the right operand of =~ if it is a text.
func compilePattern(operand tokens) (tokens, error) {
	if len(operand) != 1 || operand[0].Kind != govaluate.STRING {
		return operand, nil
	}
	compiled, err := pattern.Compile(operand[0].Value.(string))
	return tokens{{Kind: govaluate.PATTERN, Value: compiled}}, err
}

// match returns the function of =~ or, if negated, of !~.
func match(negated bool) govaluate.ExpressionFunction {
	return func(arguments ...any) (any, error) {
		p, right := arguments[0].(*parameters), arguments[2]
		text, isText := arguments[1].(string)
		if !isText {
			return nil, p.fail("=~ and !~ need a text on their left side", arguments[1])
		}
		compiled, isCompiled := right.(*pattern.Pattern)
		if !isCompiled {
			var err error
			if compiled, err = p.buildPattern(right); err != nil {
				return nil, err
			}
		}
		matched, err := p.matches(compiled, text)
		return matched != negated, err
	}
}

// matches reports whether a regular expression matches a text or, if the outputs are names, one of its forms.
func (p *parameters) matches(compiled *pattern.Pattern, text string) (bool, error) {
	forms := []string{text}
	if p.Names {
		forms = nameForms(text)
	}
	for _, form := range forms {
		if matched, err := compiled.Match(p.ctx, form); matched || err != nil {
			return matched, err
		}
	}
	return false, nil
}

// buildPattern compiles a regular expression that was built from outputs.
func (p *parameters) buildPattern(value any) (*pattern.Pattern, error) {
	text, isText := value.(string)
	switch {
	case !isText:
		return nil, p.fail("=~ and !~ need a regular expression on their right side", value)
	case len(text) > maxBuiltPattern:
		return nil, plainError("a pattern built from outputs is too long")
	}
	compiled, err := pattern.Compile(text)
	if err != nil {
		return nil, plainError("a pattern built from outputs is not a valid regular expression")
	}
	return compiled, nil
}

// add is the function of +: the sum of two numbers, or two values joined to a text if one of them is a text.
func add(arguments ...any) (any, error) {
	p, left, right := arguments[0].(*parameters), arguments[1], arguments[2]
	a, isNumber := left.(float64)
	b, areNumbers := right.(float64)
	if isNumber && areNumbers {
		return a + b, nil
	}
	leftText, isText := left.(string)
	rightText, areTexts := right.(string)
	if !isText && !areTexts || !joinable(left) || !joinable(right) {
		return nil, p.fail("a value cannot be used with the modifier '+', it is not a number", left, right)
	}
	p.accept(left, right)
	if !isText {
		leftText = fmt.Sprint(left)
	}
	if !areTexts {
		rightText = fmt.Sprint(right)
	}
	return p.join(leftText, rightText)
}

// joinable reports whether a value is short or counted when it becomes part of a text.
func joinable(value any) bool {
	switch value.(type) {
	case []any, list, object:
		return false
	}
	return true
}

func (p *parameters) join(left, right string) (any, error) {
	if err := p.reserveText(len(left)+len(right), "the rule joins more than 16 MiB of text with +"); err != nil {
		return nil, err
	}
	return strings.Join([]string{left, right}, ""), nil
}

// reserveText reserves the memory of a text that the rule makes. If it makes too much text, the error is tooLarge.
func (p *parameters) reserveText(size int, tooLarge plainError) error {
	p.joined += size
	switch {
	case p.joined > maxJoined:
		return tooLarge
	case p.joined > freeJoined:
		return memory.FromContext(p.ctx).Grow(p.ctx, size)
	}
	return nil
}
