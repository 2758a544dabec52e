// Package jsonbody parses the JSON bodies of responses and selects values in them with JSONPath (RFC 9535). Its memory is
// reserved, and a selection stops when its context ends.
package jsonbody

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/registry"
	"github.com/theory/jsonpath/spec"
)

const (
	// maxPath is the maximum length of a path in bytes.
	maxPath = 500
	// maxConditions is the maximum number of values that the filters of a path may look at: each may be as large as the
	// body.
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

// Compile compiles a path. Filters are limited to comparisons of single values below @, because the library watches no
// context while it evaluates them. The error does not name the property or rule that contains the path.
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
	if strings.Contains(quoted.ReplaceAllString(text, ""), "-") {
		reason += "; write a name with a hyphen as ['a-b']"
	}
	return fmt.Errorf("the path is not valid JSONPath: %s", reason)
}

// checkFilters returns an error if a filter of the path can take much time for one value.
func checkFilters(text string, query *spec.PathQuery) error {
	code := quoted.ReplaceAllString(text, "''")
	if strings.Count(code, "$") > 1 {
		return errors.New("a filter can't use $: compare values below @")
	}
	if count := strings.Count(code, "@"); count > maxConditions {
		return fmt.Errorf("the filters use @ %d times, at most %d are allowed", count, maxConditions)
	}
	for _, segment := range query.Segments() {
		for _, selector := range segment.Selectors() {
			if filter, isFilter := selector.(*spec.FilterSelector); isFilter && !isSimple(filter.LogicalOr) {
				return errors.New("a filter can't contain .., *, a slice or another filter: use names and indexes")
			}
		}
	}
	return nil
}

// isSimple reports whether a filter looks only for values at paths of names and indexes.
func isSimple(filter spec.LogicalOr) bool {
	for _, all := range filter {
		for _, condition := range all {
			simple := true
			switch condition := condition.(type) {
			case *spec.ExistExpr:
				simple = condition.Singular() != nil
			case *spec.NonExistExpr:
				simple = condition.Singular() != nil
			case *spec.ParenExpr:
				simple = isSimple(condition.LogicalOr)
			case *spec.NotParenExpr:
				simple = isSimple(condition.LogicalOr)
			}
			if !simple {
				return false
			}
		}
	}
	return true
}
