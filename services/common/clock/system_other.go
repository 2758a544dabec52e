//go:build !linux

package clock

import "time"

// started is the reference for the elapsed time.
var started = time.Now()

// readSystem returns the time of the system clock and the time since the start of the program. After the computer was
// suspended, the dates of the first minute may be from before.
func readSystem() (time.Time, time.Duration) {
	now := time.Now()
	return now.Round(0), now.Sub(started)
}
