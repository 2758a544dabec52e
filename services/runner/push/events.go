package push

import (
	"slices"
	"time"

	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// repeatTime is the time in which a client repeats a ping.
const repeatTime = 2 * time.Minute

// Receive returns the state after a ping, and what the job reported if the ping ends a run; otherwise nil. All events
// that are due before the ping must be handled already. A ping that s contains already changes nothing.
func (p Plan) Receive(s store.PushState, ping store.Ping) (store.PushState, *probe.Report) {
	if slices.ContainsFunc(s.Pings, func(known store.PushPing) bool { return known.ID == ping.ID }) {
		return s, nil
	}
	kept := store.PushPing{
		ID: ping.ID, Received: ping.Received, Kind: ping.Kind, ExitCode: ping.ExitCode, RunID: ping.RunID,
	}
	if n := len(s.Pings); n == store.MaxPushPings && newestFirst(kept, s.Pings[n-1]) > 0 {
		return s, nil // It was handled before the process was killed, and is no longer in the list.
	}
	var report *probe.Report
	switch ping.Kind {
	case store.PingStart:
		s = p.start(s, ping)
	case store.PingSuccess, store.PingFail:
		repeated := isRepeated(s, ping)
		s, report = p.end(s, ping)
		if repeated {
			report = nil
			break
		}
		if report.Duration != nil {
			milliseconds := float64(report.Duration.Milliseconds())
			kept.Duration = &milliseconds
		}
	}
	i, _ := slices.BinarySearchFunc(s.Pings, kept, newestFirst)
	s.Pings = slices.Insert(slices.Clone(s.Pings), i, kept)
	s.Pings = s.Pings[:min(len(s.Pings), store.MaxPushPings)]
	return s, report
}

// isRepeated reports whether a ping ends a run that has just ended in the same way: the job has sent its ping again
// because it got no answer, although the first one was stored. The start of the run must be known, because otherwise
// nothing tells two runs apart.
func isRepeated(s store.PushState, ping store.Ping) bool {
	if slices.ContainsFunc(s.Runs, func(r store.PushRun) bool { return r.RunID == ping.RunID }) {
		return false
	}
	for _, known := range s.Pings { // newest first
		age := ping.Received.Sub(known.Received)
		switch {
		case known.RunID != ping.RunID || known.Kind == store.PingLog || age < 0:
			continue
		case known.Kind != ping.Kind || known.ExitCode != ping.ExitCode || age > repeatTime:
			return false
		case known.Duration != nil:
			return true
		}
	}
	return false
}

func newestFirst(a, b store.PushPing) int {
	return store.ComparePings(store.Ping{ID: b.ID, Received: b.Received}, store.Ping{ID: a.ID, Received: a.Received})
}

// start adds a run. It replaces a run with the same id.
func (p Plan) start(s store.PushState, ping store.Ping) store.PushState {
	hasEnded := func(known store.PushPing) bool {
		isEnd := known.Kind == store.PingSuccess || known.Kind == store.PingFail
		return isEnd && known.RunID == ping.RunID && !known.Received.Before(ping.Received)
	}
	if slices.ContainsFunc(s.Pings, hasEnded) {
		return s // The end of the run was stored before its start.
	}
	wasRunning := p.expectedRun(s) >= 0
	s.Runs = slices.DeleteFunc(slices.Clone(s.Runs), func(r store.PushRun) bool { return r.RunID == ping.RunID })
	run := store.PushRun{RunID: ping.RunID, Started: ping.Received}
	i, _ := slices.BinarySearchFunc(s.Runs, run, func(a, b store.PushRun) int { return a.Started.Compare(b.Started) })
	s.Runs = slices.Insert(s.Runs, i, run)
	s.Runs = s.Runs[max(0, len(s.Runs)-store.MaxPushRuns):]
	if wasRunning {
		return s // Otherwise a job that begins again and again without an end would never be late.
	}
	return p.withDeadline(s)
}

// end ends a run, whether or not its start is known.
func (p Plan) end(s store.PushState, ping store.Ping) (store.PushState, *probe.Report) {
	report := &probe.Report{ExitCode: ping.ExitCode, Body: ping.Body}
	if i := slices.IndexFunc(s.Runs, func(r store.PushRun) bool { return r.RunID == ping.RunID }); i >= 0 {
		duration := max(0, ping.Received.Sub(s.Runs[i].Started))
		report.Duration = &duration
		s.Runs = slices.Delete(slices.Clone(s.Runs), i, i+1)
	}
	if !s.Ended.IsZero() && !ping.Received.Before(s.Ended) {
		since := ping.Received.Sub(s.Ended)
		report.SinceLast = &since
	}
	s.Ended = latest(s.Ended, ping.Received)
	s.Expected = latest(s.Expected, p.expectedAfter(ping.Received))
	return p.withDeadline(s), report
}

// Miss returns the state after the event at Due, and the message of the result that follows from it.
func (p Plan) Miss(s store.PushState) (store.PushState, string) {
	due := p.Due(s)
	if !p.overrun(s) {
		message := p.lateMessage(s)
		s.Expected = p.following(s, due)
		return p.withDeadline(s), message
	}
	run := s.Runs[0]
	message := "The run that began at " + p.format(run.Started) + " has not ended after " + short(p.maxRun)
	isCurrent := run.Started.After(s.Ended)
	s.Runs = slices.DeleteFunc(slices.Clone(s.Runs), func(r store.PushRun) bool { return r == run })
	if isCurrent { // The time of the schedule to which the run belongs is over.
		s.Expected = latest(s.Expected, p.expectedAfter(due))
		s = p.withDeadline(s)
	}
	return s, message
}

// Skip returns the state after the event at Due if nothing is known about the ping that is missing, and after all
// following events before the given time.
func (p Plan) Skip(s store.PushState, before time.Time) store.PushState {
	if s.NotCheckedSince.IsZero() {
		s.NotCheckedSince = p.Due(s)
	}
	for first := true; ; first = false {
		due := p.Due(s)
		switch {
		case due.IsZero() || !first && !due.Before(before):
			return s
		case p.overrun(s) || !due.Before(before):
			s, _ = p.Miss(s)
		default:
			s.Expected = p.following(s, before.Add(-1))
			s = p.withDeadline(s)
		}
	}
}

// lateMessage explains that no ping arrived by the deadline.
func (p Plan) lateMessage(s store.PushState) string {
	text := "No ping arrived: expected at " + p.format(s.Expected)
	if p.every != "" {
		text = "No ping arrived: expected " + p.every
	}
	if i := p.expectedRun(s); i >= 0 {
		return "The run that began at " + p.format(s.Runs[i].Started) + " has not ended"
	}
	if s.Ended.IsZero() {
		return text + ", none arrived before"
	}
	return text + ", last ping " + p.format(s.Ended)
}

// format returns a time in the zone of the schedule, with seconds unless it is the time of a cron expression.
func (p Plan) format(t time.Time) string {
	t = t.In(p.schedule.Zone())
	layout := "2006-01-02 15:04"
	if t.Second() != 0 {
		layout += ":05"
	}
	return t.Format(layout) + " (" + p.schedule.Zone().String() + ")"
}

// short returns a duration as users write it.
func short(d time.Duration) string { return probe.ShortDuration(d) }
