package store

import (
	"context"
	"time"
)

// The limits of one store call.
const (
	// ShortCall limits a call that reads or writes a few documents.
	ShortCall = 3 * time.Second
	// LongCall limits a call that reads or writes many documents.
	LongCall = 10 * time.Second
)

// Call calls do with a context that ends after the limit, and returns what do returns.
func Call[T any](ctx context.Context, limit time.Duration, do func(ctx context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}

// Do is [Call] for a call that returns only an error.
func Do(ctx context.Context, limit time.Duration, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}
