package rule

import (
	"errors"
	"fmt"
	"strings"
)

// parameters provides the outputs of one check to govaluate, for one evaluation.
type parameters struct {
	outputs map[string]any
	// missing lists the outputs that the rule uses and the check did not produce.
	missing []string
}

// Get returns the value of an output, or a [noValue] if the check did not produce it.
func (p *parameters) Get(name string) (any, error) {
	if value, ok := p.outputs[name]; ok {
		return value, nil
	}
	if name != noElement {
		p.missing = append(p.missing, name)
	}
	return &noValue{unequal: func() {}}, nil
}

// noValue represents an output without a value. No two are equal: they are different pointers, and reflect.DeepEqual
// never treats two structs with a non-nil function as equal.
type noValue struct{ unequal func() }

func (*noValue) String() string { return "" }

// explain returns a readable error for an error of govaluate. It removes quoted values, which may be the body of a
// response.
func (p *parameters) explain(err error) error {
	if len(p.missing) > 0 {
		return fmt.Errorf("this check produced no %s", strings.Join(p.missing, ", "))
	}
	text := err.Error()
	if strings.Contains(text, "with the comparator 'in'") {
		return errors.New("IN needs a list on its right side")
	}
	if i := strings.LastIndex(text, "' cannot be used with "); strings.HasPrefix(text, "Value '") && i >= 0 {
		return errors.New("a value" + text[i+1:])
	}
	if strings.HasPrefix(text, "Unable to compile regexp pattern") {
		return errors.New("a pattern built from outputs is not a valid regular expression")
	}
	return errors.New("the expression can't be applied to these outputs")
}
