package rule

import (
	"fmt"
	"slices"

	"github.com/Knetic/govaluate"
)

const (
	maxTokens  = 500
	maxDepth   = 50
	maxMatches = 50
)

// Validate reports whether a rule may be saved: it returns the errors of [Compile], and errors for rules that can use
// much memory or time. Such rules may have been stored by an earlier version. They are still evaluated, within limits.
func Validate(text string, outputs Outputs) error {
	expression, err := parse(text, outputs)
	if err != nil {
		return err
	}
	if _, err := newRule(text, expression, outputs); err != nil {
		return err
	}
	if len(expression) > maxTokens {
		return fmt.Errorf("the expression is too long: it has %d parts, at most %d are allowed", len(expression), maxTokens)
	}
	if depth(expression) > maxDepth {
		return fmt.Errorf("the parentheses are nested too deeply: at most %d levels are allowed", maxDepth)
	}
	if err := validateMatches(expression); err != nil {
		return err
	}
	if i := slices.IndexFunc(expression, outputs.isRuleOnly); i >= 0 && joins(expression, outputs) {
		return fmt.Errorf("+ can't be used with %v: use =~ to search in it", expression[i].Value)
	}
	return nil
}

func depth(expression tokens) int {
	current, deepest := 0, 0
	for _, t := range expression {
		switch t.Kind {
		case govaluate.CLAUSE:
			current++
		case govaluate.CLAUSE_CLOSE:
			current--
		}
		deepest = max(deepest, current)
	}
	return deepest
}

func validateMatches(expression tokens) error {
	matches := 0
	for i, t := range expression {
		if !isMatch(t) {
			continue
		}
		if matches++; matches > maxMatches {
			return fmt.Errorf("too many regular expressions: at most %d are allowed; combine them as in 'a|b'", maxMatches)
		}
		single := i+2 == len(expression) || precedence(expression[i+2]) <= precedence(t)
		if expression[i+1].Kind != govaluate.STRING || !single {
			return fmt.Errorf("%v needs a text in quotes on its right side", t.Value)
		}
	}
	return nil
}

// joins reports whether an operand of + is an output that only rules may use, such as the body.
func joins(expression tokens, outputs Outputs) bool {
	isPlus := func(i int) bool {
		return i >= 0 && i < len(expression) && expression[i].Kind == govaluate.MODIFIER && expression[i].Value == "+"
	}
	for i, t := range expression {
		if !outputs.isRuleOnly(t) {
			continue
		}
		before, after := i-1, i+1
		for before >= 0 && after < len(expression) &&
			expression[before].Kind == govaluate.CLAUSE && expression[after].Kind == govaluate.CLAUSE_CLOSE {
			before, after = before-1, after+1
		}
		if isPlus(before) || isPlus(after) {
			return true
		}
	}
	return false
}
