package cluster

import (
	"flag"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// million makes the tests of the assignment use a million monitors and a hundred runners. That takes a minute.
var million = flag.Bool("million", false, "assign a million monitors to a hundred runners")

// simulation assigns monitors to runners.
type simulation struct {
	monitors int
	runners  []string
}

func newSimulation() simulation {
	s := simulation{monitors: 100_000}
	runners := 10
	if *million {
		s.monitors, runners = 1_000_000, 100
	}
	for i := range runners {
		s.runners = append(s.runners, fmt.Sprintf("nanomon-runner-%02d", i))
	}
	return s
}

// owners returns the index of the runner of each monitor. The test fails if a monitor has no runner or several.
func (s simulation) owners(t *testing.T) []int {
	t.Helper()
	assignments := make([]Assignment, len(s.runners))
	for i, runner := range s.runners {
		assignments[i] = NewAssignment(runner, s.runners)
	}
	owners := make([]int, s.monitors)
	var group sync.WaitGroup
	part := (s.monitors + runtime.NumCPU() - 1) / runtime.NumCPU()
	for first := 0; first < s.monitors; first += part {
		group.Go(func() {
			for i := first; i < min(first+part, s.monitors); i++ {
				owners[i] = owner(t, assignments, fmt.Sprintf("%024x", i))
			}
		})
	}
	group.Wait()
	return owners
}

func owner(t *testing.T, assignments []Assignment, monitorID string) int {
	first := -1
	for i, a := range assignments {
		if !a.Has(monitorID) {
			continue
		}
		if first >= 0 {
			t.Errorf("monitor %s is assigned to %s and to %s", monitorID, assignments[first].self, a.self)
		}
		first = i
	}
	if first < 0 {
		t.Errorf("monitor %s is not assigned", monitorID)
	}
	return first
}

// checkShares expects that the number of monitors of each runner is within 5 % of an equal share.
func (s simulation) checkShares(t *testing.T, owners []int) {
	t.Helper()
	counts := make([]int, len(s.runners))
	for _, owner := range owners {
		counts[owner]++
	}
	fair := float64(s.monitors) / float64(len(s.runners))
	for i, count := range counts {
		if math.Abs(float64(count)-fair) > 0.05*fair {
			t.Errorf("%s has %d monitors, want %.0f within 5 %%", s.runners[i], count, fair)
		}
	}
	t.Logf("%d monitors, %d runners: from %.1f %% to %.1f %% of a fair share", s.monitors, len(s.runners),
		100*float64(slices.Min(counts))/fair, 100*float64(slices.Max(counts))/fair)
}

func TestAssignmentIsEvenAndStable(t *testing.T) {
	s := newSimulation()
	before := s.owners(t)
	s.checkShares(t, before)

	last := len(s.runners)
	joined := simulation{s.monitors, append(slices.Clip(s.runners), "nanomon-runner-new")}
	after := joined.owners(t)
	joined.checkShares(t, after)
	for i := range after {
		if after[i] != before[i] && after[i] != last {
			t.Fatalf("monitor %d moved from %s to %s when another runner joined", i, s.runners[before[i]], joined.runners[after[i]])
		}
	}

	left := simulation{s.monitors, s.runners[1:]}
	after = left.owners(t)
	left.checkShares(t, after)
	for i := range after {
		if before[i] != 0 && s.runners[before[i]] != left.runners[after[i]] {
			t.Fatalf("monitor %d moved from %s to %s when another runner left", i, s.runners[before[i]], left.runners[after[i]])
		}
	}
}

// TestHashesStayTheSame contains hashes of version 0.1.0. With others, runners of two versions would check a monitor
// twice or not at all during an upgrade.
func TestHashesStayTheSame(t *testing.T) {
	for text, want := range map[string]uint64{
		"":                                  0xefd01f60ba992926,
		"runner-1/000000000000000000000001": 0xf4ac8f19ad0faac3,
		"nanomon-runner-7f9c/65f0a1b2c3d4e5f60718293a": 0x9695988b65dce11d,
	} {
		if got := Hash(text); got != want {
			t.Errorf("the hash of %q is %#x, want %#x", text, got, want)
		}
	}
	if emptyHash.add("runner").add("/").add("monitor").finish() != Hash("runner/monitor") {
		t.Error("the hash of a text differs from that of its parts")
	}
}
