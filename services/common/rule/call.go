package rule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Knetic/govaluate"

	"nanomon/services/common/probe"
)

// function is a function that rules may call. Exactly one of run and bind is set.
type function struct {
	// form is an example of a call, for errors.
	form string
	// arguments is the number of arguments.
	arguments int
	// run returns the value of a call with values as arguments.
	run func(p *parameters, arguments []any) (any, error)
	// bind returns the function of a call whose arguments are literals, which it validates.
	bind func(arguments []tokens, outputs Outputs) (func(p *parameters) (any, error), error)
	// reads is the hidden output that the function reads; empty if it reads none.
	reads string
	// readsPrevious is true if the first argument is an output that the function reads in the latest result.
	readsPrevious bool
}

// functions holds the functions by name.
var functions = map[string]function{
	"json":     {form: "json('$.a.b')", arguments: 1, bind: bindJSON, reads: "body"},
	"header":   {form: "header('Server')", arguments: 1, bind: bindHeader, reads: probe.Headers},
	"len":      {form: "len(body)", arguments: 1, run: length},
	"contains": {form: "contains(body, 'text')", arguments: 2, run: contains},
	"lower":    {form: "lower(body)", arguments: 1, run: lower},
	"days":     {form: "days(json('$.expires'))", arguments: 1, run: days},
	"avg":      {form: "avg(5)", arguments: 1, bind: bindAverage},
	"max":      {form: "max(5)", arguments: 1, bind: bindMaximum},
	"count":    {form: "count('failed', 5)", arguments: 2, bind: bindCount},
	"previous": {form: "previous('respTime')", arguments: 1, bind: bindPrevious, readsPrevious: true},
}

// functionNames returns the names of all functions, for errors.
func functionNames() string {
	names := slices.Sorted(maps.Keys(functions))
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// parserFunctions returns the functions for the parser. A call of one returns its name.
func parserFunctions() map[string]govaluate.ExpressionFunction {
	named := make(map[string]govaluate.ExpressionFunction)
	for name := range functions {
		named[name] = func(...any) (any, error) { return name, nil }
	}
	return named
}

// called is the value of a token that is a function.
type called struct {
	name  string
	reads string
	// previous is the output of the latest result that the function reads; empty if it reads none.
	previous string
	// isBound is true if call has bound the arguments.
	isBound bool
	call    govaluate.ExpressionFunction
}

// String returns the name of the function, for errors.
func (c *called) String() string { return c.name }

// bindCalls gives each function in an expression its call. It returns an error about the arguments of the first wrong
// call. The order of the tokens must be valid.
func bindCalls(expression tokens, outputs Outputs) error {
	for i, t := range expression {
		if t.Kind != govaluate.FUNCTION {
			continue
		}
		name, _ := t.Value.(string)
		f := functions[name]
		arguments := argumentsOf(expression[i+1:])
		if len(arguments) != f.arguments {
			return wrongArguments(name, len(arguments))
		}
		if _, isRead := outputs(f.reads); f.reads != "" && !isRead {
			return fmt.Errorf("%s can't be used with this type of monitor, because its checks read no response", name)
		}
		c := &called{name: name, reads: f.reads, isBound: f.bind != nil, call: callOf(f.run)}
		if f.bind != nil {
			bound, err := f.bind(arguments, outputs)
			if err != nil {
				return fmt.Errorf("%s: %w; write it as in %s", name, err, f.form)
			}
			c.call = callOf(func(p *parameters, _ []any) (any, error) { return bound(p) })
			if f.readsPrevious {
				c.previous, _ = literalText(arguments[0])
			}
		}
		expression[i].Value = c
	}
	return nil
}

// wrongArguments returns the error about a call of a function with another number of arguments than it has.
func wrongArguments(name string, count int) error {
	f := functions[name]
	noun := "arguments"
	if f.arguments == 1 {
		noun = "argument"
	}
	return fmt.Errorf("%s needs %d %s, not %d: write it as in %s", name, f.arguments, noun, count, f.form)
}

// callOf returns a function for govaluate, whose first argument is the evaluation.
func callOf(run func(p *parameters, arguments []any) (any, error)) govaluate.ExpressionFunction {
	return func(arguments ...any) (any, error) {
		p := arguments[0].(*parameters)
		if err := p.ctx.Err(); err != nil {
			return nil, err
		}
		return run(p, arguments[1:])
	}
}

// argumentsOf returns the arguments in the parentheses with which an expression starts.
func argumentsOf(expression tokens) []tokens {
	var arguments []tokens
	depth, start := 0, 1
	for i, t := range expression {
		switch t.Kind {
		case govaluate.CLAUSE:
			depth++
		case govaluate.CLAUSE_CLOSE:
			depth--
		}
		isEnd := depth == 0
		if isEnd || depth == 1 && t.Kind == govaluate.SEPARATOR {
			if i > start {
				arguments = append(arguments, expression[start:i])
			}
			start = i + 1
		}
		if isEnd {
			break
		}
	}
	return arguments
}

// isArgument reports whether the token at index i is a whole argument of a function.
func isArgument(expression tokens, i int) bool {
	depth := 0
	for before := i - 1; before > 0 && depth >= 0; before-- {
		switch expression[before].Kind {
		case govaluate.CLAUSE:
			depth--
		case govaluate.CLAUSE_CLOSE:
			depth++
		}
		if depth < 0 {
			isWhole := func(arguments []tokens) bool {
				return slices.ContainsFunc(arguments, func(a tokens) bool { return len(a) == 1 && &a[0] == &expression[i] })
			}
			return expression[before-1].Kind == govaluate.FUNCTION && isWhole(argumentsOf(expression[before:]))
		}
	}
	return false
}
