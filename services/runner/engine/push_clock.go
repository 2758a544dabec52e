package engine

import (
	"context"
	"time"
)

const (
	// correctionInterval is the time between two comparisons of the clocks.
	correctionInterval = 5 * time.Second
	// maxClockDrift is the change of their difference from which on due times are computed again.
	maxClockDrift = time.Second
)

// followClock examines all push monitors if the clock for dates was corrected, has accepted a new time of the system
// clock, or went on while the computer was suspended. Their deadlines are dates, but the schedule has its own clock.
func (s *pushes) followClock(ctx context.Context) {
	offset := time.Duration(s.cfg.Clock.Now().UnixNano()) - s.clock.now()
	if (offset - s.clockOffset).Abs() < maxClockDrift {
		return
	}
	s.clockOffset = offset
	for _, en := range s.entries {
		if en.push != nil {
			s.examine(ctx, en)
		}
	}
}
