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
func (c *counts) Counts() Counts {
	return Counts{c.openError.Load(), c.openFailed.Load(), c.opened.Load(), c.resolved.Load()}
}

// update counts the open incident of a monitor, and no longer what it has counted for it before. present is false if the
// evaluator no longer tracks the monitor.
func (c *counts) update(t *trackedMonitor, present bool) {
	before := t.counted
	t.counted = monitor.StatusOK
	if present && isOpen(t.state) {
		t.counted = max(t.state.Severity, t.record.severity, monitor.StatusError)
	}
	c.open(before, -1)
	c.open(t.counted, 1)
}

// open adds n to the number of open incidents of a severity.
func (c *counts) open(severity monitor.Status, n int64) {
	switch severity {
	case monitor.StatusError:
		c.openError.Add(n)
	case monitor.StatusFailed:
		c.openFailed.Add(n)
	}
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
