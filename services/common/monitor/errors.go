package monitor

import (
	"errors"
	"fmt"
)

// ErrNotFound means that no document has the given id.
var ErrNotFound = errors.New("not found")

// ErrUnavailable means that the store does not respond; the same call may succeed later.
var ErrUnavailable = errors.New("store is unavailable")

// InvalidError describes an invalid input. Its texts are shown to the sender.
type InvalidError struct {
	// Detail is the complete message. It names the field at fault.
	Detail string
	// Hint advises how to fix the input. It may be empty.
	Hint string
}

func (e *InvalidError) Error() string { return e.Detail }

// Invalidf returns an [InvalidError] without a hint.
func Invalidf(format string, args ...any) error {
	return &InvalidError{Detail: fmt.Sprintf(format, args...)}
}

// Invalid returns an [InvalidError] with a hint.
func Invalid(detail, hint string) error { return &InvalidError{Detail: detail, Hint: hint} }
