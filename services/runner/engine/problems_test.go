package engine

import (
	"slices"
	"testing"
	"testing/synctest"

	"nanomon/services/common/store"
	"nanomon/services/runner/cluster"
)

func TestHeartbeatContainsProblems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), newFakeProbes())
		check := func(want ...string) {
			t.Helper()
			elapse(cluster.HeartbeatInterval)
			heartbeats := inspect(e.store, func() []store.Runner { return e.store.heartbeats })
			if got := heartbeats[len(heartbeats)-1].Problems; !slices.Equal(got, want) {
				t.Errorf("problems are %q, want %q", got, want)
			}
		}
		check()
		e.health.Problems.Set("b", "The second is wrong.")
		e.health.Problems.Set("a", "The first is wrong.")
		check("The first is wrong.", "The second is wrong.")
		e.health.Problems.Set("b", "The second is still wrong.")
		e.health.Problems.Clear("a")
		check("The second is still wrong.")
		e.health.Problems.Clear("b")
		check()
	})
}
