package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

func (s *memory) ask(r store.OnDemandCheck) {
	s.with(store.TopicOnDemandChecks, func() {
		r.Requested, r.Expires = time.Now(), time.Now().Add(10*time.Second)
		s.requests[r.ID] = r
	})
}

func (s *memory) answer(id string) (monitor.Result, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, found := s.answers[id]
	return r, found
}

func TestDefinitionIsRunAndAnsweredAndNotRecorded(t *testing.T) {
	for _, unwatched := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab()
			l.find = func(context.Context, string) probe.Outcome {
				return probe.Outcome{Value: 5, Outputs: map[string]any{"n": 3.0}}
			}
			s := newMemory()
			s.unwatched = unwatched
			b := startBench(t, s, l)
			after(time.Second + time.Millisecond)
			good, violated, bad := monitorNumber(1, "10s"), monitorNumber(2, "10s"), monitorNumber(3, "10s")
			violated.Rule = "n > 5"
			bad.Rule = "nothing > 5"
			s.ask(store.OnDemandCheck{ID: "good", Definition: &good})
			s.ask(store.OnDemandCheck{ID: "violated", Definition: &violated})
			s.ask(store.OnDemandCheck{ID: "bad", Definition: &bad})
			if unwatched {
				after(time.Second)
			}
			synctest.Wait()
			for id, want := range map[string]monitor.Status{
				"good": monitor.StatusOK, "violated": monitor.StatusError, "bad": monitor.StatusFailed,
			} {
				if r, answered := s.answer(id); !answered || r.Status != want || (want != 0) != (r.Message != "") {
					t.Errorf("request %s: answered %v with %+v, want %s", id, answered, r, want)
				}
			}
			after(time.Minute)
			b.stop()
			if len(s.results)+len(s.states) != 0 || l.probesOpen() != 0 || len(l.started("1")) != 1 {
				t.Errorf("%d results stored, %d probes open, %d runs", len(s.results), l.probesOpen(), len(l.started("1")))
			}
		})
	}
}

func TestDefinitionThatAnotherRunnerClaimsIsLeftToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		s := newMemory()
		s.rival = true
		startBench(t, s, l)
		m := monitorNumber(1, "10s")
		s.ask(store.OnDemandCheck{ID: "q", Definition: &m})
		after(5 * time.Second)
		if _, answered := s.answer("q"); answered || len(l.started("1")) != 0 || s.reads["ClaimOnDemandCheck"] != 1 {
			t.Errorf("answered %v, %d runs, %d claims", answered, len(l.started("1")), s.reads["ClaimOnDemandCheck"])
		}
	})
}

func TestStoredMonitorRunsNowAndKeepsItsSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		m := monitorNumber(1, "1h")
		s := newMemory(m)
		b := startBench(t, s, l)
		after(10 * time.Minute)
		s.ask(store.OnDemandCheck{ID: "mine", MonitorID: m.ID})
		s.ask(store.OnDemandCheck{ID: "strange", MonitorID: "another"})
		synctest.Wait()
		if n := len(l.started("1")); n != 2 {
			t.Errorf("%d runs after it was asked for", n)
		}
		if left := look(s, func() map[string]store.OnDemandCheck { return s.requests }); len(left) != 1 || left["strange"].ID == "" {
			t.Errorf("requests left: %+v", left)
		}
		after(3 * time.Hour)
		b.stop()
		starts := l.started("1")
		for i, at := range starts[2:] {
			if want := timingOf(m).at(time.Duration(at.UnixNano()) - grid); time.Duration(at.UnixNano()) != want {
				t.Errorf("run %d is off the schedule", i+2)
			}
		}
		if len(s.results) != len(starts) {
			t.Errorf("%d runs, %d results", len(starts), len(s.results))
		}
	})
}

func TestRunningMonitorRunsAgainOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.find = takes(3 * time.Second)
		m := monitorNumber(1, "1h")
		s := newMemory(m)
		s.keepDropped = true // so that the request stays pending
		startBench(t, s, l)
		for len(l.started("1")) == 0 {
			after(100 * time.Millisecond)
		}
		for range 3 {
			s.ask(store.OnDemandCheck{ID: "q", MonitorID: m.ID})
			after(100 * time.Millisecond)
		}
		after(9 * time.Second)
		for range 2 {
			s.ask(store.OnDemandCheck{ID: "q", MonitorID: m.ID})
			after(time.Second)
		}
		if n := len(l.started("1")); n != 2 {
			t.Errorf("%d runs", n)
		}
	})
}

func TestRequestsAreServedAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		b := startBench(t, s, newLab())
		after(time.Second)
		s.with("", func() { s.down = true })
		m := monitorNumber(1, "10s")
		s.ask(store.OnDemandCheck{ID: "q", Definition: &m})
		after(3 * time.Second)
		s.with("", func() { s.down = false })
		after(2 * time.Second)
		if _, answered := s.answer("q"); !answered {
			t.Errorf("no answer; log: %s", b.log.text.String())
		}
	})
}

func TestPanicOfAProbeIsAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.find = func(context.Context, string) probe.Outcome { panic(errors.New("boom")) }
		s := newMemory()
		startBench(t, s, l)
		m := monitorNumber(1, "10s")
		s.ask(store.OnDemandCheck{ID: "q", Definition: &m})
		synctest.Wait()
		if r, answered := s.answer("q"); !answered || r.Status != monitor.StatusFailed {
			t.Errorf("answered %v with %+v", answered, r)
		}
	})
}
