package jsonbody

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/theory/jsonpath/spec"

	"nanomon/services/common/memory"
)

const (
	// maxSelected is the maximum number of values that a path, or a part of it, may select.
	maxSelected = 100_000
	// freeMemory is the number of bytes from which on the memory of values counts in the memory budget.
	freeMemory = 64 << 10
	// nodeMemory is the memory of one selected value in a list that grows.
	nodeMemory = 40
)

// Error explains why a body has no values to select. Its text contains no part of the body.
type Error struct{ text string }

// Error implements error.
func (e *Error) Error() string { return e.text }

// byteOrderMark is the character with which some programs begin a text in UTF-8.
const byteOrderMark = "\ufeff"

// Document is a parsed body.
type Document struct{ root any }

// Parse parses a body, which is incomplete if it is truncated. It reserves the memory in the reservation of ctx. The
// error is an [Error], or a [memory.ShortageError].
func Parse(ctx context.Context, body string, truncated bool) (*Document, error) {
	if body == "" {
		return nil, &Error{"the body is empty"}
	}
	body = strings.TrimPrefix(body, byteOrderMark)
	if size := parsedSize(body); size > freeMemory {
		if err := memory.FromContext(ctx).Grow(ctx, size); err != nil {
			return nil, err
		}
	}
	d := new(Document)
	var syntax *json.SyntaxError
	switch err := json.Unmarshal([]byte(body), &d.root); {
	case err != nil && truncated:
		return nil, &Error{"the body is longer than maxBody, so its JSON is incomplete: use a larger maxBody"}
	case errors.As(err, &syntax):
		const text = "the body is not JSON: it can't be read after byte %d of %d"
		return nil, &Error{fmt.Sprintf(text, syntax.Offset, len(body))}
	case err != nil: // Every other JSON is a valid value.
		return nil, &Error{"the body has a number that is too large"}
	}
	return d, nil
}

// parsedSize returns the memory in bytes that a body may need after parsing: a copy of it, its texts, and the lists,
// objects and numbers. It counts the characters that separate values, also in texts, so it is rather too large.
func parsedSize(body string) int {
	size := 2 * len(body)
	for i := range len(body) {
		switch body[i] {
		case '{':
			size += 350
		case '[', ':':
			size += 110
		case ',':
			size += 60
		}
	}
	return size
}

// Select returns the values at a path, in the order of the body as far as JSON has one. The error is an [Error] if
// there are too many, a [memory.ShortageError], or that of ctx.
func (d *Document) Select(ctx context.Context, p *Path) ([]any, error) {
	selected := []any{d.root}
	for _, segment := range p.query.Segments() {
		s := selection{ctx: ctx, segment: segment}
		for _, value := range selected {
			if err := s.visit(value); err != nil {
				return nil, err
			}
		}
		selected = s.found
	}
	if size := nodeMemory * len(selected); size > freeMemory {
		if err := memory.FromContext(ctx).Grow(ctx, size); err != nil {
			return nil, err
		}
	}
	return selected, nil
}

// selection collects the values that one segment of a path selects. The library's own selection has no limits.
type selection struct {
	ctx     context.Context
	segment *spec.Segment
	found   []any
}

// visit selects values below value.
func (s *selection) visit(value any) error {
	for _, selector := range s.segment.Selectors() {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if err := s.apply(selector, value); err != nil {
			return err
		}
	}
	if !s.segment.IsDescendant() {
		return nil
	}
	return eachChild(value, s.visit)
}

// apply selects the values below value that a selector selects. The library would make a list that is as long as value
// for a slice and for the values of an object.
func (s *selection) apply(selector spec.Selector, value any) error {
	switch selector := selector.(type) {
	case *spec.FilterSelector:
		return s.filter(selector, value)
	case spec.WildcardSelector:
		return eachChild(value, s.add)
	case spec.SliceSelector:
		list, _ := value.([]any)
		return s.slice(selector, list)
	}
	for _, selected := range selector.Select(value, nil) { // a name or an index
		if err := s.add(selected); err != nil {
			return err
		}
	}
	return nil
}

// slice selects a slice of a list.
func (s *selection) slice(slice spec.SliceSelector, list []any) error {
	lower, upper := slice.Bounds(len(list))
	step := slice.Step()
	for i := lower; step > 0 && i < upper; i += step {
		if err := s.add(list[i]); err != nil {
			return err
		}
	}
	for i := upper; step < 0 && i > lower; i += step {
		if err := s.add(list[i]); err != nil {
			return err
		}
	}
	return nil
}

// filter selects the children of value for which a filter is true.
func (s *selection) filter(filter *spec.FilterSelector, value any) error {
	return eachChild(value, func(child any) error {
		if err := s.ctx.Err(); err != nil || !filter.Eval(child, nil) {
			return err
		}
		return s.add(child)
	})
}

func (s *selection) add(value any) error {
	if len(s.found) == maxSelected {
		return &Error{fmt.Sprintf("a JSONPath selects more than %d values: make it more precise", maxSelected)}
	}
	s.found = append(s.found, value)
	return nil
}

// eachChild calls do for the elements of a list or the values of an object, until it returns an error.
func eachChild(value any, do func(child any) error) error {
	switch value := value.(type) {
	case []any:
		for _, child := range value {
			if err := do(child); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, child := range value {
			if err := do(child); err != nil {
				return err
			}
		}
	}
	return nil
}
