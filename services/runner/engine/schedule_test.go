package engine

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/runner/cluster"
)

func TestTimingOf(t *testing.T) {
	for interval, want := range map[string]time.Duration{
		"10s": 10 * time.Second, "nonsense": time.Minute, "": time.Minute, "1ms": time.Minute, "-5s": time.Minute,
		"2500000h": monitor.MaxInterval,
	} {
		got := timingOf(monitorNumber(7, interval))
		if got.interval != want || got.phase < 0 || got.phase >= got.interval || got != timingOf(monitorNumber(7, interval)) {
			t.Errorf("interval %q: every %s, phase %s, want every %s", interval, got.interval, got.phase, want)
		}
	}
}

func TestNextDueTime(t *testing.T) {
	const s = time.Second
	tm := timing{interval: 10 * s, phase: 3*s + 20*time.Millisecond} // due at 3.025, 13.025, 23.025 ...
	at := func(n time.Duration) time.Duration { return n*s + 25*time.Millisecond }
	for _, c := range []struct {
		name           string
		due, now, want time.Duration
		missed         int
	}{
		{"on time", at(13), at(13), at(23), 0},
		{"a little late", at(13), at(13) + s, at(23), 0},
		{"off the phase, the phase is near", 9 * s, 9 * s, at(23), 0},
		{"off the phase, the phase is far", 4 * s, 4 * s, at(13), 0},
		{"late by exactly one", at(13), at(23), at(33), 1},
		{"late by many", at(13), at(113) + s, at(123), 10},
	} {
		if got, missed := tm.nextDue(c.due, c.now); got != c.want || missed != c.missed {
			t.Errorf("%s: next %s and %d missed, want %s and %d", c.name, got, missed, c.want, c.missed)
		}
	}
}

func TestFirstDueTime(t *testing.T) {
	now := 1000*time.Second + time.Millisecond
	for n := range 200 {
		short, long := timingOf(monitorNumber(n, "30s")), timingOf(monitorNumber(n, "1h"))
		got, latest := short.firstDue(now, false), now+28500*time.Millisecond+grid
		if got < now || got > latest || short.dueFrom(now) < latest-grid && got != short.dueFrom(now) {
			t.Fatalf("short interval, one of many: first due %s after now", got-now)
		}
		if got := long.firstDue(now, false); got < now || got > latest {
			t.Fatalf("long interval, one of many: first due %s after now", got-now)
		}
		if got := long.firstDue(now, true); got != now {
			t.Fatalf("one of few: first due %s after now", got-now)
		}
	}
}

func TestPhasesAreEven(t *testing.T) {
	random := make([]string, 1000)
	consecutive := make([]string, 1000)
	for i := range random {
		// The digits of a hash look random and are the same in every run of the test.
		random[i] = time.Duration(cluster.Hash(time.Duration(i).String())).String()
		consecutive[i] = monitorNumber(0x5f0000+i, "10s").ID
	}
	for name, ids := range map[string][]string{"random": random, "consecutive": consecutive} {
		for _, interval := range []string{"1s", "10s", "60s"} {
			slots, every := map[time.Duration]int{}, timingOf(monitor.Monitor{Interval: interval}).interval
			for _, id := range ids {
				p := timingOf(monitor.Monitor{ID: id, Interval: interval})
				slots[p.dueFrom(0)%every/(100*time.Millisecond)]++
			}
			fair := float64(len(ids)) * 0.1 / every.Seconds()
			for slot, n := range slots {
				if float64(n) > max(3*fair, 10) {
					t.Errorf("%s ids, interval %s: %d in the 100 ms from %s", name, interval, n, slot*100*time.Millisecond)
				}
			}
		}
	}
}

func TestDueTimesDoNotDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.outcome = checkTakes(137 * time.Millisecond)
		m := monitorNumber(1, "10s")
		var checks []CompletedCheck
		b := startEngineWith(t, Config{ID: "r1", OnCheck: func(r CompletedCheck) { checks = append(checks, r) }}, newMemoryStore(m).withResults(m), probes)
		elapse(time.Hour)
		b.stop()
		starts := probes.started("1")
		if len(starts) != 360 {
			t.Fatalf("%d checks in an hour", len(starts))
		}
		want := timingOf(m).dueFrom(time.Duration(starts[0].Add(-time.Second).UnixNano()))
		for i, at := range starts {
			if off := time.Duration(at.UnixNano()) - want; off != time.Duration(i)*10*time.Second {
				t.Fatalf("check %d started %s after the first was due", i, off)
			}
		}
		if s := b.Stats(); s.Skipped != 0 || s.Checks[monitor.StatusOK] != 360 {
			t.Errorf("stats: %+v", s)
		}
		usual := CompletedCheck{Type: m.Type, Status: monitor.StatusOK, Duration: 137 * time.Millisecond}
		if len(checks) != 360 || slices.ContainsFunc(checks, func(r CompletedCheck) bool { return r != usual }) {
			t.Errorf("%d completed checks: %+v", len(checks), checks)
		}
	})
}

func TestDelayIncludesWaitForPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.outcome = checkTakes(1900 * time.Millisecond)
		delayed := 0
		b := startEngineWith(t, Config{ID: "r1", OnCheck: func(r CompletedCheck) {
			if r.Duration != 1900*time.Millisecond {
				t.Errorf("completed check %+v", r)
			}
			if r.Delay > grid {
				delayed++
			}
		}}, newMemoryStore(monitors(maxConcurrentChecks*3/2, "2s")...), probes)
		elapse(20 * time.Second)
		b.stop()
		if delayed == 0 {
			t.Error("no check was delayed")
		}
	})
}

func TestChecksOfManyMonitorsAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		probes := newFakeProbes()
		b := startEngine(t, newMemoryStore(monitors(1000, "10s")...), probes)
		elapse(30*time.Second + grid)
		b.stop()
		perSlot, total := map[time.Duration]int{}, 0
		for _, m := range monitors(1000, "10s") {
			for _, at := range probes.started(m.Target) {
				perSlot[at.Sub(began)/(100*time.Millisecond)]++
				total++
			}
		}
		if total < 3000 || total > 3020 {
			t.Errorf("%d checks of 1000 monitors in three intervals", total)
		}
		for slot, n := range perSlot {
			if n > 30 {
				t.Errorf("%d checks in the 100 ms from %s", n, slot*100*time.Millisecond)
			}
		}
	})
}

func TestChecksOfOneMonitorDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		probes.outcome = checkTakes(25 * time.Second)
		m := monitorNumber(1, "10s")
		b := startEngine(t, newMemoryStore(m).withResults(m), probes)
		elapse(100 * time.Second)
		starts := probes.started("1")
		if len(starts) != 4 {
			t.Fatalf("%d checks", len(starts))
		}
		for i, at := range starts[1:] {
			if gap := at.Sub(starts[i]); gap != 30*time.Second {
				t.Errorf("check %d started %s after the previous one", i+1, gap)
			}
		}
		if s := b.Stats(); s.Skipped != 6 {
			t.Errorf("%d skipped", s.Skipped)
		}
	})
}

func TestChecksAreSpreadAfterSuspension(t *testing.T) {
	for _, c := range []struct {
		interval          string
		suspended, soon   time.Duration
		skipped, tolerant int64
	}{
		{"10s", 95 * time.Second, 10 * time.Second, 900, 100},
		{"1h", 3 * time.Hour, 30 * time.Second, 200, 60},
	} {
		synctest.Test(t, func(t *testing.T) {
			probes := newFakeProbes()
			e := newEngine(Config{}, nil, newMemoryStore(), probes.registry(), slog.New(slog.DiscardHandler))
			e.scheduler.checkCtx = t.Context()
			e.scheduler.apply(change{start: monitors(100, c.interval), ignoreRules: &ignoreRules{}})
			elapse(c.suspended) // no call of startDueChecks during that time
			e.scheduler.startDueChecks(t.Context())
			e.scheduler.pool.wait()
			started := 0
			for _, m := range monitors(100, c.interval) {
				started += len(probes.started(m.Target))
			}
			if started > 20 {
				t.Errorf("interval %s: %d monitors were checked immediately after the suspension", c.interval, started)
			}
			if s := e.Stats(); s.Skipped < c.skipped-c.tolerant || s.Skipped > c.skipped+c.tolerant {
				t.Errorf("interval %s: %d skipped", c.interval, s.Skipped)
			}
			for _, en := range e.scheduler.entries {
				if wait := en.due - e.scheduler.clock.now(); started == 0 && (wait <= 0 || wait > c.soon+grid) {
					t.Errorf("interval %s: monitor %s is due in %s", c.interval, en.monitor.ID, wait)
				}
			}
		})
	}
}

func TestFewNewMonitorsAreCheckedImmediately(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		s := newMemoryStore()
		startEngine(t, s, probes)
		elapse(time.Second)

		few := monitors(maxImmediateChecks, "1h")
		began := time.Now()
		s.set(few...)
		synctest.Wait()
		for _, m := range few {
			if at := probes.started(m.Target); len(at) != 1 || !at[0].Equal(began) {
				t.Errorf("one of few was checked at %v, changed at %v", at, began)
			}
		}
		elapse(29 * time.Minute)
		for _, m := range few {
			if n := len(probes.started(m.Target)); n != 1 {
				t.Errorf("one of few was checked again within half an interval")
			}
		}
		elapse(61 * time.Minute)
		for _, m := range few {
			at := probes.started(m.Target)
			if len(at) != 2 || time.Duration(at[1].UnixNano()) != timingOf(m).dueFrom(time.Duration(at[1].UnixNano())-grid) {
				t.Errorf("one of few was checked at %v, its phase is %s", at, timingOf(m).phase)
			}
		}

		many := monitors(500, "1h")[maxImmediateChecks:]
		began = time.Now()
		s.set(many...)
		synctest.Wait()
		immediate := 0
		for _, m := range many {
			immediate += len(probes.started(m.Target))
		}
		if immediate > 10 {
			t.Errorf("%d of many were checked immediately", immediate)
		}
		elapse(31 * time.Second)
		for _, m := range many {
			if at := probes.started(m.Target); len(at) != 1 || at[0].Sub(began) > startSpread+grid {
				t.Errorf("one of many was checked at %v, changed at %v", at, began)
			}
		}
	})
}

func TestStartChecksFewNewMonitorsImmediately(t *testing.T) {
	for _, c := range []struct {
		unchecked, known, immediate int
	}{
		{unchecked: maxImmediateChecks, known: 100, immediate: maxImmediateChecks},
		{unchecked: 0, known: 100, immediate: 0},
		{unchecked: maxImmediateChecks + 1, known: 1, immediate: 0},
	} {
		t.Run(fmt.Sprintf("%d never checked, %d known", c.unchecked, c.known), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				probes := newFakeProbes()
				all := monitors(c.unchecked+c.known, "1h")
				s := newMemoryStore(all...).withResults(all[c.unchecked:]...)
				began := time.Now()
				startEngine(t, s, probes)
				for i, m := range all {
					if ran := len(probes.started(m.Target)) == 1; ran != (i < c.immediate) {
						t.Errorf("monitor %d was checked at %v, the runner started at %v", i, probes.started(m.Target), began)
					}
				}
				elapse(startSpread)
				for i, m := range all {
					if n := len(probes.started(m.Target)); n != 1 {
						t.Errorf("monitor %d was checked %d times in the first 30 s", i, n)
					}
				}
			})
		})
	}
}

func TestChangedMonitorKeepsPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probes := newFakeProbes()
		m := monitorNumber(1, "10s")
		s := newMemoryStore(m).withResults(m)
		startEngine(t, s, probes)
		elapse(22 * time.Second)
		before := probes.started("1")
		m.Name = "renamed"
		changed := time.Now()
		s.set(m)
		elapse(20 * time.Second)
		starts := probes.started("1")[len(before):]
		if len(starts) < 2 || !starts[0].Equal(changed) {
			t.Fatalf("changed at %v, checked at %v", changed, starts)
		}
		if gap := starts[1].Sub(changed); gap < 5*time.Second || gap > 15*time.Second {
			t.Errorf("the check after the immediate one came %s later", gap)
		}
		if off := starts[1].Sub(before[0]) % (10 * time.Second); off != 0 {
			t.Errorf("the phase moved by %s", off)
		}
	})
}
