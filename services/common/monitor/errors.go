package monitor

import (
	"errors"
	"fmt"
)

// ErrNotFound means that no document has the given id.
var ErrNotFound = errors.New("not found")

// ErrChanged means that a document was not written because its stored content is not the expected one.
var ErrChanged = errors.New("changed since it was read")

// ErrUnavailable means that the store does not respond; the same call may succeed later.
var ErrUnavailable = errors.New("store is unavailable")

// UnavailableError is an [ErrUnavailable] with a known cause. Detail and Hint are shown to clients, so they contain no
// path and no address.
type UnavailableError struct {
	// Detail says what is wrong.
	Detail string
	// Hint says how to fix it.
	Hint string
	// Err is the underlying error; it may be nil. Clients don't see it.
	Err error
}

func (e *UnavailableError) Error() string {
	if e.Err == nil {
		return e.Detail + ": " + e.Hint
	}
	return e.Detail + ": " + e.Hint + ": " + e.Err.Error()
}

// Unwrap returns ErrUnavailable and the underlying error.
func (e *UnavailableError) Unwrap() []error { return []error{ErrUnavailable, e.Err} }

// InvalidError describes an invalid input. Its texts are shown to the sender.
type InvalidError struct {
	// Detail is the complete message. It names the field at fault.
	Detail string
	// Hint advises how to fix the input. It may be empty.
	Hint string
}

func (e *InvalidError) Error() string { return e.Detail }

// IsInvalid reports whether err is an [InvalidError].
func IsInvalid(err error) bool {
	_, invalid := errors.AsType[*InvalidError](err)
	return invalid
}

// Invalidf returns an [InvalidError] without a hint.
func Invalidf(format string, args ...any) error {
	return &InvalidError{Detail: fmt.Sprintf(format, args...)}
}

// Invalid returns an [InvalidError] with a hint.
func Invalid(detail, hint string) error { return &InvalidError{Detail: detail, Hint: hint} }
