package crowd

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 9999*time.Millisecond)
		defer cancel()
		var early, first atomic.Int64
		sent := Run(ctx, 200, 8, func(connection int, due time.Time) {
			if time.Now().Before(due) {
				early.Add(1)
			}
			if connection == 0 && first.Add(1) == 1 {
				<-time.After(time.Second) // The calls that were due in the meantime follow.
			}
		})
		if sent != 2000 || early.Load() > 0 || first.Load() != 250 {
			t.Errorf("%d calls, %d of them early, %d of the slow connection; want 2000, 0, 250", sent, early.Load(), first.Load())
		}
	})
}
