// Package push computes what follows from the pings of a push monitor, and from pings that did not arrive. It knows
// neither a clock nor the store: its functions compute the next push state from the current one.
package push

import (
	"fmt"
	"slices"
	"time"

	"nanomon/services/common/probe"
	"nanomon/services/common/schedule"
	"nanomon/services/common/store"
)

// earlyTolerance is how long before its time in a cron expression a run may end and still count for it, because the
// clock of the job's machine is ahead.
const earlyTolerance = 10 * time.Second

// maxEarly is how long before its time a run of a job without fixed times may end, so that its ping counts as lost if it
// could not be received. A longer time would leave the deadlines of such jobs unchecked after each restart of the API.
const maxEarly = time.Hour

// Plan says when pings of a monitor are due.
type Plan struct {
	schedule      schedule.Schedule
	grace, maxRun time.Duration
	// text is the plan as a [store.PushState] keeps it.
	text string
	// every is the schedule as messages show it; empty for a cron expression.
	every string
}

// NewPlan returns the plan of a monitor. The error is a [monitor.InvalidError].
func NewPlan(target string, settings probe.Settings) (Plan, error) {
	s, err := probe.ParseSchedule(target, settings)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{schedule: s, grace: settings.Duration(probe.PushGrace), maxRun: settings.Duration(probe.PushMaxRun)}
	p.text = fmt.Sprintf("%s; zone %s; grace %s; maxRun %s", target, s.Zone(), p.grace, p.maxRun)
	if s.Period() > 0 {
		p.every = target
	}
	return p, nil
}

// Begin returns the state in which a monitor begins to wait for pings. If s belongs to another plan, or to none, the
// plan applies since the given time.
func (p Plan) Begin(s store.PushState, since time.Time) store.PushState {
	if s.Schedule == p.text {
		return s
	}
	s.Schedule, s.Since = p.text, since
	if p.maxRun > 0 { // Nobody has watched the runs that have taken too long by now.
		tooLong := func(r store.PushRun) bool { return r.Started.Add(p.maxRun).Before(since) }
		s.Runs = slices.DeleteFunc(slices.Clone(s.Runs), tooLong)
	}
	s.Expected = p.schedule.Next(since)
	if expected := p.expectedAfter(s.Ended); s.Ended.After(since) {
		s.Expected = expected
	}
	return p.withDeadline(s)
}

// Pause returns the state of a disabled monitor: it expects nothing.
func Pause(s store.PushState) store.PushState {
	s.Schedule, s.Expected, s.Deadline, s.NotCheckedSince, s.Runs = "", time.Time{}, time.Time{}, time.Time{}, nil
	return s
}

// expectedAfter returns the time at which the next run is expected after one that ended at the given time.
func (p Plan) expectedAfter(ended time.Time) time.Time {
	if p.schedule.Period() > 0 {
		return p.schedule.Next(ended)
	}
	return p.schedule.Next(ended.Add(earlyTolerance))
}

// following returns the first time after s.Expected whose deadline is after the given time.
func (p Plan) following(s store.PushState, after time.Time) time.Time {
	after = after.Add(-p.grace)
	period := p.schedule.Period()
	switch {
	case period == 0 && after.After(s.Expected):
		return p.schedule.Next(after)
	case period == 0 || !after.After(s.Expected):
		return p.schedule.Next(s.Expected)
	default:
		return s.Expected.Add((after.Sub(s.Expected)/period + 1) * period)
	}
}

// withDeadline returns s with the deadline for s.Expected. The run that is expected may take until its maximum duration.
func (p Plan) withDeadline(s store.PushState) store.PushState {
	if s.Expected.IsZero() {
		s.Deadline = time.Time{}
		return s
	}
	s.Deadline = s.Expected.Add(p.grace)
	if i := p.expectedRun(s); i >= 0 && p.maxRun > 0 {
		s.Deadline = latest(s.Deadline, s.Runs[i].Started.Add(p.maxRun))
	}
	return s
}

// expectedRun returns the index of the oldest run that counts for s.Expected, or -1. A run that has begun earlier than a
// time of a cron expression belongs to the time before.
func (p Plan) expectedRun(s store.PushState) int {
	return slices.IndexFunc(s.Runs, func(run store.PushRun) bool {
		isEarly := p.schedule.Period() == 0 && run.Started.Before(s.Expected.Add(-earlyTolerance))
		return run.Started.After(s.Ended) && !isEarly
	})
}

// Due returns the time at which a ping is overdue or a run takes too long, zero if there is none.
func (p Plan) Due(s store.PushState) time.Time {
	due := s.Deadline
	if over := p.firstOverrun(s); !over.IsZero() && (due.IsZero() || !over.After(due)) {
		return over
	}
	return due
}

// firstOverrun returns the time at which the oldest run reaches its maximum duration, zero if there is none.
func (p Plan) firstOverrun(s store.PushState) time.Time {
	if p.maxRun == 0 || len(s.Runs) == 0 {
		return time.Time{}
	}
	return s.Runs[0].Started.Add(p.maxRun)
}

// overrun reports whether the event at Due is the end of the time of a run, and not the deadline.
func (p Plan) overrun(s store.PushState) bool {
	over := p.firstOverrun(s)
	return !over.IsZero() && over.Equal(p.Due(s))
}

// Window returns the period in which the ping could have arrived that is missing at Due. If a ping may have been lost in
// it, nothing is known about the job.
func (p Plan) Window(s store.PushState) (from, to time.Time) {
	to = p.Due(s)
	switch {
	case p.overrun(s):
		return s.Runs[0].Started, to
	case p.schedule.Period() > 0: // After an earlier ping the next one would be overdue too.
		from = s.Expected.Add(-min(p.schedule.Period(), max(p.grace, maxEarly)))
	default:
		from = s.Expected.Add(-earlyTolerance)
	}
	// No ping is missing from before the monitor existed. The API needs a moment to notice a new one.
	if from = latest(from, latest(s.Since.Add(sinceTolerance), s.Ended)); from.After(to) {
		from = to
	}
	return from, to
}

// sinceTolerance is the time after the creation of a push monitor in which a process of the API begins a receiving
// period.
const sinceTolerance = 30 * time.Second

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
