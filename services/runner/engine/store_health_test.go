package engine

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
)

func TestStoreHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			began = time.Now()
			since time.Time
			last  error
		)
		h := newStoreHealth(func(s time.Time, err error) { since, last = s, err })
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
			if failing != step.failing || h.healthy() != (step.failing < 0) {
				t.Errorf("step %d: failing since %d, healthy %v; want %d", i, failing, h.healthy(), step.failing)
			}
			elapse(time.Second)
		}
	})
}

// failingObserver records the errors of StoreFailing.
type failingObserver struct {
	noObserver
	errs chan error
}

func (o failingObserver) StoreFailing(_ time.Time, err error) { o.errs <- err }

// TestDamagedStoreThatAcceptsWrites damages the pages of a database that are only read. All writes succeed.
func TestDamagedStoreThatAcceptsWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := failingObserver{errs: make(chan error, 100)}
		s := newMemoryStore(monitorNumber(1, "1s"))
		e := startEngineWith(t, Config{ID: "r1", Observer: o}, s, newFakeProbes())
		damage := &monitor.UnavailableError{Detail: "the database file is damaged"}
		elapse(heartbeatInterval)
		s.with("", func() { s.damage = damage })
		elapse(heartbeatInterval)
		if e.storeHealth.healthy() || len(o.errs) == 0 {
			t.Error("the damage was not reported")
		} else if err := <-o.errs; !errors.Is(err, damage) {
			t.Errorf("reported %v", err)
		}
		s.with("", func() { s.damage = nil })
		elapse(heartbeatInterval)
		if !e.storeHealth.healthy() || e.log.count("store unavailable") != 1 {
			t.Errorf("healthy: %v, log:\n%s", e.storeHealth.healthy(), e.log.text.String())
		}
	})
}
