package engine

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// TestWrongClockDeletesNothing starts runners whose clock is 400 days ahead, with results of the last days.
func TestWrongClockDeletesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore(monitorNumber(1, "10m"))
		s.with("", func() {
			for i := range 10 {
				r := resultAt(i, monitor.StatusOK)
				r.Date = time.Now().Add(-time.Duration(i) * 24 * time.Hour)
				s.results[r.ID] = r
			}
		})
		left := func() int {
			return inspect(s, func() (n int) {
				for _, r := range s.results {
					if r.MonitorID == "m" {
						n++
					}
				}
				return n
			})
		}
		start := func(offset time.Duration) *testEngine {
			clock := &testClock{offset: new(atomic.Int64)}
			clock.offset.Store(int64(offset))
			keep := store.Retention{Results: 30 * 24 * time.Hour, Rollups: 400 * 24 * time.Hour}
			return startEngineWith(t, Config{ID: "r1", Retention: keep, Clock: clock}, s, newFakeProbes())
		}
		const wrong = 400 * 24 * time.Hour
		for range 3 { // less than a day
			e := start(wrong)
			elapse(7 * time.Hour)
			if n := left(); n != 10 || e.log.count("not deleting expired data yet") != 1 {
				t.Fatalf("%d results are left, log:\n%s", n, e.log.text.String())
			}
			e.stop()
		}
		right := start(0)
		elapse(time.Hour)
		if n := left(); n != 10 || right.log.count("expired") != 0 {
			t.Errorf("%d results are left, log:\n%s", n, right.log.text.String())
		}
		right.stop()
		start(wrong) // after such a time it is accepted
		elapse(25 * time.Hour)
		if n := left(); n != 0 {
			t.Errorf("%d results are left", n)
		}
	})
}
