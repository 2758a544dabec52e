package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/runner/cluster"
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
		if gap := heartbeats[3].LastSeen.Sub(heartbeats[2].LastSeen); gap != cluster.HeartbeatInterval {
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
		elapse(cluster.HeartbeatInterval + 200*time.Millisecond) // the second heartbeat is being written
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
		if took := time.Since(stopped); took > flushTimeout+store.ShortCall {
			t.Errorf("the stop took %s", took)
		}
		if dropped := b.Stats().Dropped; dropped < 95 || dropped > 110 {
			t.Errorf("%d dropped", dropped)
		}
	})
}
