package engine

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/runner/quarantine"
)

// startAfterCrashes starts a runner after processes have crashed while they evaluated a ping of the monitor.
func startAfterCrashes(t *testing.T, ways ...quarantine.Way) *pushTest {
	p := &pushTest{t: t, monitor: newPushMonitor("every 1h")}
	p.store = newMemoryStore(p.monitor)
	folder := t.TempDir()
	for _, way := range ways {
		killed(t, folder, p.monitor, way)
	}
	p.journal = quarantine.Open(folder, slog.Default())
	t.Cleanup(func() { _ = p.journal.Close() })
	p.receive("api")
	return p
}

// TestPingsOfAQuarantinedMonitor: the pings are not evaluated, but the job is not late either.
func TestPingsOfAQuarantinedMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startAfterCrashes(t, quarantine.Together, quarantine.Together, quarantine.Alone, quarantine.Alone)
		p.start("r1")
		p.until("00:30:00")
		p.ping(store.PingSuccess)
		p.until("01:30:00")
		p.want()
		p.wantNotChecked("brought this runner down")
		if s := p.pushState(); !s.Deadline.Equal(onFirstDay(t, "01:35:00")) || !s.NotCheckedSince.Equal(onFirstDay(t, "00:30:00")) {
			t.Errorf("push state %+v", s)
		}
		p.engine.stop()
	})
}

// TestSuspectWithoutPings: other checks wait only until the pings have been read.
func TestSuspectWithoutPings(t *testing.T) {
	for _, withPing := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := startAfterCrashes(t, quarantine.Together, quarantine.Together)
			if suspects, alone := p.journal.Suspects(); alone == nil {
				t.Fatalf("no monitor is checked alone, suspects %v", suspects)
			}
			want := []string{}
			if withPing {
				p.ping(store.PingSuccess)
				want = append(want, "00:00:00 ok")
			}
			p.start("r1")
			elapse(5 * time.Second)
			select {
			case <-p.engine.scheduler.isolation.settled:
			default:
				t.Error("the other checks still wait")
			}
			p.want(want...)
			p.engine.stop()
		})
	}
}
