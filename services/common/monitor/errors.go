package monitor

import (
	"errors"
	"fmt"
)

// ErrNotFound means that no document has the given id.
var ErrNotFound = errors.New("not found")

// ErrUnavailable means that the store does not respond; the same call may succeed later.
var ErrUnavailable = errors.New("store is unavailable")

// InvalidError describes an invalid input. Its text may be shown to the sender of the input.
type InvalidError struct {
	// Detail is the whole message; it names the invalid field.
	Detail string
}

func (e *InvalidError) Error() string { return e.Detail }

// Invalidf returns an [InvalidError] with a formatted detail.
func Invalidf(format string, args ...any) error {
	return &InvalidError{Detail: fmt.Sprintf(format, args...)}
}
