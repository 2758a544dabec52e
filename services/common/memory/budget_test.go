package memory

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestReservationsShareTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent := NewBudget(100).Context(t.Context())
		ctx, first := Reserve(parent)
		if FromContext(ctx) != first {
			t.Error("the context has another reservation")
		}
		_, second := Reserve(parent)
		if err := first.Grow(ctx, 80); err != nil {
			t.Fatal(err)
		}
		limited, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var shortage *ShortageError
		if err := second.Grow(limited, 30); !errors.As(err, &shortage) {
			t.Errorf("got %v, want a shortage", err)
		}
		if err := second.Grow(limited, 0); err != nil {
			t.Errorf("nothing does not fit: %v", err)
		}
		if err := second.Grow(ctx, 101); !errors.As(err, &shortage) {
			t.Errorf("got %v, want a shortage without waiting", err)
		}
		shrunk := make(chan struct{})
		go func() {
			first.Shrink(10)
			close(shrunk)
		}()
		if err := second.Grow(ctx, 30); err != nil {
			t.Error(err)
		}
		<-shrunk
		first.Release()
		second.Release()
		if err := second.Grow(ctx, 100); err != nil {
			t.Errorf("not all was released: %v", err)
		}
	})
}

func TestWithoutBudgetNothingIsLimited(t *testing.T) {
	var none *Budget
	for _, parent := range []context.Context{t.Context(), none.Context(t.Context())} {
		ctx, reservation := Reserve(parent)
		if err := reservation.Grow(ctx, 1<<40); err != nil {
			t.Error(err)
		}
		reservation.Release()
	}
}
