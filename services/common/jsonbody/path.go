// Package jsonbody parses the JSON bodies of responses and selects values in them with JSONPath (RFC 9535). Its memory
// is reserved, and a selection stops when its context ends.
package jsonbody

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/registry"
	"github.com/theory/jsonpath/spec"
)

const (
	// maxPath is the maximum length of a path in bytes.
	maxPath = 500
	// maxConditions is the maximum number of values that the filters of a path may look at.
	maxConditions = 10
)

// Path is a compiled JSONPath. Several goroutines may use it at the same time.
type Path struct {
	query *spec.PathQuery
	// Single is true if the path consists of names and indexes only, so that it selects at most one value.
	Single bool
}

// quoted matches a text in quotes in a path.
var quoted = regexp.MustCompile(`'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"`)

// withoutTexts returns a path with empty texts.
func withoutTexts(path string) string { return quoted.ReplaceAllString(path, "''") }

// Compile compiles a path. Filters are limited to comparisons of single values below @ with literals, because the
// library watches no context while it evaluates them, and two values of the body may be as large as the body. The error
// does not name the property or rule that contains the path.
func Compile(text string) (_ *Path, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the path can't be parsed")
		}
	}()
	switch {
	case !strings.HasPrefix(text, "$"):
		return nil, errors.New("the path must start with $, as in $.a.b")
	case len(text) > maxPath:
		return nil, fmt.Errorf("the path is too long: it has %d bytes, at most %d are allowed", len(text), maxPath)
	}
	// An empty registry: the functions of JSONPath are not limited.
	path, err := jsonpath.NewParser(jsonpath.WithRegistry(new(registry.Registry))).Parse(text)
	if err != nil {
		return nil, syntaxError(text, err)
	}
	query := path.Query()
	return &Path{query: query, Single: query.Singular() != nil}, checkFilters(text, query)
}

// syntaxError returns an error of the library in plain words.
func syntaxError(text string, err error) error {
	reason := strings.TrimPrefix(err.Error(), "jsonpath: ")
	if strings.Contains(withoutTexts(text), "-") {
		reason += "; write a name with a hyphen as ['a-b']"
	}
	return fmt.Errorf("the path is not valid JSONPath: %s", reason)
}

// checkFilters returns an error if a filter of the path can take much time for one value.
func checkFilters(text string, query *spec.PathQuery) error {
	code := withoutTexts(text)
	if strings.Count(code, "$") > 1 {
		return errors.New("a filter can't use $: compare values below @")
	}
	if count := strings.Count(code, "@"); count > maxConditions {
		return fmt.Errorf("the filters use @ %d times, at most %d are allowed", count, maxConditions)
	}
	for _, segment := range query.Segments() {
		for _, selector := range segment.Selectors() {
			if filter, isFilter := selector.(*spec.FilterSelector); isFilter {
				if err := checkFilter(filter.LogicalOr); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

var (
	errFilterPath = errors.New("a filter can't contain .., *, a slice or another filter: use names and indexes")
	errTwoValues  = errors.New(
		"a filter can't compare two values of the body: one side must be a text, a number, true, false or null")
)

// checkFilter returns an error if a filter has a path with something other than names and indexes, or compares two
// values of the body.
func checkFilter(filter spec.LogicalOr) error {
	for _, condition := range slices.Concat(filter...) {
		var err error
		switch condition := condition.(type) {
		case *spec.ExistExpr:
			err = checkSingular(condition.PathQuery)
		case *spec.NonExistExpr:
			err = checkSingular(condition.PathQuery)
		case *spec.ParenExpr:
			err = checkFilter(condition.LogicalOr)
		case *spec.NotParenExpr:
			err = checkFilter(condition.LogicalOr)
		case *spec.CompExpr: // The library parses only singular queries here, and has no access to the two sides.
			if strings.Count(withoutTexts(condition.String()), "@") > 1 {
				err = errTwoValues
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkSingular(query *spec.PathQuery) error {
	if query.Singular() == nil {
		return errFilterPath
	}
	return nil
}
