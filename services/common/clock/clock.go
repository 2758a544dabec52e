// Package clock provides the time for the dates that a runner stores.
package clock

import (
	"log/slog"
	"sync"
	"time"
)

const (
	// tolerance is the maximum difference between the system clock and the elapsed time that is not a jump.
	tolerance = 2 * time.Second
	// settleTime is the time after which a jump of the system clock is accepted.
	settleTime = time.Minute
)

// Clock returns the time of the system clock. If the system clock is set forward or back, Clock continues with the
// previous time until the jump has lasted for a minute: by then a wrong time has usually been corrected. The time
// during which a computer was suspended is not a jump. Correct adds a correction to the system clock.
type Clock struct {
	log *slog.Logger
	// read returns the time of the system clock, and the time since a fixed moment.
	read func() (system time.Time, elapsed time.Duration)

	mu sync.Mutex
	// last is the time that Now returned last, and elapsed the elapsed time then.
	last    time.Time
	elapsed time.Duration
	// jump is the difference between the system clock and Now; 0 if the system clock has not jumped. It jumped at the
	// elapsed time jumpedAt.
	jump, jumpedAt time.Duration
	// correction is added to the system clock.
	correction time.Duration
}

// New returns a clock that logs when the system clock jumps.
func New(log *slog.Logger) *Clock { return newClock(log, readSystem) }

func newClock(log *slog.Logger, read func() (time.Time, time.Duration)) *Clock {
	c := &Clock{log: log, read: read}
	c.last, c.elapsed = read()
	return c
}

// Elapsed returns the time since a fixed moment. On Linux, it includes the time during which the computer was suspended.
func Elapsed() time.Duration {
	_, elapsed := readSystem()
	return elapsed
}

// Now returns the time. It is safe for concurrent use.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	system, elapsed := c.read()
	system = system.Add(c.correction)
	now := c.last.Add(elapsed - c.elapsed)
	c.last, c.elapsed = c.choose(system, now, elapsed), elapsed
	return c.last
}

// choose returns either the time of the system clock or the time that continues the previous one.
func (c *Clock) choose(system, now time.Time, elapsed time.Duration) time.Time {
	jump := system.Sub(now)
	switch {
	case jump.Abs() <= tolerance:
		if c.jump != 0 {
			c.log.Info("system clock is back at the previous time")
		}
		c.jump = 0
		return system
	case c.jump == 0 || (jump-c.jump).Abs() > tolerance:
		c.jump, c.jumpedAt = jump, elapsed
		c.log.Warn("system clock jumped, keeping the previous time; check the time synchronization of this computer",
			"jump", jump.Round(time.Millisecond), "until", settleTime)
		return now
	case elapsed-c.jumpedAt < settleTime:
		return now
	default:
		c.log.Warn("system clock stays at the new time, using it", "jump", jump.Round(time.Millisecond))
		system = system.Add(-c.correction)
		c.jump, c.correction = 0, 0
		return system
	}
}

// Correct adds d to the time, until the system clock jumps and stays at its new time.
func (c *Clock) Correct(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.correction += d
	c.last = c.last.Add(d)
}
