package engine

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
	"nanomon/services/runner/quarantine"
)

// pushTest is an engine with a push monitor in a synctest bubble, which begins on 2000-01-01 at 00:00 UTC.
type pushTest struct {
	t       *testing.T
	monitor monitor.Monitor
	store   *memoryStore
	engine  *testEngine
	journal *quarantine.Journal
	pings   int
}

// newPushMonitor returns a push monitor that is created now. properties are names and values.
func newPushMonitor(target string, properties ...string) monitor.Monitor {
	m := monitorNumber(1, "1h")
	m.Type, m.Target, m.Updated = "push", target, monitor.Date(time.Now())
	for i := 0; i < len(properties); i += 2 {
		m.Properties[properties[i]] = properties[i+1]
	}
	return m
}

// testPush runs test in a bubble with an engine, and an API that receives pings all the time.
func testPush(t *testing.T, test func(t *testing.T, p *pushTest), target string, properties ...string) {
	synctest.Test(t, func(t *testing.T) {
		p := &pushTest{t: t, monitor: newPushMonitor(target, properties...)}
		p.store = newMemoryStore(p.monitor)
		p.receive("api")
		p.start("r1")
		test(t, p)
		p.engine.stop()
	})
}

// receive extends a receiving period of a process until the end of the test, or until the returned function is called.
func (p *pushTest) receive(process string) (stop func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	var ended sync.WaitGroup
	period := store.ReceivingPeriod{ID: process + time.Now().String(), Process: process, From: time.Now()}
	ended.Go(func() {
		for done := false; !done; done = !wake.Pause(ctx, 5*time.Second) {
			period.To = time.Now()
			_ = p.store.PutReceivingPeriod(context.WithoutCancel(ctx), period)
		}
	})
	stop = func() {
		cancel()
		ended.Wait()
	}
	p.t.Cleanup(stop)
	return stop
}

// start starts a runner.
func (p *pushTest) start(id string) {
	p.t.Helper()
	p.startWith(id, p.store)
}

// startWith starts a runner that uses s.
func (p *pushTest) startWith(id string, s runnerStore) {
	p.t.Helper()
	b := &testEngine{store: p.store, log: &logBuffer{}}
	b.Engine = newEngine(Config{ID: id, Quarantine: p.journal}, nil, s, probe.All(probe.Guard{}), slog.New(slog.NewTextHandler(b.log, nil)))
	ctx, cancel := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	p.t.Cleanup(b.stop)
	p.engine = b
	synctest.Wait()
}

// until advances the time to the given time of the first day.
func (p *pushTest) until(clock string) {
	p.t.Helper()
	if d := time.Until(onFirstDay(p.t, clock)); d > 0 {
		elapse(d)
		return
	}
	p.t.Fatalf("it is later than %s", clock)
}

func onFirstDay(t *testing.T, clock string) time.Time {
	t.Helper()
	date, err := time.Parse("2006-01-02 15:04:05", "2000-01-01 "+clock)
	must(t, err)
	return date
}

// ping stores a ping that is received now.
func (p *pushTest) ping(kind store.PingKind, change ...func(*store.Ping)) {
	p.t.Helper()
	p.pings++
	ping := store.Ping{
		ID: fmt.Sprintf("%024d", p.pings), MonitorID: p.monitor.ID, Received: monitor.Date(time.Now()), Kind: kind,
	}
	if kind == store.PingFail {
		ping.ExitCode = 1
	}
	for _, c := range change {
		c(&ping)
	}
	must(p.t, p.store.AddPing(p.t.Context(), ping))
}

// results returns the results, oldest first: the time, the status and the beginning of the message.
func (p *pushTest) results() []string {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	sorted := slices.SortedFunc(maps.Values(p.store.results), func(a, b monitor.Result) int { return a.Date.Compare(b.Date) })
	var list []string
	for _, r := range sorted {
		text, _, _ := strings.Cut(r.Date.Format("15:04:05.999 ")+r.Status.String()+" "+r.Message, ":  ")
		list = append(list, strings.TrimSpace(text))
	}
	return list
}

// want compares the results with a list of their beginnings, and requires that each is stored once, that no ping waits,
// and that the state counts all of them.
func (p *pushTest) want(want ...string) {
	p.t.Helper()
	got := p.results()
	same := len(got) == len(want)
	for i := 0; same && i < len(got); i++ {
		same = strings.HasPrefix(got[i], want[i])
	}
	if !same {
		p.t.Errorf("results:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	for id, n := range p.store.stored {
		if n != 1 {
			p.t.Errorf("the result %s was written %d times", id, n)
		}
	}
	if n := len(p.store.pings); n > 0 {
		p.t.Errorf("%d pings wait", n)
	}
	if points := len(p.store.states[p.monitor.ID].History); points != len(want) {
		p.t.Errorf("the history has %d points, want %d", points, len(want))
	}
}

// wantChanges compares the changes of the status.
func (p *pushTest) wantChanges(want ...string) {
	p.t.Helper()
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	var got []string
	for _, c := range p.store.statusChanges {
		if c.Kind == store.ChangeStatus {
			got = append(got, c.Date.Format("15:04:05 ")+c.To)
		}
	}
	if !slices.Equal(got, want) {
		p.t.Errorf("status changes %v, want %v", got, want)
	}
}

func (p *pushTest) pushState() store.PushState {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	return p.store.pushStates[p.monitor.ID]
}

func TestPingsBecomeResults(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("00:10:00")
		p.ping(store.PingStart)
		p.until("00:10:30")
		p.ping(store.PingSuccess, func(ping *store.Ping) { ping.Body = []byte(`{"rows": 12}`) })
		p.until("00:11:00")
		p.ping(store.PingLog)
		p.ping(store.PingFail, func(ping *store.Ping) { ping.ExitCode = 7 })
		p.until("00:12:00")
		p.want("00:10:30 ok", "00:11:00 error The job ended with exit status 7")
		first := p.store.results["000000000000000000000002"]
		if first.Value != 30_000 || first.Outputs["duration"] != 30_000.0 || first.Outputs["rows"] != 12.0 || first.Outputs["body"] != nil {
			t.Errorf("first result %+v", first)
		}
		s := p.pushState()
		if len(s.Pings) != 4 || !s.Deadline.Equal(onFirstDay(t, "01:16:00")) || !s.Since.Equal(p.monitor.Updated) {
			t.Errorf("push state %+v", s)
		}
	}, "every 1h", "capture", `{"rows": "$.rows"}`)
}

func TestRuleOfPushMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pushTest{t: t, monitor: newPushMonitor("every 1h")}
		p.monitor.Rule = "exitCode <= 3 && count('error', 30) == 0"
		p.store = newMemoryStore(p.monitor)
		p.start("r1")
		for i, code := range []int{3, 4, 0} {
			p.until(fmt.Sprintf("00:0%d:00", i+1))
			p.ping(store.PingFail, func(ping *store.Ping) { ping.ExitCode = code })
		}
		p.until("00:05:00")
		p.want("00:01:00 ok", "00:02:00 error Rule violated", "00:03:00 error Rule violated")
	})
}

func TestLate(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("00:20:00")
		p.ping(store.PingSuccess)
		p.until("01:25:09")
		p.want("00:20:00 ok")
		p.until("01:25:12")
		p.want("00:20:00 ok", "01:25:00 failed No ping arrived: expected every 1h, last ping 2000-01-01 00:20 (UTC)")
		p.until("02:25:12")
		p.ping(store.PingSuccess)
		p.until("03:30:00")
		p.want("00:20:00 ok", "01:25:00 failed", "02:25:00 failed", "02:25:12 ok")
		p.wantChanges("00:20:00 ok", "01:25:00 failed", "02:25:12 ok")
	}, "every 1h")
}

func TestPingAtTheVeryDeadline(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:05:00")
		p.ping(store.PingSuccess)
		p.until("02:05:30")
		p.want("02:05:00 ok")
		p.until("03:05:01")
		p.ping(store.PingSuccess)
		p.until("03:05:30")
		p.want("02:05:00 ok", "03:05:00 failed", "03:05:01 ok")
	}, "0 2,3 * * *")
}

func TestPingThatIsStoredLate(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:05:09")
		p.ping(store.PingSuccess, func(ping *store.Ping) { ping.Received = onFirstDay(t, "02:04:59") })
		p.until("02:10:00")
		p.want("02:04:59 ok")
	}, "0 2,3 * * *")
}

func TestRunThatNeverEnds(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:01:00")
		p.ping(store.PingStart)
		p.until("02:40:00")
		p.want("02:31:00 failed The run that began at 2000-01-01 02:01 (UTC) has not ended after 30m")
		if s := p.pushState(); len(s.Runs) != 0 || s.Deadline.Day() != 2 {
			t.Errorf("push state %+v", s)
		}
	}, "0 2 * * *", "maxRun", "30m")
}

func TestManyStoredPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pushTest{t: t, monitor: newPushMonitor("every 1m")}
		p.store = newMemoryStore(p.monitor)
		p.receive("api")
		for range 2*inboxPage + 10 {
			elapse(time.Second)
			p.ping(store.PingSuccess)
		}
		p.start("r1")
		elapse(10 * time.Second)
		p.engine.stop()
		if len(p.store.pings) > 0 || len(p.store.results) != 2*inboxPage+10 {
			t.Errorf("%d results, %d pings are left", len(p.store.results), len(p.store.pings))
		}
		if s := p.store.states[p.monitor.ID]; s.Streak != 2*inboxPage+10 {
			t.Errorf("streak %d", s.Streak)
		}
	})
}

// TestPingsBeyondTheLimit: pings for which there is no room in memory are read later.
func TestPingsBeyondTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pushTest{t: t, monitor: newPushMonitor("every 24h")}
		p.store = newMemoryStore(p.monitor)
		const count = 3 * maxInboxBytes / store.MaxPingBody
		p.store.with("", func() {
			for i := range count {
				p.store.pings = append(p.store.pings, store.Ping{
					ID: fmt.Sprintf("%024d", i), MonitorID: p.monitor.ID, Received: monitor.Date(time.Now().Add(time.Duration(i) * time.Millisecond)),
					Kind: store.PingSuccess, Body: make([]byte, store.MaxPingBody),
				})
			}
		})
		p.start("r1")
		elapse(time.Minute)
		p.engine.stop()
		if s := p.store.states[p.monitor.ID]; len(p.store.pings) > 0 || s.Streak != count {
			t.Errorf("%d pings are left, streak %d, want %d", len(p.store.pings), s.Streak, count)
		}
	})
}

func TestMaintenanceOfPushMonitor(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.store.with(store.TopicMonitors, func() {
			p.store.windows = []maintenance.Window{windowFor(onFirstDay(t, "02:00:00"), onFirstDay(t, "03:00:00"), p.monitor.ID)}
		})
		p.until("02:10:00")
		p.want("02:05:00 failed")
		for _, r := range p.store.results {
			if r.Ignored != monitor.IgnoredMaintenance {
				t.Errorf("the result is not ignored: %+v", r)
			}
		}
	}, "0 2 * * *")
}

func TestDeletionOfResults(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:01:00")
		p.ping(store.PingSuccess)
		p.until("02:02:00")
		p.store.with(store.TopicMonitors, func() {
			p.store.cleared = time.Now()
			clear(p.store.results)
			clear(p.store.stored)
			clear(p.store.states)
		})
		p.until("02:02:05") // the runner has noticed the deletion
		p.ping(store.PingSuccess, func(ping *store.Ping) { ping.Received = onFirstDay(t, "02:01:59") })
		p.until("02:10:00")
		p.want()
		if s := p.pushState(); s.Deadline.Day() != 2 || len(s.Pings) != 2 {
			t.Errorf("push state %+v", s)
		}
	}, "0 2 * * *")
}
