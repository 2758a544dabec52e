package engine

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/runner/quarantine"
)

// isolation decides which checks run alone or one at a time, because earlier processes crashed while they ran; see
// package quarantine. Only the scheduler's goroutine uses it.
type isolation struct {
	quarantined map[quarantine.Key]bool
	suspects    map[quarantine.Key]bool
	// alone is the monitor that is checked before all others; nil if there is none.
	alone *quarantine.Key
	// held lists the checks that wait until alone has been checked.
	held []dueCheck
	// suspectRuns reports whether a suspect is being checked. waiting lists the checks of other suspects, which wait for
	// its end.
	suspectRuns bool
	waiting     []dueCheck
	// settled is closed once alone has been checked, or if there is none.
	settled chan struct{}
}

// dueCheck is a check that was due at a time.
type dueCheck struct {
	entry *entry
	due   time.Duration
}

func newIsolation(j *quarantine.Journal, log *slog.Logger) isolation {
	suspects, alone := j.Suspects()
	iso := isolation{
		quarantined: make(map[quarantine.Key]bool), suspects: make(map[quarantine.Key]bool), alone: alone,
		settled: make(chan struct{}),
	}
	for _, key := range j.Quarantined() {
		iso.quarantined[key] = true
	}
	for _, key := range suspects {
		iso.suspects[key] = true
	}
	if len(suspects) > 0 || alone != nil {
		log.Warn("earlier processes crashed; checking the monitors that were being checked one at a time",
			"monitors", max(len(suspects), 1))
	}
	if alone == nil {
		close(iso.settled)
	}
	return iso
}

// dispatch starts a check now, or as soon as it may run. It does not start the check of a quarantined monitor.
func (s *scheduler) dispatch(ctx context.Context, c dueCheck) {
	iso, key := &s.isolation, quarantine.KeyOf(c.entry.monitor)
	switch {
	case iso.quarantined[key]:
		c.entry.running = false
		s.recordNotChecked(c.entry, quarantinedError(c.entry.monitor))
	case iso.alone != nil && *iso.alone == key:
		s.runCheck(ctx, c, quarantine.Alone)
	case iso.alone != nil:
		iso.held = append(iso.held, c)
	case !iso.suspects[key]:
		s.runCheck(ctx, c, quarantine.Together)
	case iso.suspectRuns:
		iso.waiting = append(iso.waiting, c)
	default:
		iso.suspectRuns = true
		s.runCheck(ctx, c, quarantine.OneAtATime)
	}
}

func quarantinedError(m monitor.Monitor) error {
	return &probe.NotCheckedError{Cause: probe.CauseQuarantine, Text: fmt.Sprintf(
		"the check of %q brought this runner down; edit the monitor, or stop and start the runner, to check it again",
		m.Name)}
}

// startAlone starts the check of the monitor that is checked alone. Call it after the monitors were loaded.
func (s *scheduler) startAlone(ctx context.Context) {
	alone := s.isolation.alone
	if alone == nil {
		return
	}
	en := s.entries[alone.ID]
	switch {
	case en == nil || quarantine.KeyOf(en.monitor) != *alone:
		s.settle(ctx)
	case !en.running && en.push == nil: // A push monitor waits for the pings that are stored; see settlePush.
		s.startCheck(ctx, en, s.clock.now())
	}
}

// settle ends the time in which one monitor is checked alone, and starts the checks that were held.
func (s *scheduler) settle(ctx context.Context) {
	held := s.isolation.held
	delete(s.isolation.suspects, *s.isolation.alone)
	s.isolation.alone, s.isolation.held = nil, nil
	close(s.isolation.settled)
	for _, c := range held {
		s.dispatch(ctx, c)
	}
}

// endIsolation handles the end of a check: the process survived it, so the monitor is no suspect any more.
func (s *scheduler) endIsolation(ctx context.Context, f finishedCheck) {
	switch f.way {
	case quarantine.Alone:
		if s.isolation.alone != nil {
			s.settle(ctx)
		}
	case quarantine.OneAtATime:
		iso := &s.isolation
		iso.suspectRuns = false
		if f.completed {
			delete(iso.suspects, quarantine.KeyOf(f.entry.monitor))
		}
		waiting := iso.waiting
		iso.waiting = nil
		for _, c := range waiting {
			s.dispatch(ctx, c)
		}
	}
}
