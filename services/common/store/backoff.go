package store

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// MaxRewatchDelay is the maximum time between two attempts to watch a store that returned [ErrWatchUnsupported].
const MaxRewatchDelay = 5 * time.Minute

// NewRewatchBackoff returns the pauses between these attempts, which grow from 10 s to [MaxRewatchDelay].
func NewRewatchBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 10 * time.Second
	b.MaxInterval = MaxRewatchDelay
	b.RandomizationFactor = 0.1
	return b
}

// NewRetryBackoff returns the pauses between retries of a call, which grow from 200 ms to at most 2 s.
func NewRetryBackoff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 200 * time.Millisecond
	b.RandomizationFactor = 0.25
	b.MaxInterval = 1600 * time.Millisecond
	return b
}
