package engine

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// The engine takes over a spool when it knows which results were cleared.
func TestTakeOverSkipsClearedResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		stopped := openSpool(t, root, "stopped")
		began := time.Now()
		for n := range 10 {
			_, err := stopped.Append(store.Batch{Results: []monitor.Result{{
				ID: fmt.Sprint("r", n), MonitorID: "m", Date: monitor.Date(time.Now()),
			}}})
			must(t, err)
			elapse(time.Second)
		}
		must(t, stopped.Close())
		s := newMemoryStore()
		s.cleared = began.Add(4 * time.Second)
		startEngineWithSpool(t, Config{ID: "r1"}, openSpool(t, root, "r1"), s, newFakeProbes())
		elapse(time.Second)
		if n := inspect(s, func() int { return len(s.results) }); n != 6 {
			t.Errorf("%d results stored, want the 6 that are not cleared", n)
		}
	})
}
