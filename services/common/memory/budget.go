// Package memory limits the memory of the process: it sets the limit of the garbage collector, and divides a budget
// among the checks that run at the same time.
package memory

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"
)

// Budget is the memory that all checks of a process may use together for response bodies and for copies of them.
type Budget struct {
	size int64
	free *semaphore.Weighted
}

// NewBudget returns a budget of size bytes.
func NewBudget(size int64) *Budget {
	return &Budget{size: size, free: semaphore.NewWeighted(size)}
}

type contextKey struct{}

// Context returns a context for checks that share the budget. A nil budget does not limit them.
func (b *Budget) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, &Reservation{budget: b})
}

// Reservation is the part of a budget that one check holds. It belongs to one goroutine.
type Reservation struct {
	budget *Budget
	held   int64
}

// Reserve returns a context with an empty reservation in the budget of ctx. The caller must release the reservation. If
// ctx has no budget, the reservation is not limited.
func Reserve(ctx context.Context) (context.Context, *Reservation) {
	r := &Reservation{budget: FromContext(ctx).budget}
	return context.WithValue(ctx, contextKey{}, r), r
}

// FromContext returns the reservation of the check that runs in ctx. If there is none, it is not limited.
func FromContext(ctx context.Context) *Reservation {
	if r, ok := ctx.Value(contextKey{}).(*Reservation); ok {
		return r
	}
	return &Reservation{}
}

// Grow adds n bytes to the reservation. It waits until the budget has them. The error is a [ShortageError] if the
// budget is too small, or if ctx ends first.
func (r *Reservation) Grow(ctx context.Context, n int) error {
	if r.budget == nil || n == 0 {
		return nil
	}
	if needed := r.held + int64(n); needed > r.budget.size {
		return &ShortageError{fmt.Sprintf("this check needs more memory than all checks may use together: increase "+
			"CHECK_MEMORY, which is %s, or use a smaller maxBody", Size(r.budget.size))}
	}
	if r.budget.free.Acquire(ctx, int64(n)) != nil {
		return &ShortageError{fmt.Sprintf("other checks use all of the memory for response bodies: increase "+
			"CHECK_MEMORY, which is %s, or use a smaller maxBody", Size(r.budget.size))}
	}
	r.held += int64(n)
	return nil
}

// Shrink returns n bytes of the reservation to the budget.
func (r *Reservation) Shrink(n int) {
	if r.budget == nil {
		return
	}
	r.budget.free.Release(int64(n))
	r.held -= int64(n)
}

// Release returns all of the reservation to the budget.
func (r *Reservation) Release() { r.Shrink(int(r.held)) }

// ShortageError means that a check did not get the memory that it needs. This is never a failure of the target.
type ShortageError struct{ text string }

// Error implements error. The text is shown to users.
func (e *ShortageError) Error() string { return e.text }
