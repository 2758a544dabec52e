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
	"nanomon/services/common/store"
)

func (s *memoryStore) requestCheck(r store.OnDemandCheck) {
	s.with(store.TopicOnDemandChecks, func() {
		r.Requested, r.Expires = time.Now(), time.Now().Add(10*time.Second)
		s.onDemandChecks[r.ID] = r
	})
}

func (s *memoryStore) onDemandResult(id string) (monitor.Result, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, found := s.onDemandResults[id]
	return r, found
}

func TestDefinitionIsCheckedAndNotRecorded(t *testing.T) {
	for _, unwatched := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			probes := newFakeProbes()
			probes.outcome = func(context.Context, string) probe.Outcome {
				return probe.Outcome{Value: 5, Outputs: map[string]any{"n": 3.0}}
			}
			s := newMemoryStore()
			s.unwatched = unwatched
			b := startEngine(t, s, probes)
			elapse(time.Second + time.Millisecond)
			valid, violated, invalid := monitorNumber(1, "10s"), monitorNumber(2, "10s"), monitorNumber(3, "10s")
			violated.Rule = "n > 5"
			invalid.Rule = "nothing > 5"
			s.requestCheck(store.OnDemandCheck{ID: "valid", Definition: &valid})
			s.requestCheck(store.OnDemandCheck{ID: "violated", Definition: &violated})
			s.requestCheck(store.OnDemandCheck{ID: "invalid", Definition: &invalid})
			if unwatched {
				elapse(time.Second)
			}
			synctest.Wait()
			for id, want := range map[string]monitor.Status{
				"valid": monitor.StatusOK, "violated": monitor.StatusError, "invalid": monitor.StatusFailed,
			} {
				if r, completed := s.onDemandResult(id); !completed || r.Status != want || (want != 0) != (r.Message != "") {
					t.Errorf("check %s: completed %v with %+v, want %s", id, completed, r, want)
				}
			}
			elapse(time.Minute)
			b.stop()
			if len(s.results)+len(s.states) != 0 || probes.openProbes() != 0 || len(probes.started("1")) != 1 {
				t.Errorf("%d results stored, %d probes open, %d checks", len(s.results), probes.openProbes(), len(probes.started("1")))
			}
		})
	}
}

// The system clock of the runner is an hour ahead of the database, and its own clock is corrected.
func TestDefinitionIsCheckedDespiteWrongSystemClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, clock := newMemoryStore(), &testClock{offset: new(atomic.Int64)}
		clock.offset.Store(-int64(time.Hour))
		startEngineWith(t, Config{ID: "r1", Clock: clock}, s, newFakeProbes())
		m := monitorNumber(1, "10s")
		s.with(store.TopicOnDemandChecks, func() {
			s.onDemandChecks["q"] = store.OnDemandCheck{
				ID: "q", Definition: &m, Requested: clock.Now(), Expires: clock.Now().Add(10 * time.Second),
			}
		})
		elapse(5 * time.Second)
		if r, completed := s.onDemandResult("q"); !completed || r.Status != monitor.StatusOK {
			t.Errorf("completed %v with %+v", completed, r)
		}
	})
}

func TestDefinitionClaimedByAnotherRunnerIsNotChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		s := newMemoryStore()
		s.rival = true
		startEngine(t, s, probes)
		m := monitorNumber(1, "10s")
		s.requestCheck(store.OnDemandCheck{ID: "q", Definition: &m})
		elapse(5 * time.Second)
		if _, completed := s.onDemandResult("q"); completed || len(probes.started("1")) != 0 || s.calls["ClaimOnDemandCheck"] != 1 {
			t.Errorf("completed %v, %d checks, %d claims", completed, len(probes.started("1")), s.calls["ClaimOnDemandCheck"])
		}
	})
}

func TestStoredMonitorIsCheckedNowAndKeepsSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		m := monitorNumber(1, "1h")
		s := newMemoryStore(m)
		b := startEngine(t, s, probes)
		elapse(10 * time.Minute)
		s.requestCheck(store.OnDemandCheck{ID: "mine", MonitorID: m.ID})
		s.requestCheck(store.OnDemandCheck{ID: "other", MonitorID: "another"})
		synctest.Wait()
		if n := len(probes.started("1")); n != 2 {
			t.Errorf("%d checks after the on-demand check", n)
		}
		if left := inspect(s, func() map[string]store.OnDemandCheck { return s.onDemandChecks }); len(left) != 1 || left["other"].ID == "" {
			t.Errorf("on-demand checks left: %+v", left)
		}
		elapse(3 * time.Hour)
		b.stop()
		starts := probes.started("1")
		for i, at := range starts[2:] {
			if want := timingOf(m).dueFrom(time.Duration(at.UnixNano()) - grid); time.Duration(at.UnixNano()) != want {
				t.Errorf("check %d is not on schedule", i+2)
			}
		}
		if len(s.results) != len(starts) {
			t.Errorf("%d checks, %d results", len(starts), len(s.results))
		}
	})
}

func TestRunningMonitorIsCheckedOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.outcome = checkTakes(3 * time.Second)
		m := monitorNumber(1, "1h")
		s := newMemoryStore(m)
		s.failDelete = true // the on-demand check stays pending
		startEngine(t, s, probes)
		for len(probes.started("1")) == 0 {
			elapse(100 * time.Millisecond)
		}
		for range 3 {
			s.requestCheck(store.OnDemandCheck{ID: "q", MonitorID: m.ID})
			elapse(100 * time.Millisecond)
		}
		elapse(9 * time.Second)
		for range 2 {
			s.requestCheck(store.OnDemandCheck{ID: "q", MonitorID: m.ID})
			elapse(time.Second)
		}
		if n := len(probes.started("1")); n != 2 {
			t.Errorf("%d checks", n)
		}
	})
}

func TestOnDemandChecksAfterStoreIsAvailableAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		b := startEngine(t, s, newFakeProbes())
		elapse(time.Second)
		s.with("", func() { s.down = true })
		m := monitorNumber(1, "10s")
		s.requestCheck(store.OnDemandCheck{ID: "q", Definition: &m})
		elapse(3 * time.Second)
		s.with("", func() { s.down = false })
		elapse(2 * time.Second)
		if _, completed := s.onDemandResult("q"); !completed {
			t.Errorf("no result; log: %s", b.log.text.String())
		}
	})
}

func TestDefinitionCannotBeChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.outcome = func(context.Context, string) probe.Outcome { panic(errors.New("boom")) }
		s := newMemoryStore()
		b := startEngine(t, s, probes)
		m := monitorNumber(1, "10s")
		s.requestCheck(store.OnDemandCheck{ID: "q", Definition: &m})
		synctest.Wait()
		r, completed := s.onDemandResult("q")
		if !completed || !r.NotChecked || !strings.HasPrefix(r.Message, "not checked: the test probe crashed") {
			t.Errorf("completed %v with %+v", completed, r)
		}
		if n := b.Stats().NotChecked[probe.CausePanic]; n != 1 {
			t.Errorf("%d checks counted", n)
		}
	})
}
