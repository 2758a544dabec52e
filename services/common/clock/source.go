package clock

import (
	"slices"
	"time"
)

// Source returns the time for the dates that are stored. A process corrects it if it differs from the clocks of the
// store and of most other processes.
type Source interface {
	Now() time.Time
	Correct(d time.Duration)
}

// System is the system clock, which can't be corrected.
type System struct{}

// Now returns the time of the system clock.
func (System) Now() time.Time { return time.Now() }

// Correct does nothing.
func (System) Correct(time.Duration) {}

// maxError is the maximum difference of a clock from the others that is not corrected. A heartbeat is read up to a few
// seconds after it was written.
const maxError = 10 * time.Second

// Correction returns how far a clock must be set forward; 0 if it is right enough. The offsets say how far other clocks
// are ahead of it. The correction is the median of them and 0, which is the offset of the clock itself. Of two medians
// it is the one that is closer to 0. So a single clock that is wrong changes nothing.
func Correction(offsets []time.Duration) time.Duration {
	sorted := append(slices.Clone(offsets), 0)
	slices.Sort(sorted)
	low, high := sorted[(len(sorted)-1)/2], sorted[len(sorted)/2]
	if low.Abs() < high.Abs() {
		high = low
	}
	if high.Abs() <= maxError {
		return 0
	}
	return high
}
