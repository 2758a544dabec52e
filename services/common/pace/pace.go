// Package pace has the waits and wake-ups that goroutines share.
package pace

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Signal sends to c, a channel with a buffer of one, unless a signal is already pending. It never blocks.
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

// NewBackoff returns the pauses between retries of a store call, which grow from 200 ms to at most 2 s.
func NewBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 200 * time.Millisecond
	b.RandomizationFactor = 0.25
	b.MaxInterval = 1600 * time.Millisecond
	return b
}
