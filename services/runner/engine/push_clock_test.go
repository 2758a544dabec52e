package engine

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// countedClock is a clock that counts how often it is read.
type countedClock struct {
	testClock
	reads atomic.Int64
}

func newCountedClock() *countedClock {
	return &countedClock{testClock: testClock{offset: new(atomic.Int64)}}
}

func (c *countedClock) Now() time.Time {
	c.reads.Add(1)
	return c.testClock.Now()
}

// startWithClock starts a runner of n push monitors, and an API that receives pings all the time.
func startWithClock(t *testing.T, n int, target string) (*pushTest, *countedClock) {
	t.Helper()
	monitors := make([]monitor.Monitor, n)
	for i := range monitors {
		monitors[i] = newPushMonitor(target)
		monitors[i].ID = monitorNumber(i+1, "1h").ID
	}
	p, clock := &pushTest{t: t, monitor: monitors[0], store: newMemoryStore(monitors...)}, newCountedClock()
	p.receive("api")
	e := newEngine(Config{ID: "r1", SingleRunner: true, Clock: clock}, nil, p.store, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	elapse(time.Minute)
	return p, clock
}

// TestWaitingMonitorsCostNothing compares how often a runner of one and of many push monitors reads the clock while no
// ping is due.
func TestWaitingMonitorsCostNothing(t *testing.T) {
	reads := make(map[int]int64)
	for _, n := range []int{1, 300} {
		synctest.Test(t, func(t *testing.T) {
			_, clock := startWithClock(t, n, "every 24h")
			before := clock.reads.Load()
			elapse(time.Hour)
			reads[n] = clock.reads.Load() - before
		})
	}
	if reads[300] > reads[1]+100 {
		t.Errorf("in an hour, one monitor reads the clock %d times, and 300 read it %d times", reads[1], reads[300])
	}
}

// TestDeadlineAfterCorrection corrects a wrong clock of the runner shortly before a deadline is judged.
func TestDeadlineAfterCorrection(t *testing.T) {
	for name, c := range map[string]struct {
		wrongBy time.Duration
		until   string
	}{
		"fast": {40 * time.Minute, "00:24:59"},
		"slow": {-40 * time.Minute, "01:05:10"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, clock := startWithClock(t, 1, "every 1h") // due at 01:00, with five minutes of grace
				clock.Correct(c.wrongBy)
				p.until(c.until)
				p.want()
				clock.Correct(-c.wrongBy)
				p.until("01:05:20")
				p.want("01:05:00 failed No ping arrived")
			})
		})
	}
}

// TestClockOfTheAPIIsAhead: once the clock is right again, no ping is lost.
func TestClockOfTheAPIIsAhead(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		ahead := func(ping *store.Ping) { ping.Received = ping.Received.Add(30 * time.Minute) }
		for range store.MaxPushPings {
			elapse(10 * time.Second)
			p.ping(store.PingStart, ahead)
			p.ping(store.PingSuccess, ahead)
		}
		p.until("00:05:00")
		p.ping(store.PingFail)
		p.until("00:06:00")
		if s := p.pushState(); s.Pings[0].Kind != store.PingFail || !s.Deadline.Equal(onFirstDay(t, "01:10:00")) {
			t.Errorf("push state %+v", s)
		}
		results := p.results()
		if last := results[len(results)-1]; len(results) != store.MaxPushPings+1 || last != "00:05:00 error The job reported a failure" {
			t.Errorf("%d results, the last is %q", len(results), last)
		}
		for _, r := range p.store.results {
			if r.Date.After(monitor.Date(time.Now())) || r.Status == monitor.StatusOK && r.Outputs["duration"] == nil {
				t.Errorf("result %+v", r)
			}
		}
	}, "every 1h")
}
