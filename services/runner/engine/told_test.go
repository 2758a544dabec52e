package engine

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// What came and went in an outage is over when it comes out of the spool: nobody is told that it is bad.
func TestWhatPassedInAnOutageIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		b := startSpooling(t, slow{s, time.Second}, openSpool(t, t.TempDir(), "a"))
		b.store = s
		var told []monitor.Status
		b.stored = func(states []store.State) {
			for _, st := range states {
				told = append(told, st.Latest.Status)
			}
		}
		b.setDown(true)
		for n := range 1400 {
			status := monitor.StatusOK
			if n < 700 {
				status = monitor.StatusFailed
			}
			b.put(n, status)
			after(20 * time.Millisecond)
		}
		b.setDown(false)
		after(20 * time.Second)
		b.finish()
		if n := b.storedOnce(t); n != 1400 || len(told) == 0 || slices.Contains(told, monitor.StatusFailed) {
			t.Errorf("%d stored, told %v", n, told)
		}
	})
}
