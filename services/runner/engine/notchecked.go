package engine

import (
	"errors"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

// notCheckedHold is the minimum time between the last check that this runner could not make for a reason, and the end of
// that problem. It keeps a problem that comes and goes from being logged and notified again and again.
const notCheckedHold = 10 * time.Minute

// notChecked holds the problems of this runner because of which it can't make checks, by their text. Only the
// scheduler's goroutine uses it.
type notChecked map[string]*notCheckedProblem

type notCheckedProblem struct {
	cause probe.Cause
	// monitors contains the ids of the monitors whose last check was not made because of the problem.
	monitors map[string]bool
	// last is the time of the last check that was not made.
	last time.Duration
}

// recordNotChecked counts a check of m that this runner could not make. The first one for a reason is logged and
// notified, and added to the problems of the runner.
func (e *Engine) recordNotChecked(m monitor.Monitor, err error) {
	var reason *probe.NotCheckedError
	if !errors.As(err, &reason) {
		reason = &probe.NotCheckedError{Text: err.Error()}
	}
	e.stats.countNotChecked(reason.Cause)
	p := e.notChecked[reason.Text]
	if p == nil {
		p = &notCheckedProblem{cause: reason.Cause, monitors: make(map[string]bool)}
		e.notChecked[reason.Text] = p
		e.log.Error("checks can't be made", "cause", reason.Cause, "error", reason.Text, "monitor_id", m.ID,
			"stack", reason.Stack)
		sentence := fmt.Sprintf("Some monitors are not checked: %s.", reason.Text)
		e.health.Problems.Set("not checked: "+reason.Text, sentence)
		e.cfg.Observer.RunnerProblem(sentence, time.Now())
	}
	p.monitors[m.ID], p.last = true, e.clock.now()
}

// recordChecked ends the problems that no longer affect any monitor, after a check of the given monitor, or after its
// removal.
func (e *Engine) recordChecked(id string) {
	for text, p := range e.notChecked {
		delete(p.monitors, id)
		if len(p.monitors) > 0 || e.clock.now()-p.last < notCheckedHold && p.cause != probe.CauseQuarantine {
			continue
		}
		delete(e.notChecked, text)
		e.health.Problems.Clear("not checked: " + text)
		e.log.Info("checks can be made again", "cause", p.cause)
	}
}
