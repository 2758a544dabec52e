package memory

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// maxUnlimited is the maximum budget of a process whose memory is not limited: it shares the machine with others.
	maxUnlimited = 1 << 30
	// fallbackBudget is the budget if the memory of the machine is unknown.
	fallbackBudget = 256 << 20
)

// Size is a number of bytes.
type Size int64

// String returns the size in MiB or KiB, for messages.
func (s Size) String() string {
	if s < 1<<20 {
		return fmt.Sprintf("%d KiB", s>>10)
	}
	return fmt.Sprintf("%d MiB", s>>20)
}

// setLimit tells the garbage collector to keep the process below 90 % of the memory limit of its container (cgroup). It
// changes nothing if there is no limit, or if GOMEMLIMIT is set.
func setLimit() {
	// An error means that the system has no cgroups, so no limit.
	_, _ = memlimit.Set()
}

// DefaultBudget returns the size of the budget if none is configured: a quarter of the memory that the process may use.
// Without a limit of the container and without GOMEMLIMIT, it is a quarter of the machine's memory, at most 1 GiB.
func DefaultBudget() int64 {
	limit := uint64(math.MaxUint64)
	if container, err := memlimit.FromCgroup(); err == nil {
		limit = container
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		limit = min(limit, uint64(debug.SetMemoryLimit(-1)))
	}
	machine, err := memlimit.FromSystem()
	if err != nil {
		machine = 4 * fallbackBudget
	}
	return quarter(limit, machine)
}

// quarter returns the default budget for a memory limit and the memory of the machine.
func quarter(limit, machine uint64) int64 {
	if limit >= machine {
		return int64(min(machine/4, maxUnlimited))
	}
	return int64(limit / 4)
}
