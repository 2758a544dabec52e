package incident

import (
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// conditions are the facts, beside rules and results, that decide whether an incident opens.
type conditions struct {
	now        time.Time
	dependency dependency
	offline    offlinePeriod
	// silenced reports whether the monitor is silenced.
	silenced bool
}

// dependency is the monitor that the evaluated one depends on.
type dependency struct {
	// Dependency has no ID if there is none.
	monitor.Dependency
	// known reports whether newest was read from the store.
	known bool
	// newest is the newest result; its date is zero if there is none.
	newest store.Point
}

// allows reports whether an incident that waits since due may open: the dependency has been OK since then, or it has no
// recent result to wait for.
func (d dependency) allows(due, now time.Time) bool {
	switch {
	case d.ID == "":
		return true
	case !d.known:
		return false
	case !d.newest.Date.After(due):
		return d.IsStale(due, now)
	default:
		return !d.IsNotOK(d.newest.Status, d.newest.Date, now)
	}
}

// offlinePeriod is the latest period in which the runner was offline.
type offlinePeriod struct {
	// since is zero if the runner was never offline. until is zero while it is offline.
	since, until time.Time
}

// ongoing reports whether the runner is offline.
func (p offlinePeriod) ongoing() bool { return !p.since.IsZero() && p.until.IsZero() }

// covers reports whether a not-OK result of that date must be ignored because the runner was, or still is, offline.
func (p offlinePeriod) covers(date time.Time) bool {
	return p.ongoing() || !date.Before(p.since) && !date.After(p.until)
}
