// Package wake lets one goroutine wake another without waiting for it.
package wake

// New returns a channel for [Signal].
func New() chan struct{} { return make(chan struct{}, 1) }

// Signal makes the receiver of c receive once. It never blocks: signals that the receiver has not received yet count as
// one.
func Signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
