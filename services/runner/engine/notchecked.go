package engine

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

const (
	// notCheckedHold is the time for which every check must be made before a problem is over. It keeps a problem that
	// comes and goes from being logged and notified again and again.
	notCheckedHold = 10 * time.Minute
	// maxListedNotChecked limits the number of monitors in a heartbeat that this runner can't check.
	maxListedNotChecked = 1000
)

// notChecked holds the problems of this runner because of which it can't make checks, and the monitors concerned. It is
// safe for concurrent use.
type notChecked struct {
	mu sync.Mutex
	// problems holds the problems by their text.
	problems map[string]*notCheckedProblem
}

type notCheckedProblem struct {
	cause probe.Cause
	// monitors contains the monitors whose last check was not made because of the problem, by id, with the date of the
	// first check that was not made.
	monitors map[string]time.Time
	// last is the time of the last check that was not made.
	last time.Duration
}

// add records that the check of a monitor was not made at the given date. It reports whether the reason is new.
func (n *notChecked) add(id string, reason *probe.NotCheckedError, date time.Time, now time.Duration) (isNew bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.problems {
		if since, found := p.monitors[id]; found {
			date = since
			delete(p.monitors, id)
		}
	}
	p := n.problems[reason.Text]
	if isNew = p == nil; isNew {
		p = &notCheckedProblem{cause: reason.Cause, monitors: make(map[string]time.Time)}
		n.problems[reason.Text] = p
	}
	p.monitors[id], p.last = date, now
	return isNew
}

// remove removes a monitor. It removes the problems that no longer affect any monitor, and returns their causes by text.
func (n *notChecked) remove(id string, now time.Duration) map[string]probe.Cause {
	n.mu.Lock()
	defer n.mu.Unlock()
	var ended map[string]probe.Cause
	for text, p := range n.problems {
		delete(p.monitors, id)
		if len(p.monitors) > 0 || now-p.last < notCheckedHold && p.cause != probe.CauseQuarantine {
			continue
		}
		delete(n.problems, text)
		if ended == nil {
			ended = make(map[string]probe.Cause)
		}
		ended[text] = p.cause
	}
	return ended
}

// list returns the monitors for the heartbeat, ordered by reason.
func (n *notChecked) list() []store.NotChecked {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []store.NotChecked
	limit := maxListedNotChecked
	for _, text := range slices.Sorted(maps.Keys(n.problems)) {
		monitors := sortedBySince(n.problems[text].monitors)
		if len(monitors) == 0 {
			continue
		}
		listed := min(len(monitors), limit)
		limit -= listed
		list = append(list, store.NotChecked{Reason: text, Monitors: monitors[:listed], More: len(monitors) - listed})
	}
	return list
}

// sortedBySince returns the monitors, longest unchecked first.
func sortedBySince(since map[string]time.Time) []store.NotCheckedMonitor {
	list := make([]store.NotCheckedMonitor, 0, len(since))
	for id, date := range since {
		list = append(list, store.NotCheckedMonitor{ID: id, Since: date})
	}
	slices.SortFunc(list, func(a, b store.NotCheckedMonitor) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// recordNotChecked counts a check that this runner could not make, and lists the monitor as not checked.
func (s *scheduler) recordNotChecked(en *entry, err error) {
	var reason *probe.NotCheckedError
	if !errors.As(err, &reason) {
		reason = &probe.NotCheckedError{Text: err.Error()}
	}
	s.stats.countNotChecked(reason.Cause)
	listNotChecked(s, en, reason, monitor.Date(s.cfg.Clock.Now()))
}

// listNotChecked adds a monitor that is not checked since the given date to the heartbeat. A new reason is logged,
// notified and added to the problems of the runner.
func listNotChecked(s *scheduler, en *entry, reason *probe.NotCheckedError, date time.Time) {
	if s := en.state.Load(); s != nil && s.Latest.Date.After(date) {
		date = s.Latest.Date // The clock of the runner that made that check was ahead.
	}
	if !s.notChecked.add(en.monitor.ID, reason, date, s.clock.now()) {
		return
	}
	log := s.log
	if reason.Stack != "" {
		log = log.With("stack", reason.Stack)
	}
	log.Error("checks can't be made", "cause", reason.Cause, "error", reason.Text, "monitor_id", en.monitor.ID)
	sentence := fmt.Sprintf("Some monitors are not checked: %s.", reason.Text)
	s.health.Problems.Set("not checked: "+reason.Text, sentence)
	s.cfg.Observer.RunnerProblem(sentence, s.cfg.Clock.Now())
}

// recordChecked ends the problems that no longer affect any monitor, after a check of the given monitor, or after its
// removal.
func (s *scheduler) recordChecked(id string) {
	for text, cause := range s.notChecked.remove(id, s.clock.now()) {
		s.health.Problems.Clear("not checked: " + text)
		s.log.Info("checks can be made again", "cause", cause)
	}
}
