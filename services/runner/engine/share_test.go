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

// owners says who of the runners has each of 1000 monitors.
func owners(t *testing.T, runners ...string) []string {
	t.Helper()
	all := make([]string, 1000)
	for i := range all {
		id := monitorNumber(i, "10s").ID
		for _, r := range runners {
			if !(share{self: r, live: runners}).has(id) {
				continue
			}
			if all[i] != "" {
				t.Fatalf("monitor %s belongs to %s and to %s", id, all[i], r)
			}
			all[i] = r
		}
		if all[i] == "" {
			t.Fatalf("monitor %s belongs to nobody", id)
		}
	}
	return all
}

func TestSharesAreEvenAndMoveLittle(t *testing.T) {
	three, four := owners(t, "a", "b", "c"), owners(t, "a", "b", "c", "d")
	count := map[string]int{}
	for i := range three {
		count[four[i]]++
		if four[i] != three[i] && four[i] != "d" {
			t.Errorf("monitor %d moved from %s to %s when d came", i, three[i], four[i])
		}
	}
	for _, r := range []string{"a", "b", "c", "d"} {
		if count[r] < 200 || count[r] > 300 {
			t.Errorf("%s has %d of 1000 monitors", r, count[r])
		}
	}
}

func TestMembership(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	beat := func(id string, seconds int) store.Runner { return store.Runner{ID: id, LastSeen: at(seconds)} }
	type look struct {
		at    int
		beats []store.Runner
		live  []string
	}
	for name, looks := range map[string][]look{
		"alone":                    {{0, nil, []string{"me"}}, {1, []store.Runner{beat("me", 0)}, []string{"me"}}},
		"another comes and leaves": {{0, nil, []string{"me"}}, {1, []store.Runner{beat("a", 1)}, []string{"a", "me"}}, {2, nil, []string{"me"}}},
		"a heartbeat stops": {
			{0, []store.Runner{beat("a", 0)}, []string{"a", "me"}}, {5, []store.Runner{beat("a", 4)}, []string{"a", "me"}},
			{10, []store.Runner{beat("a", 4)}, []string{"a", "me"}}, {14, []store.Runner{beat("a", 4)}, []string{"a", "me"}},
			{15, []store.Runner{beat("a", 4)}, []string{"me"}}, {16, []store.Runner{beat("a", 16)}, []string{"a", "me"}},
		},
		"a clock that is off":   {{0, []store.Runner{beat("a", 3000)}, []string{"a", "me"}}, {3, []store.Runner{beat("a", 3003)}, []string{"a", "me"}}},
		"dead for long":         {{0, []store.Runner{beat("a", -61)}, []string{"me"}}, {1, []store.Runner{beat("a", -61)}, []string{"me"}}},
		"alive, and far behind": {{0, []store.Runner{beat("a", -500)}, []string{"me"}}, {1, []store.Runner{beat("a", -497)}, []string{"a", "me"}}},
		"the store was away": {
			{0, []store.Runner{beat("a", 0), beat("b", -90)}, []string{"a", "me"}}, {60, []store.Runner{beat("a", 0), beat("b", -90)}, []string{"a", "me"}},
			{65, []store.Runner{beat("a", 64)}, []string{"a", "me"}},
		},
	} {
		m := membership{self: "me"}
		for _, l := range looks {
			if got, _ := m.look(at(l.at), l.beats); !slices.Equal(got.live, l.live) {
				t.Errorf("%s: after %d s %v are live, want %v", name, l.at, got.live, l.live)
			}
		}
	}
}

// line leads to a store and can be cut.
type line struct {
	*memory
	cut atomic.Bool
}

func (l *line) check() error {
	if l.cut.Load() {
		return monitor.ErrUnavailable
	}
	return nil
}

func (l *line) PutHeartbeat(ctx context.Context, r store.Runner) error {
	if err := l.check(); err != nil {
		return err
	}
	return l.memory.PutHeartbeat(ctx, r)
}

func (l *line) Runners(ctx context.Context, since time.Time) ([]store.Runner, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	return l.memory.Runners(ctx, since)
}

func (l *line) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	return l.memory.Monitors(ctx)
}

func (l *line) AppendBatch(ctx context.Context, b store.Batch) error {
	if err := l.check(); err != nil {
		return err
	}
	return l.memory.AppendBatch(ctx, b)
}

// crew is some runners on one store.
type crew struct {
	t     *testing.T
	store *memory
	lines []*line
	bench []*bench
}

const crewInterval = 2 * time.Second

func startCrew(t *testing.T, runners, work int) *crew {
	t.Helper()
	c := &crew{t: t, store: newMemory(monitors(work, crewInterval.String())...)}
	for range runners {
		c.join()
	}
	after(5 * time.Second)
	return c
}

func (c *crew) join() {
	c.lines = append(c.lines, &line{memory: c.store})
	c.bench = append(c.bench, startRunner(c.t, fmt.Sprintf("r%d", len(c.lines)), c.lines[len(c.lines)-1], newLab()))
}

// checks are the starts of a monitor since a time, by any runner.
func (c *crew) checks(target string, since time.Time) (starts []time.Time) {
	for _, b := range c.bench {
		for _, at := range b.lab.started(target) {
			if !at.Before(since) {
				starts = append(starts, at)
			}
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	return starts
}

// wantEachOnce fails if a monitor wasn't checked exactly once per interval for ten intervals from now on.
func (c *crew) wantEachOnce(when string) {
	c.t.Helper()
	since := time.Now()
	after(10 * crewInterval)
	for _, m := range c.store.monitors {
		if n := len(c.checks(m.Target, since)); n < 10 || n > 11 {
			c.t.Errorf("%s: monitor %s was checked %d times in 10 intervals", when, m.Target, n)
		}
	}
}

// wantShares fails if not exactly the given runners have monitors.
func (c *crew) wantShares(when string, runners ...int) {
	c.t.Helper()
	sum := 0
	for _, r := range runners {
		n := c.bench[r].Stats().Monitors
		if n == 0 {
			c.t.Errorf("%s: runner %d has no monitors", when, r)
		}
		sum += n
	}
	if sum != len(c.store.monitors) {
		c.t.Errorf("%s: the runners have %d monitors together", when, sum)
	}
}

func TestRunnersShareTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCrew(t, 2, 60)
		c.wantShares("two", 0, 1)
		c.wantEachOnce("two")
		c.join()
		after(5 * time.Second)
		c.wantShares("a third has come", 0, 1, 2)
		c.wantEachOnce("a third has come")

		stopped := time.Now()
		c.bench[1].stop()
		after(2*time.Second + crewInterval)
		c.wantShares("one was stopped", 0, 2)
		for _, m := range c.store.monitors {
			if len(c.checks(m.Target, stopped)) == 0 {
				t.Errorf("monitor %s wasn't checked within an interval and 2 s of the stop", m.Target)
			}
		}
		c.wantEachOnce("one was stopped")
	})
}

func TestRunnersTakeOverFromADeadOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCrew(t, 3, 200)
		died := time.Now()
		c.lines[1].cut.Store(true)
		after(15 * time.Second)
		c.wantShares("one is dead", 0, 2)
		c.join()
		after(5 * time.Second)
		c.wantShares("one that comes does not count on the dead one", 0, 2, 3)
		c.bench[3].stop()
		after(2 * time.Second)
		for _, m := range c.store.monitors {
			alive := slices.Concat(c.bench[0].lab.started(m.Target), c.bench[2].lab.started(m.Target))
			if !slices.ContainsFunc(alive, died.Before) {
				t.Errorf("nobody took over monitor %s within 15 s", m.Target)
			}
		}
		c.lines[1].cut.Store(false)
		after(5 * time.Second)
		c.wantShares("it is back", 0, 1, 2)
		c.wantEachOnce("it is back")
	})
}

func TestSharesStayWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCrew(t, 3, 60)
		for _, l := range c.lines {
			l.cut.Store(true)
		}
		c.wantEachOnce("the store is away")
		for i, l := range c.lines {
			l.cut.Store(false)
			after(time.Duration(i) * time.Second)
		}
		c.wantEachOnce("the store is back")
		c.wantShares("the store is back", 0, 1, 2)
	})
}

func TestAMonitorThatMovesKeepsItsPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startCrew(t, 2, 6) // so few that monitors made by a person would run at once
		since := time.Now()
		c.join()
		after(20 * time.Second)
		c.bench[0].stop()
		after(20 * time.Second)
		for _, m := range c.store.monitors {
			starts := c.checks(m.Target, since)
			for i := 1; i < len(starts); i++ {
				if gap := starts[i].Sub(starts[i-1]); gap%crewInterval != 0 {
					t.Fatalf("monitor %s was checked %s after the check before", m.Target, gap)
				}
			}
		}
	})
}
