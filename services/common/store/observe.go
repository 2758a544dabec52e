package store

import "time"

// Observe is called when an operation of an adapter ends. The name of the operation is one of a fixed set, such as
// "list monitors"; err is nil if the operation succeeded. Observe must be safe for concurrent use, and must return
// quickly, because the operation waits for it.
type Observe func(operation string, took time.Duration, err error)

// End calls o for an operation that began at started and returns *err. A nil o does nothing.
func (o Observe) End(operation string, started time.Time, err *error) {
	if o != nil {
		o(operation, time.Since(started), *err)
	}
}
