package rule

import (
	"context"
	"errors"
	"slices"
	"strings"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/memory"
)

// parameters provides the outputs of one check to govaluate, for one evaluation. The functions of the rule use it too.
type parameters struct {
	Input
	ctx  context.Context
	rule *Rule
	// missing lists the values that the check did not produce and that no operator or function has accepted.
	missing []*noValue
	// joined is the number of bytes of the texts that the rule has made with + and functions.
	joined int
	// quote is the number of bytes that are reserved for an error that quotes a value of a function.
	quote int
}

// Get returns the value of an output. If the check did not produce it, the value is a [noValue] or, if the output is
// empty if absent, an empty text.
func (p *parameters) Get(name string) (any, error) {
	if name == evaluation {
		return p, nil
	}
	if err := p.ctx.Err(); err != nil {
		return nil, err
	}
	if value, ok := p.Outputs[name]; ok {
		return value, nil
	}
	if name == noElement {
		return &noValue{}, nil
	}
	if err := p.stored(name, name); err != nil {
		return nil, err
	}
	if slices.Contains(p.rule.empty, name) {
		return "", nil
	}
	return p.noValue(name), nil
}

// stored returns a [NotStoredError] with a name if the result may lack an output that the check has produced.
func (p *parameters) stored(output, name string) error {
	if p.NotStored != nil && p.NotStored(output) {
		return &NotStoredError{name}
	}
	return nil
}

// noValue represents a value that the check did not produce. It equals nothing.
type noValue struct {
	// name is the name of the output, or another description; empty for [noElement].
	name string
}

func (*noValue) String() string { return "" }

// noValue returns a value that the check did not produce.
func (p *parameters) noValue(name string) *noValue {
	v := &noValue{name}
	p.missing = append(p.missing, v)
	return v
}

// accept removes the operands of an operator or function that accepts a [noValue] from the missing values, because they
// can't be the cause of an error any more.
func (p *parameters) accept(operands ...any) {
	for _, operand := range operands {
		if v, isMissing := operand.(*noValue); isMissing {
			p.missing = slices.DeleteFunc(p.missing, func(other *noValue) bool { return other == v })
		}
	}
}

// fail returns the error of an operator or function that can't be applied to operands: their names if they are missing,
// and err otherwise.
func (p *parameters) fail(err plainError, operands ...any) error {
	var missing []*noValue
	for _, operand := range operands {
		if v, isMissing := operand.(*noValue); isMissing {
			missing = append(missing, v)
		}
	}
	if len(missing) == 0 {
		return err
	}
	return missingError(missing)
}

func missingError(missing []*noValue) plainError {
	names := make([]string, len(missing))
	for i, v := range missing {
		names[i] = v.name
	}
	return plainError("this check produced no " + strings.Join(names, ", "))
}

// plainError is an error whose text contains no value of an output.
type plainError string

func (e plainError) Error() string { return string(e) }

// explain returns a readable error for an error of govaluate. It removes quoted values, which may be the body of a
// response.
func (p *parameters) explain(err error) error {
	var shortage *memory.ShortageError
	var plain plainError
	var body *jsonbody.Error
	var notStored *NotStoredError
	switch {
	case errors.As(err, &shortage), errors.As(err, &notStored):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errors.New("the rule did not finish in time: use simpler regular expressions or a smaller maxBody")
	case errors.As(err, &body):
		return body
	case errors.As(err, &plain):
		return plain
	case len(p.missing) > 0:
		return missingError(p.missing)
	}
	text := err.Error()
	if strings.Contains(text, "with the comparator 'in'") {
		return errors.New("IN needs a list on its right side")
	}
	if i := strings.LastIndex(text, "' cannot be used with "); strings.HasPrefix(text, "Value '") && i >= 0 {
		return errors.New("a value" + text[i+1:])
	}
	return errors.New("the expression can't be applied to these outputs")
}
