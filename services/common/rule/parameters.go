package rule

import (
	"context"
	"errors"
	"fmt"
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
	// missing lists the outputs that the rule uses and the check did not produce.
	missing []string
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
	if name != noElement {
		p.missing = append(p.missing, name)
	}
	if slices.Contains(p.rule.empty, name) {
		return "", nil
	}
	return newNoValue(), nil
}

// noValue represents an output without a value. No two are equal: they are different pointers, and reflect.DeepEqual
// never treats two structs with a non-nil function as equal.
type noValue struct{ unequal func() }

func newNoValue() *noValue { return &noValue{unequal: func() {}} }

func (*noValue) String() string { return "" }

// plainError is an error whose text contains no value of an output.
type plainError string

func (e plainError) Error() string { return string(e) }

// explain returns a readable error for an error of govaluate. It removes quoted values, which may be the body of a
// response.
func (p *parameters) explain(err error) error {
	var shortage *memory.ShortageError
	var plain plainError
	var body *jsonbody.Error
	switch {
	case errors.As(err, &shortage):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errors.New("the rule did not finish in time: use simpler regular expressions or a smaller maxBody")
	case errors.As(err, &body):
		return body
	case len(p.missing) > 0:
		return fmt.Errorf("this check produced no %s", strings.Join(p.missing, ", "))
	case errors.As(err, &plain):
		return plain
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
