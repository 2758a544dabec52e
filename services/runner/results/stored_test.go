package results

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// A failure that ended while the store was unavailable must not reach the observer when the spooled results are
// written.
func TestObserverReceivesNewestStateOfSpooledResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStore()
		b := startSpoolingWriter(t, slowStore{s, time.Second}, openSpool(t, t.TempDir(), "a"))
		b.store = s
		var received []monitor.Status
		b.stored = func(states []store.State) {
			for _, st := range states {
				received = append(received, st.Latest.Status)
			}
		}
		b.setDown(true)
		for n := range 1400 {
			status := monitor.StatusOK
			if n < 700 {
				status = monitor.StatusFailed
			}
			b.put(n, status)
			elapse(20 * time.Millisecond)
		}
		b.setDown(false)
		elapse(20 * time.Second)
		b.finish()
		if n := b.countStored(t); n != 1400 || len(received) == 0 || slices.Contains(received, monitor.StatusFailed) {
			t.Errorf("%d stored, received %v", n, received)
		}
	})
}
