package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/runner/push"
)

const (
	// maxPushWait is the maximum time between two examinations of a push monitor.
	maxPushWait = 24 * time.Hour
	// neverStale is the interval of push monitors for detecting missing results: the push state does that instead.
	neverStale = 10 * monitor.MaxInterval
	// maxDateShift is the maximum time by which the date of a result is moved so that it follows the date of the result
	// before it. A greater difference means that a clock was set back.
	maxDateShift = time.Minute
)

// pushes is the part of the scheduler for push monitors. Only the scheduler's goroutine calls its methods.
type pushes struct {
	*scheduler
	inbox inbox
	// clockOffset is the difference between the clock for dates and the clock of the schedule that the due times are
	// based on.
	clockOffset time.Duration
}

// pushMonitor is the part of an entry that a push monitor has. The scheduler's goroutine owns it; a running evaluation
// reads current.
type pushMonitor struct {
	plan  push.Plan
	state store.PushState
	// added is the time at which the entry was added: pings that were read before are not in pending.
	added time.Duration
	// confirmed is the time at which the last pass through the pings began after which the states were read.
	confirmed time.Time
	// pending lists the pings to handle, oldest first.
	pending []store.Ping
	// current is the ping that is being evaluated; nil if none is.
	current *evaluation
	// recorded contains the dates of the results in the loaded state that may be missing in the loaded push state: the
	// process before was killed between both writes.
	recorded map[time.Time]bool
}

// evaluation is the evaluation of the rule for a ping.
type evaluation struct {
	ping   store.Ping
	date   time.Time
	report probe.Report
	// next is the push state after the ping.
	next store.PushState
}

// receive runs the evaluation of a ping.
func (ev *evaluation) receive(ctx context.Context, c *check.Check, h *store.State) (monitor.Result, error) {
	return c.Receive(ctx, ev.ping.ID, ev.date, ev.report, ev.ping.Kind == store.PingFail, h)
}

// add makes en wait for pings if it is a push monitor. state is its push state, nil if it has none.
func (s *pushes) add(en *entry, state *store.PushState, now time.Duration) {
	spec := s.types[en.monitor.Type].Spec
	if !spec.Push {
		return
	}
	p := &pushMonitor{added: now}
	m, _ := s.types.ForCheck(en.monitor)
	settings, err := probe.NewSettings(spec, m.Properties)
	if err == nil {
		p.plan, err = push.NewPlan(m.Target, settings)
	}
	if err != nil { // Pings give a result that says so.
		s.log.Error("schedule invalid; missed pings are not detected", "monitor_id", m.ID, "error", err)
	}
	if state != nil {
		p.state = *state
	}
	p.state.MonitorID = m.ID
	p.recorded = recordedAfter(en.state.Load(), p.state.Ended)
	en.push, en.gapInterval, en.due = p, neverStale, now
	since := en.monitor.Updated
	if now := s.cfg.Clock.Now(); since.IsZero() || since.After(now) {
		since = now
	}
	known := p.state.Schedule
	if judged := p.state.Deadline.Add(settleTime + maxJudgeDelay); !p.state.Deadline.IsZero() && since.After(judged) {
		known, p.state = "", push.Pause(p.state) // Perhaps the monitor was disabled at the deadline.
	}
	if next := p.plan.Begin(p.state, monitor.Date(since)); next.Schedule != known {
		s.commit(en, next, nil)
	}
	if !p.state.NotCheckedSince.IsZero() {
		s.listUnchecked(en)
	}
}

// pushState returns the push state of en, nil if it is no push monitor.
func (en *entry) pushState() *store.PushState {
	if en.push == nil {
		return nil
	}
	return &en.push.state
}

// pause stores that a monitor expects nothing, because it was disabled or has another type now. The given pings, which
// it has not handled, are deleted.
func (s *pushes) pause(en *entry, pending []store.Ping) {
	if en.push == nil {
		return
	}
	ids := make([]string, 0, len(pending))
	for _, ping := range pending {
		ids = append(ids, ping.ID)
	}
	s.commit(en, push.Pause(en.push.state), ids)
}

// examine handles the pings of en that wait and the deadlines that have passed. It returns when nothing is left to do
// now, or when the evaluation of a ping runs. It sets the time of the next examination.
func (s *pushes) examine(ctx context.Context, en *entry) {
	wait := maxPushWait
	for p := en.push; !en.running; {
		due := p.plan.Due(p.state)
		if len(p.pending) > 0 && (due.IsZero() || !due.Before(p.pending[0].Received)) {
			s.receive(ctx, en)
			continue
		}
		if due.IsZero() {
			break
		}
		verdict, after := s.judge(p, due)
		if verdict == undecided {
			if wait = min(wait, after); after == untilRead {
				s.inbox.waiting[en] = true
			}
			break
		}
		s.pass(en, due, verdict)
	}
	en.due = roundUp(s.clock.now() + wait)
	s.schedule.reorder(en)
}

// receive handles the first pending ping of en.
func (s *pushes) receive(ctx context.Context, en *entry) {
	p := en.push
	ping := p.pending[0]
	p.pending = p.pending[1:]
	s.inbox.size -= len(ping.Body)
	next, report := p.plan.Receive(p.state, ping)
	if report == nil || s.isRecorded(en, ping.ID, ping.Received) || s.isCleared(ping.Received) {
		s.commit(en, next, []string{ping.ID})
		return
	}
	p.current = &evaluation{ping, s.dateAfter(en, ping.Received), *report, next}
	s.startCheck(ctx, en, s.clock.now())
	if !en.running { // The monitor is in quarantine.
		s.endWithoutResult(en)
	}
}

// endWithoutResult handles the end of an evaluation that gave no result.
func (s *pushes) endWithoutResult(en *entry) {
	ev := en.push.current
	en.push.current = nil
	if ev.next.NotCheckedSince.IsZero() {
		ev.next.NotCheckedSince = ev.ping.Received
	}
	s.commit(en, ev.next, []string{ev.ping.ID})
}

// isRecorded reports whether a result of the given id and date is in the state already, because the process before was
// killed before it stored the push state.
func (s *pushes) isRecorded(en *entry, id string, date time.Time) bool {
	if latest := en.state.Load(); latest != nil && latest.Latest.ID == id {
		return true
	}
	return en.push.recorded[monitor.Date(date)]
}

// isCleared reports whether all results of the given date were deleted.
func (s *pushes) isCleared(date time.Time) bool {
	return date.Before(s.cleared) && !s.cleared.After(s.cfg.Clock.Now())
}

// dateAfter returns the date of a result: the given one, or a little later if the newest result is not before it.
func (s *pushes) dateAfter(en *entry, date time.Time) time.Time {
	date = monitor.Date(date)
	latest := en.state.Load()
	if latest == nil || latest.Latest.Date.Before(date) || latest.Latest.Date.Sub(date) > maxDateShift {
		return date
	}
	return latest.Latest.Date.Add(time.Millisecond)
}

// pass handles a deadline or the end of the time of a run that has passed.
func (s *pushes) pass(en *entry, due time.Time, verdict verdict) {
	p := en.push
	if verdict != missed {
		before := s.cfg.Clock.Now().Add(-settleTime - maxJudgeDelay)
		next := p.plan.Skip(p.state, before)
		s.commit(en, next, nil)
		s.stats.countNotChecked(verdict.reason().Cause)
		listNotChecked(s.scheduler, en, verdict.reason(), next.NotCheckedSince)
		return
	}
	next, message := p.plan.Miss(p.state)
	id := missedID(en.monitor.ID, due)
	if s.isRecorded(en, id, due) || s.isCleared(due) {
		s.commit(en, next, nil)
		return
	}
	result := check.FailedResult(en.monitor, s.dateAfter(en, due), message)
	result.ID = id
	p.current = &evaluation{next: next}
	s.record(finishedCheck{entry: en, result: result})
}

// missedID returns the id of the result of a ping that is missing at the given time. It is the same on every runner.
func missedID(monitorID string, due time.Time) string {
	hash := sha256.Sum256([]byte(monitorID + due.UTC().Format(time.RFC3339Nano)))
	return monitor.NewID(due)[:8] + hex.EncodeToString(hash[:8])
}

// recordPush passes the result of a push monitor to the writer, with the push state that goes with it.
func (s *pushes) recordPush(en *entry, r monitor.Result, prev, next *store.State, changes []store.StatusChange) {
	p := en.push
	ev := p.current
	p.current = nil
	since := p.state.NotCheckedSince
	if prev != nil && since.After(prev.Latest.Date) && since.Before(r.Date) {
		changes = slices.DeleteFunc(changes, func(c store.StatusChange) bool { return c.Kind == store.ChangeStatus })
		changes = append(changes, uncheckedChanges(prev, next, since)...)
	}
	ev.next.NotCheckedSince = time.Time{}
	ev.next.Sequence = p.state.Sequence + 1
	p.state = ev.next
	s.results.AddPush(&r, next, changes, p.state, ev.pings())
}

// pings returns the ids of the pings that the evaluation is about.
func (ev *evaluation) pings() []string {
	if ev.ping.ID == "" {
		return nil
	}
	return []string{ev.ping.ID}
}

// commit makes next the push state of en, without a result. The given pings are done.
func (s *pushes) commit(en *entry, next store.PushState, done []string) {
	next.Sequence = en.push.state.Sequence + 1
	en.push.state = next
	s.results.AddPush(nil, nil, nil, next, done)
}
