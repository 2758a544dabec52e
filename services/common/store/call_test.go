package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestCallsEndAfterTheirLimit(t *testing.T) {
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, call := range map[string]func(ctx context.Context) error{
		"Do": func(ctx context.Context) error { return Do(ctx, ShortCall, hang) },
		"Call": func(ctx context.Context) error {
			n, err := Call(ctx, ShortCall, func(ctx context.Context) (int, error) { return 7, hang(ctx) })
			if n != 7 {
				t.Errorf("Call returns %d, want 7", n)
			}
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := call(t.Context())
			if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != ShortCall {
				t.Errorf("%s: %v after %v, want a time-out after %v", name, err, took, ShortCall)
			}
		})
	}
}
