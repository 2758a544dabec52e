package engine

import (
	"time"

	"nanomon/services/common/probe"
	"nanomon/services/common/wake"
)

const (
	// settleTime is the time after a deadline by which all pings that were received before it are stored.
	settleTime = 10 * time.Second
	// maxJudgeDelay is the time after that in which a deadline can be judged. Later it is not checked: the runner or the
	// store was unavailable.
	maxJudgeDelay = time.Minute
	// maxPeriodWait is the time after the end of a receiving period in which it may still be extended.
	maxPeriodWait = 30 * time.Second
	// rereadPeriods is the time between two reads of the receiving periods.
	rereadPeriods = 5 * time.Second
	// untilRead is the maximum time for which a decision waits for the next read of the pings.
	untilRead = 30 * time.Second
)

// verdict says what is known about a deadline that has passed.
type verdict int

const (
	// undecided means that something must be read first, or that it is too early.
	undecided verdict = iota
	// missed means that no ping arrived in time.
	missed
	// unread means that the pings could not be read in time.
	unread
	// unreceived means that a ping may have been lost.
	unreceived
)

var errUnread = &probe.NotCheckedError{Cause: probe.CauseUnavailable, Text: "the deadlines of pings passed while this " +
	"runner or the store was unavailable; the next ping or deadline ends this"}

var errUnreceived = &probe.NotCheckedError{Cause: probe.CauseUnavailable, Text: "pings may have been lost before their " +
	"deadlines, because the API could not store pings all the time; the next ping or deadline ends this"}

var errUnchecked = &probe.NotCheckedError{Cause: probe.CauseUnavailable, Text: "the deadlines of pings were not checked " +
	"before this runner had their monitors or before an edit; the next ping or deadline ends this"}

// listUnchecked makes the heartbeat agree with the push state of a monitor.
func (s *pushes) listUnchecked(en *entry) {
	if since := en.push.state.NotCheckedSince; !since.IsZero() {
		listNotChecked(s.scheduler, en, errUnchecked, since)
		return
	}
	s.recordChecked(en.monitor.ID)
}

// reason returns why a deadline was not checked.
func (v verdict) reason() *probe.NotCheckedError {
	if v == unread {
		return errUnread
	}
	return errUnreceived
}

// judge decides about the deadline of p. If it is undecided, it returns the time until the next try.
func (s *pushes) judge(p *pushMonitor, due time.Time) (verdict, time.Duration) {
	now, settled := s.cfg.Clock.Now(), due.Add(settleTime)
	from, to := p.plan.Window(p.state)
	reach := s.inbox.receiving.Reach(from)
	switch {
	case now.Before(settled):
		return undecided, settled.Sub(now)
	case !s.inbox.hasRead(settled, due, p.added):
		return s.read()
	case s.needsStates(p, settled):
		s.inbox.requests.add(p.state.MonitorID)
		wake.Signal(s.inbox.wanted)
		return undecided, untilRead
	case now.Sub(settled) > maxJudgeDelay:
		return unread, 0
	case s.inbox.periodsRead.Before(settled): // a process may have stored since then that it has lost pings
		return s.read()
	case !reach.Before(to):
		return missed, 0
	case now.Sub(s.inbox.periodsRead) >= rereadPeriods:
		return s.read()
	case now.Sub(reach) >= maxPeriodWait:
		return unreceived, 0
	default:
		return undecided, rereadPeriods
	}
}

// read starts a read of the pings and of the receiving periods.
func (s *pushes) read() (verdict, time.Duration) {
	s.inbox.needPeriods.Store(true)
	wake.Signal(s.inbox.wanted)
	return undecided, untilRead
}
