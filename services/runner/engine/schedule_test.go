package engine

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
)

func TestTimingFollowsFromIDAndInterval(t *testing.T) {
	for interval, want := range map[string]time.Duration{
		"10s": 10 * time.Second, "nonsense": time.Minute, "": time.Minute, "1ms": time.Minute, "-5s": time.Minute,
		"2500000h": monitor.MaxInterval,
	} {
		got := timingOf(monitorNumber(7, interval))
		if got.every != want || got.phase < 0 || got.phase >= got.every || got != timingOf(monitorNumber(7, interval)) {
			t.Errorf("interval %q: every %s, phase %s, want every %s", interval, got.every, got.phase, want)
		}
	}
}

func TestNextDueTime(t *testing.T) {
	const s = time.Second
	p := timing{every: 10 * s, phase: 3*s + 20*time.Millisecond} // due at 3.025, 13.025, 23.025 ...
	at := func(n time.Duration) time.Duration { return n*s + 25*time.Millisecond }
	for _, c := range []struct {
		name           string
		due, now, want time.Duration
		missed         int
	}{
		{"in time", at(13), at(13), at(23), 0},
		{"a little late", at(13), at(13) + s, at(23), 0},
		{"off the phase, the phase is near", 9 * s, 9 * s, at(23), 0},
		{"off the phase, the phase is far", 4 * s, 4 * s, at(13), 0},
		{"late by one, to the moment", at(13), at(23), at(33), 1},
		{"late by much", at(13), at(113) + s, at(123), 10},
	} {
		if got, missed := p.next(c.due, c.now); got != c.want || missed != c.missed {
			t.Errorf("%s: next %s and %d missed, want %s and %d", c.name, got, missed, c.want, c.missed)
		}
	}
}

func TestFirstDueTime(t *testing.T) {
	now := 1000*time.Second + time.Millisecond
	for n := range 200 {
		short, long := timingOf(monitorNumber(n, "30s")), timingOf(monitorNumber(n, "1h"))
		got, latest := short.first(now, false), now+28500*time.Millisecond+grid
		if got < now || got > latest || short.at(now) < latest-grid && got != short.at(now) {
			t.Fatalf("a short interval, one of many: first due %s after now", got-now)
		}
		if got := long.first(now, false); got < now || got > latest {
			t.Fatalf("a long interval, one of many: first due %s after now", got-now)
		}
		if got := long.first(now, true); got != now {
			t.Fatalf("one of few: first due %s after now", got-now)
		}
	}
}

func TestPhasesSpreadEvenly(t *testing.T) {
	random := make([]string, 1000)
	counted := make([]string, 1000)
	for i := range random {
		// The digits of a hash are as good as random and the same in every run of the test.
		random[i] = time.Duration(hashOf(time.Duration(i).String())).String()
		counted[i] = monitorNumber(0x5f0000+i, "10s").ID
	}
	for name, ids := range map[string][]string{"random": random, "counted": counted} {
		for _, interval := range []string{"1s", "10s", "60s"} {
			slots, every := map[time.Duration]int{}, timingOf(monitor.Monitor{Interval: interval}).every
			for _, id := range ids {
				p := timingOf(monitor.Monitor{ID: id, Interval: interval})
				slots[p.at(0)%every/(100*time.Millisecond)]++
			}
			fair := float64(len(ids)) * 0.1 / every.Seconds()
			for slot, n := range slots {
				if float64(n) > max(3*fair, 10) {
					t.Errorf("%s ids at %s: %d in the 100 ms from %s on", name, interval, n, slot*100*time.Millisecond)
				}
			}
		}
	}
}

func TestRunsDontDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.find = takes(137 * time.Millisecond)
		m := monitorNumber(1, "10s")
		var runs []Run
		b := startWith(t, Config{ID: "r1", Ran: func(r Run) { runs = append(runs, r) }}, newMemory(m).checked(m), l)
		after(time.Hour)
		b.stop()
		starts := l.started("1")
		if len(starts) != 360 {
			t.Fatalf("%d runs in an hour", len(starts))
		}
		want := timingOf(m).at(time.Duration(starts[0].Add(-time.Second).UnixNano()))
		for i, at := range starts {
			if off := time.Duration(at.UnixNano()) - want; off != time.Duration(i)*10*time.Second {
				t.Fatalf("run %d began %s after the first was due", i, off)
			}
		}
		if s := b.Stats(); s.Skipped != 0 || s.Runs[monitor.StatusOK] != 360 {
			t.Errorf("stats: %+v", s)
		}
		usual := Run{Type: m.Type, Status: monitor.StatusOK, Took: 137 * time.Millisecond}
		if len(runs) != 360 || slices.ContainsFunc(runs, func(r Run) bool { return r != usual }) {
			t.Errorf("%d runs were told: %+v", len(runs), runs)
		}
	})
}

func TestRunsThatWaitForAPlaceAreToldAsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.find = takes(1900 * time.Millisecond)
		late := 0
		b := startWith(t, Config{ID: "r1", Ran: func(r Run) {
			if r.Took != 1900*time.Millisecond {
				t.Errorf("told %+v", r)
			}
			if r.Late > grid {
				late++
			}
		}}, newMemory(monitors(atATime*3/2, "2s")...), l)
		after(20 * time.Second)
		b.stop()
		if late == 0 {
			t.Error("no run was late")
		}
	})
}

func TestManyMonitorsRunSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		l := newLab()
		b := startBench(t, newMemory(monitors(1000, "10s")...), l)
		after(30*time.Second + grid)
		b.stop()
		perSlot, total := map[time.Duration]int{}, 0
		for _, m := range monitors(1000, "10s") {
			for _, at := range l.started(m.Target) {
				perSlot[at.Sub(began)/(100*time.Millisecond)]++
				total++
			}
		}
		if total < 3000 || total > 3020 {
			t.Errorf("%d runs of 1000 monitors in three intervals", total)
		}
		for slot, n := range perSlot {
			if n > 30 {
				t.Errorf("%d runs in the 100 ms from %s on", n, slot*100*time.Millisecond)
			}
		}
	})
}

func TestMonitorDoesntOverlapItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		l.find = takes(25 * time.Second)
		m := monitorNumber(1, "10s")
		b := startBench(t, newMemory(m).checked(m), l)
		after(100 * time.Second)
		starts := l.started("1")
		if len(starts) != 4 {
			t.Fatalf("%d runs", len(starts))
		}
		for i, at := range starts[1:] {
			if gap := at.Sub(starts[i]); gap != 30*time.Second {
				t.Errorf("run %d began %s after the one before", i+1, gap)
			}
		}
		if s := b.Stats(); s.Skipped != 6 {
			t.Errorf("%d skipped", s.Skipped)
		}
	})
}

func TestPauseOfTheProcessMakesNoStorm(t *testing.T) {
	for _, c := range []struct {
		interval          string
		pause, soon       time.Duration
		skipped, tolerant int64
	}{
		{"10s", 95 * time.Second, 10 * time.Second, 900, 100},
		{"1h", 3 * time.Hour, 30 * time.Second, 200, 60},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab()
			e := New(Config{}, newMemory(), l.registry(), slog.New(slog.DiscardHandler))
			e.runs = t.Context()
			e.apply(change{start: monitors(100, c.interval), exclusions: &exclusions{}})
			after(c.pause) // nothing looks at the schedule meanwhile
			e.startDue(t.Context())
			e.pool.wait()
			started := 0
			for _, m := range monitors(100, c.interval) {
				started += len(l.started(m.Target))
			}
			if started > 20 {
				t.Errorf("interval %s: %d monitors ran at once after the pause", c.interval, started)
			}
			if s := e.Stats(); s.Skipped < c.skipped-c.tolerant || s.Skipped > c.skipped+c.tolerant {
				t.Errorf("interval %s: %d skipped", c.interval, s.Skipped)
			}
			for _, en := range e.entries {
				if wait := en.due - e.clock.now(); started == 0 && (wait <= 0 || wait > c.soon+grid) {
					t.Errorf("interval %s: monitor %s is due in %s", c.interval, en.monitor.ID, wait)
				}
			}
		})
	}
}

func TestFewRunAtOnceAndManySpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		s := newMemory()
		startBench(t, s, l)
		after(time.Second)

		few := monitors(fewAtOnce, "1h")
		began := time.Now()
		s.set(few...)
		synctest.Wait()
		for _, m := range few {
			if at := l.started(m.Target); len(at) != 1 || !at[0].Equal(began) {
				t.Errorf("one of few ran at %v, changed at %v", at, began)
			}
		}
		after(29 * time.Minute)
		for _, m := range few {
			if n := len(l.started(m.Target)); n != 1 {
				t.Errorf("one of few ran again within half an interval")
			}
		}
		after(61 * time.Minute)
		for _, m := range few {
			at := l.started(m.Target)
			if len(at) != 2 || time.Duration(at[1].UnixNano()) != timingOf(m).at(time.Duration(at[1].UnixNano())-grid) {
				t.Errorf("one of few ran at %v, its phase is %s", at, timingOf(m).phase)
			}
		}

		many := monitors(500, "1h")[fewAtOnce:]
		began = time.Now()
		s.set(many...)
		synctest.Wait()
		atOnce := 0
		for _, m := range many {
			atOnce += len(l.started(m.Target))
		}
		if atOnce > 10 {
			t.Errorf("%d of many ran at once", atOnce)
		}
		after(31 * time.Second)
		for _, m := range many {
			if at := l.started(m.Target); len(at) != 1 || at[0].Sub(began) > firstRunWithin+grid {
				t.Errorf("one of many ran at %v, changed at %v", at, began)
			}
		}
	})
}

func TestStartingRunnerChecksAFewNewOnesAtOnce(t *testing.T) {
	for _, c := range []struct {
		fresh, known, atOnce int
	}{
		{fresh: fewAtOnce, known: 100, atOnce: fewAtOnce},
		{fresh: 0, known: 100, atOnce: 0},
		{fresh: fewAtOnce + 1, known: 1, atOnce: 0},
	} {
		t.Run(fmt.Sprintf("%d never checked, %d known", c.fresh, c.known), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab()
				all := monitors(c.fresh+c.known, "1h")
				s := newMemory(all...).checked(all[c.fresh:]...)
				began := time.Now()
				startBench(t, s, l)
				for i, m := range all {
					if ran := len(l.started(m.Target)) == 1; ran != (i < c.atOnce) {
						t.Errorf("monitor %d ran at %v, the runner started at %v", i, l.started(m.Target), began)
					}
				}
				after(firstRunWithin)
				for i, m := range all {
					if n := len(l.started(m.Target)); n != 1 {
						t.Errorf("monitor %d ran %d times in the first half minute", i, n)
					}
				}
			})
		})
	}
}

func TestChangedMonitorKeepsItsPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		m := monitorNumber(1, "10s")
		s := newMemory(m).checked(m)
		startBench(t, s, l)
		after(22 * time.Second)
		before := l.started("1")
		m.Name = "renamed"
		changed := time.Now()
		s.set(m)
		after(20 * time.Second)
		starts := l.started("1")[len(before):]
		if len(starts) < 2 || !starts[0].Equal(changed) {
			t.Fatalf("changed at %v, ran at %v", changed, starts)
		}
		if gap := starts[1].Sub(changed); gap < 5*time.Second || gap > 15*time.Second {
			t.Errorf("the run after the one at once came %s later", gap)
		}
		if off := starts[1].Sub(before[0]) % (10 * time.Second); off != 0 {
			t.Errorf("the phase moved by %s", off)
		}
	})
}
