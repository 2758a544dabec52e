package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// started is the reference for the elapsed time where the boot clock is not available.
var started = time.Now()

// readSystem returns the time of the system clock and the time since the boot, which includes the time during which the
// computer was suspended.
func readSystem() (time.Time, time.Duration) {
	now := time.Now()
	var boot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
		return now.Round(0), now.Sub(started)
	}
	return now.Round(0), time.Duration(boot.Nano())
}
