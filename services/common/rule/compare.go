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
		return p.equal(left, right) != negated, nil
	}
}

// isIn is the function of IN.
func isIn(arguments ...any) (any, error) {
	p, left := arguments[0].(*parameters), arguments[1]
	found, isList := p.isElement(left, arguments[2])
	if !isList {
		return nil, plainError("IN needs a list on its right side")
	}
	return found, nil
}

// isElement reports whether a value is in a list, or in a list of JSON in that list, and whether there is a list.
func (p *parameters) isElement(value, in any) (found, isList bool) {
	elements, isList := in.([]any)
	if elements, isJSON := in.(list); isJSON {
		return slices.ContainsFunc(elements, func(element any) bool { return p.equal(value, element) }), true
	}
	return slices.ContainsFunc(elements, func(element any) bool {
		if inner, isJSON := element.(list); isJSON {
			found, _ := p.isElement(value, inner)
			return found
		}
		return p.equal(value, element)
	}), isList
}

// equal reports whether two values are equal. Lists are equal if their elements are.
func (p *parameters) equal(left, right any) bool {
	return reflect.DeepEqual(left, right) || p.sameName(left, right)
}

// sameName reports whether the outputs are names and two values are forms of the same one.
func (p *parameters) sameName(left, right any) bool {
	a, isText := left.(string)
	b, areTexts := right.(string)
	if !p.Names || !isText || !areTexts {
		return false
	}
	return isFormOf(a, b) || isFormOf(b, a)
}

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
