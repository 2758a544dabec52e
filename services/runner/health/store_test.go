package health

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
)

func TestHealthOfStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			began = time.Now()
			since time.Time
			last  error
		)
		h := New(slog.New(slog.DiscardHandler), func(s time.Time, err error) { since, last = s, err })
		full := fmt.Errorf("append batch: %w", monitor.ErrUnavailable)
		steps := []struct {
			operation string
			err       error
			// failing is the time since which the store fails, in seconds after the beginning; -1 if it does not fail.
			failing int
		}{
			{"write results", nil, -1},
			{"write results", monitor.Invalidf("the document is too large"), -1},
			{"write results", full, 2},
			{"exchange heartbeats", full, 2},
			{"exchange heartbeats", nil, 2},
			{"write results", full, 2},
			{"exchange heartbeats", full, 2},
			{"write results", nil, 6},
			{"exchange heartbeats", nil, -1},
		}
		for i, step := range steps {
			h.record(step.operation, step.err)
			failing := -1
			if last != nil {
				failing = int(since.Sub(began).Seconds())
			}
			if failing != step.failing || h.Healthy() != (step.failing < 0) {
				t.Errorf("step %d: failing since %d, healthy %v; want %d", i, failing, h.Healthy(), step.failing)
			}
			<-time.After(time.Second)
		}
	})
}
