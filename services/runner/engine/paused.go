package engine

import (
	"log/slog"
	"time"

	dateclock "nanomon/services/common/clock"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

// maxOverrun is how much longer than its maximum duration a check may take. A rule may take one second more than the
// timeout. If a check takes longer, the process or the machine was paused, so its result says nothing about the target.
const maxOverrun = 3 * time.Second

// errPaused means that the process was paused during a check.
var errPaused = &probe.NotCheckedError{
	Cause: probe.CausePaused, Text: "this runner was paused during the check; run it again",
}

// maxOverruns is the number of checks in a row that may take too long because of a pause. One more is a problem, which
// is reported, because the monitor would otherwise stay unchecked with its last status.
const maxOverruns = 5

var errOverruns = &probe.NotCheckedError{
	Cause: probe.CausePaused, Text: "all checks of a monitor take several seconds longer than their timeout; give this " +
		"machine more processor time, and make sure that files with secrets can be read quickly",
}

// unlessPaused runs a check of m. It returns errPaused if the process was paused during the check.
func unlessPaused(types probe.Registry, m monitor.Monitor, run func() (monitor.Result, error)) (monitor.Result, error) {
	began, beganElapsed := time.Now(), dateclock.Elapsed()
	result, err := run()
	took := max(time.Since(began), dateclock.Elapsed()-beganElapsed)
	if took <= maxOverrun {
		return result, err // The maximum duration is computed only for slow checks.
	}
	if limit := types.MaxDuration(m); limit > 0 && took > limit+maxOverrun {
		return result, errPaused
	}
	return result, err
}

// overran counts a check that took too long because of a pause, and reports whether there are too many in a row.
func (en *entry) overran() bool {
	en.overruns++
	return en.overruns > maxOverruns
}

// pauses logs each pause of the process once.
type pauses struct {
	// last is the time at which the last check during a pause ended.
	last time.Duration
}

// record logs the pause during which a check ran that ends now, unless it is logged already.
func (p *pauses) record(log *slog.Logger, now, duration time.Duration) {
	if now-duration > p.last {
		log.Warn("the process was paused, dropping the results of the checks that were running",
			"duration", duration.Round(time.Millisecond))
	}
	p.last = now
}
