package engine

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

// A process that is stopped for 20 s sees that a check took 20 s longer than it may take.
func TestPausedProcessDropsRunningChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes, observer := newFakeProbes(), &problemObserver{}
		probes.maxDuration = 5 * time.Second
		takes := func(d time.Duration, err error) {
			probes.mu.Lock()
			defer probes.mu.Unlock()
			probes.outcome = func(context.Context, string) probe.Outcome {
				<-time.After(d)
				return probe.Outcome{Value: 1, Err: err}
			}
		}
		s := newMemoryStore(monitors(3, "1m")...)
		b := startEngineWith(t, Config{ID: "r1", Observer: observer}, s, probes)
		elapse(time.Minute)
		before := inspect(s, func() int { return len(s.results) })
		if before < 3 {
			t.Fatalf("%d results", before)
		}

		takes(25*time.Second, errors.New("no answer within 5s"))
		elapse(90 * time.Second)
		takes(25*time.Second, nil)
		elapse(time.Minute)
		failed := inspect(s, func() int {
			n := 0
			for _, r := range s.results {
				if r.Status != monitor.StatusOK || r.Date.After(time.Now().Add(-2*time.Minute)) {
					n++
				}
			}
			return n
		})
		if dropped := b.Stats().NotChecked[probe.CausePaused]; failed != 0 || dropped < 6 {
			t.Errorf("%d failed results, %d dropped", failed, dropped)
		}
		if len(observer.problems) != 0 || len(b.health.Problems.List()) != 0 {
			t.Errorf("a pause was reported as a problem: %q", observer.problems)
		}

		takes(7*time.Second, errors.New("no answer within 5s"))
		elapse(2 * time.Minute)
		if latest := inspect(s, func() monitor.Result { return s.states[monitorNumber(1, "").ID].Latest }); latest.Status != monitor.StatusFailed {
			t.Errorf("a check that took little longer than it may was dropped too: %+v", latest)
		}
	})
}

func TestPauseIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.maxDuration = 5 * time.Second
		probes.outcome = func(context.Context, string) probe.Outcome {
			<-time.After(20 * time.Second)
			return probe.Outcome{Value: 1}
		}
		all := monitors(5, "1h")
		b := startEngine(t, newMemoryStore(all...), probes)
		elapse(30 * time.Second)
		if n := b.log.count("process was paused"); n != 1 || b.Stats().NotChecked[probe.CausePaused] != 5 {
			t.Errorf("%d log lines\n%s", n, b.log.text.String())
		}
		elapse(time.Hour)
		if n := b.log.count("process was paused"); n < 2 {
			t.Errorf("the second pause was not logged\n%s", b.log.text.String())
		}
	})
}

func TestPausedOnDemandCheckIsNotChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.maxDuration = 5 * time.Second
		probes.outcome = func(context.Context, string) probe.Outcome {
			<-time.After(20 * time.Second)
			return probe.Outcome{Err: errors.New("no answer within 5s")}
		}
		b := startEngine(t, newMemoryStore(), probes)
		result := b.checkOnce(monitorNumber(1, "1m"))
		if !result.NotChecked || !strings.Contains(result.Message, "this runner was paused during the check; run it again") {
			t.Errorf("result %+v", result)
		}
	})
}

// A machine that is too slow, or a secret in a file that can't be read, looks like a pause in each check.
func TestChecksThatAlwaysTakeTooLongAreAProblem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes, observer := newFakeProbes(), &problemObserver{}
		probes.maxDuration = 5 * time.Second
		var slow atomic.Bool
		probes.outcome = func(context.Context, string) probe.Outcome {
			if slow.Load() {
				<-time.After(20 * time.Second)
			}
			return probe.Outcome{Value: 1}
		}
		b := startEngineWith(t, Config{ID: "r1", Observer: observer}, newMemoryStore(monitors(1, "1m")...), probes)
		slow.Store(true)
		elapse(20 * time.Minute)
		problems, lines := b.health.Problems.List(), b.log.count("process was paused")
		if len(problems) != 1 || !strings.Contains(problems[0], "longer than their timeout") || len(observer.problems) != 1 || lines > 5 {
			t.Errorf("problems %q, notified %q, %d log lines about a pause", problems, observer.problems, lines)
		}
		slow.Store(false)
		elapse(2 * notCheckedHold)
		if problems := b.health.Problems.List(); len(problems) != 0 {
			t.Errorf("after the end: problems %q", problems)
		}
	})
}
