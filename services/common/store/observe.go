package store

import "time"

// Observe is told of every operation of an adapter when it ends: its name, one of a fixed few such as "list monitors", how long it
// took, and the error by which it failed. It is called concurrently, and the operation waits for it.
type Observe func(operation string, took time.Duration, err error)

// End tells of an operation that began at started and ends with *err. Nobody is told where o is nil.
func (o Observe) End(operation string, started time.Time, err *error) {
	if o != nil {
		o(operation, time.Since(started), *err)
	}
}
