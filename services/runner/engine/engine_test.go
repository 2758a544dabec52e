package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

func TestStopLetsRunningChecksFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.outcome = checkTakes(8 * time.Second)
		s := newMemoryStore(monitors(50, "10s")...)
		b := startEngine(t, s, probes)
		for probes.openProbes() < 50 {
			elapse(100 * time.Millisecond)
		}
		stopped := time.Now()
		b.stop()
		if took := time.Since(stopped); took > 8*time.Second {
			t.Errorf("the stop took %s", took)
		}
		starts := 0
		for _, m := range monitors(50, "10s") {
			at := probes.started(m.Target)
			starts += len(at)
			if last := at[len(at)-1]; last.After(stopped) {
				t.Errorf("monitor %s was started after the stop", m.ID)
			}
		}
		if len(s.results) != starts || len(s.runners) != 0 || probes.openProbes() != 0 {
			t.Errorf("%d checks, %d results, %d heartbeats left, %d probes open", starts, len(s.results), len(s.runners), probes.openProbes())
		}
		if b.log.count("runner stopped") != 1 {
			t.Errorf("log: %s", b.log.text.String())
		}
	})
}

func TestStopCancelsChecksAfterGraceTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.outcome = func(ctx context.Context, _ string) probe.Outcome {
			<-ctx.Done()
			return probe.Outcome{Err: ctx.Err()}
		}
		s := newMemoryStore(monitorNumber(1, "1s"))
		b := startEngine(t, s, probes)
		elapse(3 * time.Second)
		stopped := time.Now()
		b.stop()
		if took := time.Since(stopped); took != 10*time.Second {
			t.Errorf("the stop took %s", took)
		}
		if len(s.results) != 0 || probes.openProbes() != 0 {
			t.Errorf("%d results of cancelled checks, %d probes open", len(s.results), probes.openProbes())
		}
	})
}

func TestStopAbandonsChecksThatIgnoreTheirCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		release := make(chan struct{})
		probes.outcome = func(_ context.Context, target string) probe.Outcome {
			if target == "1" {
				<-release
			}
			return probe.Outcome{}
		}
		b := startEngine(t, newMemoryStore(monitorNumber(1, "1s"), monitorNumber(2, "1s")), probes)
		elapse(3 * time.Second)
		stopped := time.Now()
		b.stop()
		if took := time.Since(stopped); took != 11*time.Second {
			t.Errorf("the stop took %s", took)
		}
		if n := b.log.count(`"checks did not stop in time, abandoned them" checks=1 monitor_ids=[000000000000000000000001]`); n != 1 {
			t.Errorf("log: %s", b.log.text.String())
		}
		if probes.openProbes() != 1 {
			t.Errorf("%d probes are open, want only that of the running check", probes.openProbes())
		}
		close(release)
		synctest.Wait()
	})
}

func TestStopSkipsWaitingChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.outcome = checkTakes(5 * time.Second)
		b := startEngine(t, newMemoryStore(monitors(3000, "1s")...), probes)
		elapse(2 * time.Second)
		b.stop()
		if s := b.Stats(); s.Checks[monitor.StatusOK] != maxConcurrentChecks {
			t.Errorf("%d checks ran, want %d", s.Checks[monitor.StatusOK], maxConcurrentChecks)
		}
	})
}

func TestChecksWaitForFreePoolSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.outcome = checkTakes(900 * time.Millisecond)
		b := startEngine(t, newMemoryStore(monitors(1500, "2s")...), probes)
		elapse(20 * time.Second)
		b.stop()
		s := b.Stats()
		if s.Checks[monitor.StatusOK] < 14_900 || s.Skipped != 0 {
			t.Errorf("stats: %+v", s)
		}
		probes.mu.Lock()
		defer probes.mu.Unlock()
		if len(probes.starts) != 1500 {
			t.Errorf("%d of 1500 monitors ran", len(probes.starts))
		}
	})
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore(monitors(7, "10s")...)
		b := startEngine(t, s, newFakeProbes())
		elapse(10 * time.Second)
		heartbeats := inspect(s, func() []store.Runner { return s.heartbeats })
		if len(heartbeats) != 4 || heartbeats[3].ID != "r1" || heartbeats[3].Monitors != 7 {
			t.Fatalf("heartbeats: %+v", heartbeats)
		}
		if gap := heartbeats[3].LastSeen.Sub(heartbeats[2].LastSeen); gap != heartbeatInterval {
			t.Errorf("%s between two heartbeats", gap)
		}
		b.stop()
		if len(s.runners) != 0 {
			t.Errorf("heartbeat left: %+v", s.runners)
		}
	})
}

// lateHeartbeats is a store that takes half a second to write a heartbeat, and writes it even if the call is cancelled.
type lateHeartbeats struct{ *memoryStore }

func (s lateHeartbeats) PutHeartbeat(ctx context.Context, r store.Runner) error {
	written := make(chan error, 1)
	time.AfterFunc(500*time.Millisecond, func() { written <- s.memoryStore.PutHeartbeat(context.WithoutCancel(ctx), r) })
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-written:
		return err
	}
}

func TestStopRemovesHeartbeatBeingWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lateHeartbeats{newMemoryStore()}
		b := startEngineWithID(t, "r1", s, newFakeProbes())
		elapse(heartbeatInterval + 200*time.Millisecond) // the second heartbeat is being written
		b.stop()
		elapse(time.Second)
		if len(s.runners) != 0 {
			t.Errorf("heartbeat left: %+v", s.runners)
		}
	})
}

func TestStopWhileStoreUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore(monitors(10, "1s")...)
		b := startEngine(t, s, newFakeProbes())
		elapse(10 * time.Second)
		s.with("", func() { s.down = true })
		elapse(10 * time.Second)
		stopped := time.Now()
		b.stop()
		if took := time.Since(stopped); took > flushTimeout+shortCallTimeout {
			t.Errorf("the stop took %s", took)
		}
		if dropped := b.Stats().Dropped; dropped < 95 || dropped > 110 {
			t.Errorf("%d dropped", dropped)
		}
	})
}

func TestRollupsOfHoursAndDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		hour := time.Now().UTC().Truncate(time.Hour).Add(-3 * time.Hour)
		fill := func(from, n int, status monitor.Status) {
			for i := from; i < from+n; i++ {
				r := resultAt(i, status)
				r.Date = hour.Add(time.Duration(i) * time.Second)
				s.results[r.ID] = r
			}
		}
		fill(0, 2500, monitor.StatusOK)
		fill(3600, 10, monitor.StatusFailed)
		s.dirty = []store.DirtyHour{{MonitorID: "m", Hour: hour}, {MonitorID: "m", Hour: hour.Add(time.Hour)}}
		now := store.DirtyHour{MonitorID: "m", Hour: hour.Add(3 * time.Hour)}
		s.dirty = append(s.dirty, now)
		for i := range 500 {
			s.dirty = append(s.dirty, store.DirtyHour{MonitorID: monitorNumber(i, "").ID, Hour: hour})
		}
		b := startEngine(t, s, newFakeProbes())
		day := hour.Truncate(24 * time.Hour)
		elapse(housekeepingInterval)
		s.check(t, store.Hour, hour, [3]int{2500, 0, 0})
		s.check(t, store.Hour, hour.Add(time.Hour), [3]int{0, 0, 10})
		s.check(t, store.Day, day, [3]int{2500, 0, 10})

		s.with("", func() {
			fill(3000, 5, monitor.StatusError)
			s.dirty = append(s.dirty, store.DirtyHour{MonitorID: "m", Hour: hour, Token: "late"})
		})
		elapse(housekeepingInterval)
		s.check(t, store.Hour, hour, [3]int{2500, 5, 0})
		s.check(t, store.Day, day, [3]int{2500, 5, 10})
		b.stop()
		if len(s.dirty) != 1 || s.dirty[0] != now {
			t.Errorf("still dirty: %+v", s.dirty)
		}
	})
}

// check compares the counts in a rollup of the monitor m.
func (s *memoryStore) check(t *testing.T, p store.Period, start time.Time, want [3]int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	summary, err := rollup.Decode(s.rollups["m"+string(p)+start.String()].Summary)
	if err != nil || summary.Counts != want {
		t.Errorf("%s from %s: %+v, %v, want %v", p, start, summary, err, want)
	}
}

func TestDailyRollupSkipsDamagedHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		hour := time.Now().UTC().Truncate(time.Hour).Add(-3 * time.Hour)
		r := resultAt(0, monitor.StatusOK)
		r.Date = hour
		s.results[r.ID] = r
		broken := hour.Add(-time.Hour)
		s.rollups["m"+string(store.Hour)+broken.String()] = store.Rollup{
			MonitorID: "m", Period: store.Hour, Start: broken, Summary: []byte("{"),
		}
		s.dirty = []store.DirtyHour{{MonitorID: "m", Hour: hour}}
		b := startEngine(t, s, newFakeProbes())
		elapse(housekeepingInterval)
		s.check(t, store.Day, hour.Truncate(24*time.Hour), [3]int{1, 0, 0})
		if b.log.count("damaged") != 1 {
			t.Errorf("log: %s", b.log.text.String())
		}
	})
}

func TestExpiryEveryTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := newMemoryStore()
		startEngine(t, s, newFakeProbes())
		elapse(25 * time.Minute)
		at := inspect(s, func() []time.Time { return s.expired })
		if len(at) != 3 || at[0].Sub(began) != time.Minute || at[1].Sub(at[0]) != 10*time.Minute {
			t.Errorf("expired at %v, started at %v", at, began)
		}
	})
}
