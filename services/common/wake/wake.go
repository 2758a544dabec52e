// Package wake has the ways in which a goroutine wakes another one, or waits for some time.
package wake

import (
	"context"
	"time"
)

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

// Pause waits for d. It returns false if ctx ends before.
func Pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
