package incident

import (
	"sync/atomic"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Counts counts the incidents of one runner's monitors.
type Counts struct {
	// OpenError and OpenFailed count the open incidents by severity.
	OpenError, OpenFailed int64
	// Opened and Resolved count the incidents that this runner opened and ended since its start.
	Opened, Resolved int64
}

// counts holds [Counts] for concurrent readers.
type counts struct{ openError, openFailed, opened, resolved atomic.Int64 }

// Counts returns the current counts. It is safe for concurrent use.
func (e *Evaluator) Counts() Counts {
	c := &e.counts
	return Counts{c.openError.Load(), c.openFailed.Load(), c.opened.Load(), c.resolved.Load()}
}

// setOpen counts the open incidents.
func (c *counts) setOpen(tracked map[string]*trackedMonitor) {
	failed, errs := int64(0), int64(0)
	for _, t := range tracked {
		switch {
		case !isOpen(t.state):
		case max(t.state.Severity, t.record.severity) == monitor.StatusFailed:
			failed++
		default:
			errs++
		}
	}
	c.openError.Store(errs)
	c.openFailed.Store(failed)
}

// add counts a new notification of an event.
func (c *counts) add(kind store.NotificationKind) {
	switch {
	case kind == store.KindOpened:
		c.opened.Add(1)
	case endsIncident(kind):
		c.resolved.Add(1)
	}
}
