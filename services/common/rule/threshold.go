package rule

import (
	"slices"

	"github.com/Knetic/govaluate"
)

// Threshold is a comparison of an output with a number. A rule holds only if all its thresholds hold.
type Threshold struct {
	// Output is the name of the output, which is the left operand.
	Output string `json:"output"`
	// Operator is <, <=, > or >=.
	Operator string  `json:"operator"`
	Value    float64 `json:"value"`
}

// mirrored contains the operators of thresholds, and which ones replace them if the operands are swapped.
var mirrored = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}

// Thresholds returns the comparisons of one numeric output with one number that a rule requires, in their order, each
// once. A rule that is not valid, or that is too long to be saved, has none.
func Thresholds(text string, outputs Outputs) []Threshold {
	expression, err := parse(text, outputs)
	if err != nil || len(expression) > maxTokens {
		return nil
	}
	var found []Threshold
	for _, condition := range conditions(expression) {
		t, ok := toThreshold(condition, outputs)
		if ok && !slices.Contains(found, t) {
			found = append(found, t)
		}
	}
	return found
}

// conditions returns the parts of an expression that must all be true: the operands of && outside of parentheses, and
// inside of parentheses around such an operand. An expression with an operator that binds no stronger than && has no
// parts.
func conditions(expression tokens) []tokens {
	expression = withoutParentheses(expression)
	var parts []tokens
	start := 0
	for _, i := range operators(expression) {
		switch t := expression[i]; {
		case t.Kind == govaluate.LOGICALOP && t.Value == "&&":
			parts = append(parts, conditions(expression[start:i])...)
			start = i + 1
		case precedence(t) <= precedence(token{Kind: govaluate.LOGICALOP}):
			return nil
		}
	}
	if start == 0 {
		return []tokens{expression}
	}
	return append(parts, conditions(expression[start:])...)
}

// operators returns the indexes of the operators outside of parentheses.
func operators(expression tokens) []int {
	var found []int
	depth := 0
	for i, t := range expression {
		switch t.Kind {
		case govaluate.CLAUSE:
			depth++
		case govaluate.CLAUSE_CLOSE:
			depth--
		}
		if depth == 0 && precedence(t) > 0 {
			found = append(found, i)
		}
	}
	return found
}

// withoutParentheses removes parentheses around the whole expression.
func withoutParentheses(expression tokens) tokens {
	for len(expression) > 2 && expression[0].Kind == govaluate.CLAUSE && len(operators(expression)) == 0 {
		expression = expression[1 : len(expression)-1]
	}
	return expression
}

// toThreshold returns the threshold that a condition is, if it is one.
func toThreshold(condition tokens, outputs Outputs) (Threshold, bool) {
	found := operators(condition)
	if len(found) != 1 || condition[found[0]].Kind != govaluate.COMPARATOR {
		return Threshold{}, false
	}
	left, right := withoutParentheses(condition[:found[0]]), withoutParentheses(condition[found[0]+1:])
	operator, _ := condition[found[0]].Value.(string)
	other, isSize := mirrored[operator]
	if len(right) == 1 && right[0].Kind == govaluate.VARIABLE {
		left, right, operator = right, left, other
	}
	if !isSize || len(left) != 1 || !outputs.of(left[0]).IsNumeric() {
		return Threshold{}, false
	}
	value, ok := number(right)
	name, _ := left[0].Value.(string)
	return Threshold{Output: name, Operator: operator, Value: value}, ok
}

// number returns the value of a number, which may have a sign.
func number(operand tokens) (float64, bool) {
	sign := 1.0
	if len(operand) == 2 && operand[0].Kind == govaluate.PREFIX && operand[0].Value == "-" {
		sign, operand = -1, operand[1:]
	}
	if len(operand) != 1 || operand[0].Kind != govaluate.NUMERIC {
		return 0, false
	}
	value, ok := operand[0].Value.(float64)
	return sign * value, ok
}
