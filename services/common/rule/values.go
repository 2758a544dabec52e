package rule

import (
	"errors"
	"fmt"
	"strings"
)

// values hands the outputs of one check to one evaluation.
type values struct {
	outputs map[string]any
	// missing are the outputs asked for that the check did not produce.
	missing []string
}

// Get is the value of an output. One that the check did not produce is a [nothing].
func (v *values) Get(name string) (any, error) {
	if value, ok := v.outputs[name]; ok {
		return value, nil
	}
	if name != noElement {
		v.missing = append(v.missing, name)
	}
	return &nothing{unequal: func() {}}, nil
}

// nothing is the value of what has none. No two are equal: each is another pointer, and a struct that holds a
// function is never deeply equal to another.
type nothing struct{ unequal func() }

func (*nothing) String() string { return "" }

// explain words an error of the evaluation without the values that it quotes: they may be the
// body of a response.
func (v *values) explain(err error) error {
	if len(v.missing) > 0 {
		return fmt.Errorf("this check gave no %s", strings.Join(v.missing, ", "))
	}
	text := err.Error()
	if strings.Contains(text, "with the comparator 'in'") {
		return errors.New("what follows IN is not a list")
	}
	if i := strings.LastIndex(text, "' cannot be used with "); strings.HasPrefix(text, "Value '") && i >= 0 {
		return errors.New("a value" + text[i+1:])
	}
	if strings.HasPrefix(text, "Unable to compile regexp pattern") {
		return errors.New("a pattern that is made of outputs is no regular expression")
	}
	return errors.New("the expression can't be applied to these outputs")
}
