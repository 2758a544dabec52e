package monitor

import (
	"errors"
	"fmt"
)

// ErrNotFound says that no document has the given id.
var ErrNotFound = errors.New("not found")

// ErrUnavailable says that the store can't be reached now; the same call may succeed later.
var ErrUnavailable = errors.New("store is unavailable")

// InvalidError says what is wrong with an input, in words that may be shown to whoever sent it.
type InvalidError struct {
	// Detail is the whole message; it names the field at fault.
	Detail string
}

func (e *InvalidError) Error() string { return e.Detail }

// Invalidf makes an [InvalidError].
func Invalidf(format string, args ...any) error {
	return &InvalidError{Detail: fmt.Sprintf(format, args...)}
}
