package engine

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// flakyStore is a store that can become unavailable for one runner.
type flakyStore struct {
	*memoryStore
	down atomic.Bool
}

func (s *flakyStore) check() error {
	if s.down.Load() {
		return monitor.ErrUnavailable
	}
	return nil
}

func (s *flakyStore) PutHeartbeat(ctx context.Context, r store.Runner) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.memoryStore.PutHeartbeat(ctx, r)
}

func (s *flakyStore) Runners(ctx context.Context, since time.Time) ([]store.Runner, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.memoryStore.Runners(ctx, since)
}

func (s *flakyStore) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.memoryStore.Monitors(ctx)
}

func (s *flakyStore) AppendBatch(ctx context.Context, b store.Batch) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.memoryStore.AppendBatch(ctx, b)
}

// testCluster is a group of runners with one store.
type testCluster struct {
	t       *testing.T
	store   *memoryStore
	stores  []*flakyStore
	engines []*testEngine
}

const clusterInterval = 2 * time.Second

func startCluster(t *testing.T, runners, monitorCount int) *testCluster {
	t.Helper()
	c := &testCluster{t: t, store: newMemoryStore(monitors(monitorCount, clusterInterval.String())...)}
	for range runners {
		c.join()
	}
	elapse(5 * time.Second)
	return c
}

func (c *testCluster) join() {
	s := &flakyStore{memoryStore: c.store}
	c.stores = append(c.stores, s)
	c.engines = append(c.engines, startEngineWithID(c.t, fmt.Sprintf("r%d", len(c.stores)), s, newFakeProbes()))
}

// checks returns the start times of the checks of a monitor by any runner.
func (c *testCluster) checks(target string, since time.Time) (starts []time.Time) {
	for _, b := range c.engines {
		for _, at := range b.probes.started(target) {
			if !at.Before(since) {
				starts = append(starts, at)
			}
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	return starts
}

// wantCheckedOnce fails the test unless each monitor is checked once per interval in the next ten intervals.
func (c *testCluster) wantCheckedOnce(when string) {
	c.t.Helper()
	since := time.Now()
	elapse(10 * clusterInterval)
	for _, m := range c.store.monitors {
		if n := len(c.checks(m.Target, since)); n < 10 || n > 11 {
			c.t.Errorf("%s: monitor %s was checked %d times in 10 intervals", when, m.Target, n)
		}
	}
}

// wantAssigned fails the test unless the monitors are assigned to exactly the given runners.
func (c *testCluster) wantAssigned(when string, runners ...int) {
	c.t.Helper()
	sum := 0
	for _, r := range runners {
		n := c.engines[r].Stats().Monitors
		if n == 0 {
			c.t.Errorf("%s: runner %d has no monitors", when, r)
		}
		sum += n
	}
	if sum != len(c.store.monitors) {
		c.t.Errorf("%s: the runners have %d monitors in total", when, sum)
	}
}

func TestRunnersDivideMonitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 2, 60)
		c.wantAssigned("two runners", 0, 1)
		c.wantCheckedOnce("two runners")
		c.join()
		elapse(5 * time.Second)
		c.wantAssigned("a third runner joined", 0, 1, 2)
		c.wantCheckedOnce("a third runner joined")

		stopped := time.Now()
		c.engines[1].stop()
		elapse(2*time.Second + clusterInterval)
		c.wantAssigned("one runner stopped", 0, 2)
		for _, m := range c.store.monitors {
			if len(c.checks(m.Target, stopped)) == 0 {
				t.Errorf("monitor %s was not checked within an interval and 2 s after the stop", m.Target)
			}
		}
		c.wantCheckedOnce("one runner stopped")
	})
}

func TestRunnersTakeOverFromDeadRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 3, 200)
		died := time.Now()
		c.stores[1].down.Store(true)
		elapse(15 * time.Second)
		c.wantAssigned("one runner is dead", 0, 2)
		c.join()
		elapse(5 * time.Second)
		c.wantAssigned("a new runner ignores the dead one", 0, 2, 3)
		c.engines[3].stop()
		elapse(2 * time.Second)
		for _, m := range c.store.monitors {
			alive := slices.Concat(c.engines[0].probes.started(m.Target), c.engines[2].probes.started(m.Target))
			if !slices.ContainsFunc(alive, died.Before) {
				t.Errorf("no runner took over monitor %s within 15 s", m.Target)
			}
		}
		c.stores[1].down.Store(false)
		elapse(5 * time.Second)
		c.wantAssigned("the dead runner is back", 0, 1, 2)
		c.wantCheckedOnce("the dead runner is back")
	})
}

func TestAssignmentIsKeptWhileStoreUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 3, 60)
		for _, s := range c.stores {
			s.down.Store(true)
		}
		c.wantCheckedOnce("store unavailable")
		for i, s := range c.stores {
			s.down.Store(false)
			elapse(time.Duration(i) * time.Second)
		}
		c.wantCheckedOnce("store available again")
		c.wantAssigned("store available again", 0, 1, 2)
	})
}

func TestMovedMonitorKeepsPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCluster(t, 2, 6) // so few that new monitors would be checked immediately
		since := time.Now()
		c.join()
		elapse(20 * time.Second)
		c.engines[0].stop()
		elapse(20 * time.Second)
		for _, m := range c.store.monitors {
			starts := c.checks(m.Target, since)
			for i := 1; i < len(starts); i++ {
				if gap := starts[i].Sub(starts[i-1]); gap%clusterInterval != 0 {
					t.Fatalf("monitor %s was checked %s after the check before", m.Target, gap)
				}
			}
		}
	})
}

// TestFastClockIsCorrected checks that a runner whose clock is ten minutes fast uses the time of the store and the
// other runner, and that neither a wrong clock of the store nor that of another runner changes the time of a runner.
func TestFastClockIsCorrected(t *testing.T) {
	for name, c := range map[string]struct {
		// first and store are the errors of the clocks of the first runner and of the store. want is the error of the clock
		// of the first runner at the end.
		first, store, want time.Duration
	}{
		"one runner is fast":    {first: 10 * time.Minute},
		"one runner is slow":    {first: -10 * time.Minute},
		"the store is fast":     {store: 10 * time.Minute},
		"all runners are right": {},
		"two are wrong":         {first: 10 * time.Minute, store: time.Hour, want: 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, probes := newMemoryStore(monitors(20, "10s")...), newFakeProbes()
				s.clockError = c.store
				var wrong, right atomic.Int64
				wrong.Store(int64(c.first))
				first, second := &testClock{offset: &wrong}, &testClock{offset: &right}
				a := startEngineWith(t, Config{ID: "a", Clock: first}, s, probes)
				b := startEngineWith(t, Config{ID: "b", Clock: second}, s, probes)
				elapse(time.Minute)
				if got := time.Until(first.Now()); (got - c.want).Abs() > 5*time.Second {
					t.Errorf("the clock of the first runner is wrong by %s, want %s", got, c.want)
				}
				if got := time.Until(second.Now()); got != 0 && c.want == 0 {
					t.Errorf("the clock of the second runner is wrong by %s", got)
				}
				if lines := a.log.count("clock of this runner is wrong") + b.log.count("clock of this runner is wrong"); lines > 1 {
					t.Errorf("%d log lines", lines)
				}
				a.stop()
				b.stop()
			})
		})
	}
}
