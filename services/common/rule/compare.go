package rule

import (
	"reflect"
	"slices"
	"strings"

	"github.com/Knetic/govaluate"
)

// equals returns the function of == or, if negated, of !=.
func equals(negated bool) govaluate.ExpressionFunction {
	return func(arguments ...any) (any, error) {
		p, left, right := arguments[0].(*parameters), arguments[1], arguments[2]
		isEqual, err := p.equal(left, right)
		return isEqual != negated, err
	}
}

// isIn is the function of IN.
func isIn(arguments ...any) (any, error) {
	p, left, right := arguments[0].(*parameters), arguments[1], arguments[2]
	found, isList, err := p.isElement(left, right)
	if err == nil && !isList {
		err = p.fail("IN needs a list on its right side", right)
	}
	return found, err
}

// isElement reports whether a value is in a list, or in a list of JSON in that list, and whether there is a list. The
// error is that of the context.
func (p *parameters) isElement(value, in any) (found, isList bool, err error) {
	var elements []any
	switch in := in.(type) {
	case list:
		elements = in
	case []any:
		elements = in
		p.accept(in...)
	default:
		return false, false, nil
	}
	for _, element := range elements {
		if inner, isInner := element.(list); isInner {
			found, _, err = p.isElement(value, inner)
		} else {
			found, err = p.equal(value, element)
		}
		if found || err != nil {
			return found, true, err
		}
	}
	return false, true, nil
}

// equal reports whether two values are equal. Lists and objects are equal if their elements and members are. If the
// outputs are names, two texts are equal if they are forms of the same one. The error is that of the context, because
// each value may be as large as the body.
func (p *parameters) equal(left, right any) (bool, error) {
	if err := p.ctx.Err(); err != nil {
		return false, err
	}
	switch left := left.(type) {
	case float64:
		if right, areNumbers := right.(float64); areNumbers {
			return left == right, nil
		}
	case string:
		if right, areTexts := right.(string); areTexts {
			return left == right || p.Names && (isFormOf(left, right) || isFormOf(right, left)), nil
		}
	}
	p.accept(left, right)
	left, right = plainJSON(left), plainJSON(right)
	switch left := left.(type) {
	case []any:
		right, isList := right.([]any)
		return p.equalLists(left, right, isList)
	case map[string]any:
		right, isObject := right.(map[string]any)
		return p.equalObjects(left, right, isObject)
	case *noValue:
		return false, nil
	}
	return reflect.DeepEqual(left, right), nil
}

func (p *parameters) equalLists(left, right []any, areLists bool) (bool, error) {
	if !areLists || len(left) != len(right) {
		return false, nil
	}
	for i := range left {
		if isEqual, err := p.equal(left[i], right[i]); err != nil || !isEqual {
			return false, err
		}
	}
	return true, nil
}

func (p *parameters) equalObjects(left, right map[string]any, areObjects bool) (bool, error) {
	if !areObjects || len(left) != len(right) {
		return false, nil
	}
	for name, value := range left {
		other, exists := right[name]
		if !exists {
			return false, nil
		}
		if isEqual, err := p.equal(value, other); err != nil || !isEqual {
			return false, err
		}
	}
	return true, nil
}

// plainJSON returns a value of JSON as it is inside a list or object.
func plainJSON(value any) any {
	switch value := value.(type) {
	case list:
		return []any(value)
	case object:
		return map[string]any(value)
	}
	return value
}

// isFormOf reports whether text is a form of a domain name.
func isFormOf(text, name string) bool {
	return slices.ContainsFunc(nameForms(name), func(form string) bool { return strings.EqualFold(form, text) })
}

// nameForms returns the forms of a domain name, which may be followed by a blank and a preference: without and with its
// final dot, without and with the preference.
func nameForms(text string) []string {
	host, preference := text, ""
	if at := strings.LastIndexByte(text, ' '); at >= 0 {
		host, preference = text[:at], text[at:]
	}
	host = strings.TrimSuffix(host, ".")
	return []string{host, host + ".", host + preference, host + "." + preference}
}
