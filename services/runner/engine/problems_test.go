package engine

import (
	"slices"
	"testing"
	"testing/synctest"

	"nanomon/services/common/store"
)

func TestHeartbeatContainsProblems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := startEngine(t, newMemoryStore(), newFakeProbes())
		check := func(want ...string) {
			t.Helper()
			elapse(heartbeatInterval)
			heartbeats := inspect(e.store, func() []store.Runner { return e.store.heartbeats })
			if got := heartbeats[len(heartbeats)-1].Problems; !slices.Equal(got, want) {
				t.Errorf("problems are %q, want %q", got, want)
			}
		}
		check()
		e.problems.set("b", "The second is wrong.")
		e.problems.set("a", "The first is wrong.")
		check("The first is wrong.", "The second is wrong.")
		e.problems.set("b", "The second is still wrong.")
		e.problems.clear("a")
		check("The second is still wrong.")
		e.problems.clear("b")
		check()
	})
}
