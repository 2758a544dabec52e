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
		l := newLab()
		l.find = takes(8 * time.Second)
		s := newMemory(monitors(50, "10s")...)
		b := startBench(t, s, l)
		for l.probesOpen() < 50 {
			after(100 * time.Millisecond)
		}
		stopped := time.Now()
		b.stop()
		if took := time.Since(stopped); took > 8*time.Second {
			t.Errorf("the stop took %s", took)
		}
		starts := 0
		for _, m := range monitors(50, "10s") {
			at := l.started(m.Target)
			starts += len(at)
			if last := at[len(at)-1]; last.After(stopped) {
				t.Errorf("monitor %s was started after the stop", m.ID)
			}
		}
		if len(s.results) != starts || len(s.runners) != 0 || l.probesOpen() != 0 {
			t.Errorf("%d runs, %d results, %d heartbeats left, %d probes open", starts, len(s.results), len(s.runners), l.probesOpen())
		}
		if b.log.count("runner stopped") != 1 {
			t.Errorf("log: %s", b.log.text.String())
		}
	})
}

func TestStopCancelsWhatIsLongerThanTheGraceTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.find = func(ctx context.Context, _ string) probe.Outcome {
			<-ctx.Done()
			return probe.Outcome{Err: ctx.Err()}
		}
		s := newMemory(monitorNumber(1, "1s"))
		b := startBench(t, s, l)
		after(3 * time.Second)
		stopped := time.Now()
		b.stop()
		if took := time.Since(stopped); took != 10*time.Second {
			t.Errorf("the stop took %s", took)
		}
		if len(s.results) != 0 || l.probesOpen() != 0 {
			t.Errorf("%d results of cancelled runs, %d probes open", len(s.results), l.probesOpen())
		}
	})
}

func TestStopGivesUpRunsThatWaitForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.find = takes(5 * time.Second)
		b := startBench(t, newMemory(monitors(3000, "1s")...), l)
		after(2 * time.Second)
		b.stop()
		if s := b.Stats(); s.Runs[monitor.StatusOK] != atATime {
			t.Errorf("%d runs, %d fit at a time", s.Runs[monitor.StatusOK], atATime)
		}
	})
}

func TestRunsBeyondThePoolWaitAndAreLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.find = takes(900 * time.Millisecond)
		b := startBench(t, newMemory(monitors(1500, "2s")...), l)
		after(20 * time.Second)
		b.stop()
		s := b.Stats()
		if s.Runs[monitor.StatusOK] < 14_900 || s.Skipped != 0 {
			t.Errorf("stats: %+v", s)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.starts) != 1500 {
			t.Errorf("%d of 1500 monitors ran", len(l.starts))
		}
	})
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory(monitors(7, "10s")...)
		b := startBench(t, s, newLab())
		after(10 * time.Second)
		beats := look(s, func() []store.Runner { return s.beats })
		if len(beats) != 4 || beats[3].ID != "r1" || beats[3].Monitors != 7 {
			t.Fatalf("beats: %+v", beats)
		}
		if gap := beats[3].LastSeen.Sub(beats[2].LastSeen); gap != beatEvery {
			t.Errorf("%s between two beats", gap)
		}
		b.stop()
		if len(s.runners) != 0 {
			t.Errorf("heartbeat left: %+v", s.runners)
		}
	})
}

// lateBeats is a store that takes half a second for a heartbeat, and writes it even if the caller has given it up.
type lateBeats struct{ *memory }

func (s lateBeats) PutHeartbeat(ctx context.Context, r store.Runner) error {
	written := make(chan error, 1)
	time.AfterFunc(500*time.Millisecond, func() { written <- s.memory.PutHeartbeat(context.WithoutCancel(ctx), r) })
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-written:
		return err
	}
}

func TestAHeartbeatUnderWayDoesntOutliveTheRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lateBeats{newMemory()}
		b := startRunner(t, "r1", s, newLab())
		after(beatEvery + 200*time.Millisecond) // the second heartbeat is under way
		b.stop()
		after(time.Second)
		if len(s.runners) != 0 {
			t.Errorf("heartbeat left: %+v", s.runners)
		}
	})
}

func TestStopWithoutTheStoreEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory(monitors(10, "1s")...)
		b := startBench(t, s, newLab())
		after(10 * time.Second)
		s.with("", func() { s.down = true })
		after(10 * time.Second)
		stopped := time.Now()
		b.stop()
		if took := time.Since(stopped); took > flushTime+smallCall {
			t.Errorf("the stop took %s", took)
		}
		if lost := b.Stats().Dropped; lost < 95 || lost > 110 {
			t.Errorf("%d lost", lost)
		}
	})
}

func TestHoursAndDaysAreSummedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
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
		b := startBench(t, s, newLab())
		day := hour.Truncate(24 * time.Hour)
		after(tidyEvery)
		s.check(t, store.Hour, hour, [3]int{2500, 0, 0})
		s.check(t, store.Hour, hour.Add(time.Hour), [3]int{0, 0, 10})
		s.check(t, store.Day, day, [3]int{2500, 0, 10})

		s.with("", func() {
			fill(3000, 5, monitor.StatusError)
			s.dirty = append(s.dirty, store.DirtyHour{MonitorID: "m", Hour: hour, Token: "late"})
		})
		after(tidyEvery)
		s.check(t, store.Hour, hour, [3]int{2500, 5, 0})
		s.check(t, store.Day, day, [3]int{2500, 5, 10})
		b.stop()
		if len(s.dirty) != 1 || s.dirty[0] != now {
			t.Errorf("still dirty: %+v", s.dirty)
		}
	})
}

// check compares the counts of a rollup of the monitor m.
func (s *memory) check(t *testing.T, p store.Period, start time.Time, want [3]int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	sum, err := rollup.Decode(s.rollups["m"+string(p)+start.String()].Summary)
	if err != nil || sum.Counts != want {
		t.Errorf("%s from %s: %+v, %v, want %v", p, start, sum, err, want)
	}
}

func TestDamagedHourIsLeftOutOfItsDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		hour := time.Now().UTC().Truncate(time.Hour).Add(-3 * time.Hour)
		r := resultAt(0, monitor.StatusOK)
		r.Date = hour
		s.results[r.ID] = r
		broken := hour.Add(-time.Hour)
		s.rollups["m"+string(store.Hour)+broken.String()] = store.Rollup{
			MonitorID: "m", Period: store.Hour, Start: broken, Summary: []byte("{"),
		}
		s.dirty = []store.DirtyHour{{MonitorID: "m", Hour: hour}}
		b := startBench(t, s, newLab())
		after(tidyEvery)
		s.check(t, store.Day, hour.Truncate(24*time.Hour), [3]int{1, 0, 0})
		if b.log.count("damaged") != 1 {
			t.Errorf("log: %s", b.log.text.String())
		}
	})
}

func TestOldThingsAreRemovedEveryTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := newMemory()
		startBench(t, s, newLab())
		after(25 * time.Minute)
		at := look(s, func() []time.Time { return s.expired })
		if len(at) != 3 || at[0].Sub(began) != time.Minute || at[1].Sub(at[0]) != 10*time.Minute {
			t.Errorf("removed at %v, began at %v", at, began)
		}
	})
}
