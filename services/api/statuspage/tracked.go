package statuspage

import (
	"strconv"
	"strings"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/api/summary"
	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

const (
	// fullAfter is the time after which all status changes of a monitor are read again: a runner may have stored some
	// late, or corrected them.
	fullAfter = 24 * time.Hour
	// overlap is how far a read of new status changes goes back beyond the last known result.
	overlap = time.Hour
	// maxTries limits the reads that wait for a state which must follow a known result.
	maxTries = 10
	// defaultFailCount is the number of not-OK results in a row after which a monitor is down, unless it has its own.
	defaultFailCount = 3
)

// tracked contains what pages show of a monitor.
type tracked struct {
	// monitor contains what is needed of the definition.
	monitor monitor.Monitor
	// stale is the age at which the latest result is stale, and failCount the number of not-OK results that are an
	// outage.
	stale     time.Duration
	failCount int
	// isMuted reports whether no notifications are sent. Then the open incident does not end.
	isPush, isMuted bool
	// hasResponse reports whether the values of results are response times.
	hasResponse bool
	// users are the pages that show the monitor.
	users []*page

	// latest, status and ignored describe the newest result, since the start of its status. latest is zero if there is
	// no result.
	latest, since time.Time
	status        monitor.Status
	ignored       monitor.IgnoreReason
	// notOK is the number of the newest results in a row that are not OK. Results in maintenance don't count.
	notOK int
	// incidents contains the incidents of the days that pages show, by id.
	incidents map[string]incident

	// isDue reports whether history must be read, and isQueued whether the monitor is in the queue for that.
	isDue, isQueued bool
	// late is the date of the earliest late result since the last read of history; zero if there is none.
	late time.Time
	// tries counts the reads that have returned a state from before the newest result.
	tries int
	// full is the time of the last complete read of the status changes; zero before the first one.
	full time.Time
	// expired is the date before which nothing is known because status changes have expired. edge contains the periods
	// from there to edgeEnd, which expire next.
	expired, edgeEnd time.Time
	edge             []uptime.Period
	// days and recent are complete up to end. kind is how the time from end on counts.
	end  time.Time
	kind uptime.Kind
	// days contains the days in each time zone of the pages.
	days   []*dayLog
	recent summary.Recent
	// confirmed is the date of the latest result that a read confirmed when it was stale.
	confirmed time.Time
}

// define applies the definition of a monitor.
func (t *tracked) define(m monitor.Monitor) {
	if !t.monitor.Updated.Equal(m.Updated) || t.monitor.Enabled != m.Enabled {
		t.isDue = true
	}
	t.monitor = monitor.Monitor{ID: m.ID, Group: m.Group, Interval: m.Interval, Enabled: m.Enabled, Updated: m.Updated}
	t.stale = monitor.StaleAfter(m.Every())
	// A job of a push monitor reports once for each run, so one result is enough, as for incidents.
	t.isPush, t.isMuted = m.Type == "push", m.IsMuted()
	t.failCount = defaultFailCount
	if t.isPush {
		t.failCount = 1
	}
	if n, err := strconv.Atoi(strings.TrimSpace(m.Properties["alertFailCount"])); err == nil && n > 0 {
		t.failCount = n
	}
	t.hasResponse = !t.isPush && m.Properties["bodyRegex"] == ""
}

// changed notes that the pages with the monitor must be computed again.
func (t *tracked) changed() {
	for _, p := range t.users {
		p.isDue = true
	}
}

// add applies a new result. The history must be read if something else than the status may have changed since the
// result before.
func (t *tracked) add(r monitor.Result, now time.Time) {
	gap := r.Date.Sub(t.latest)
	isSame := r.Status == t.status && r.Ignored == t.ignored
	if !t.latest.IsZero() && gap <= 0 {
		// The history has it, or it changes nothing.
		if !isSame || r.Date.Before(t.since) {
			t.isDue = true
			if t.late.IsZero() || r.Date.Before(t.late) {
				t.late = r.Date
			}
		}
		return
	}
	isKnown := !t.latest.IsZero() && gap <= t.stale && t.kind != uptime.Unchecked && t.kind != uptime.Disabled
	if t.isPush || !isKnown {
		t.isDue = true
	} else if kind := kindOf(r); kind != t.kind && !t.isDue {
		t.advance(r.Date, kind, now)
	}
	if !isSame || !isKnown {
		t.changed()
	}
	if r.Status != t.status || !isKnown {
		t.since = r.Date
	}
	t.latest, t.status, t.ignored = r.Date, r.Status, r.Ignored
	if t.count(r.Status, r.Ignored); t.notOK > 0 && t.notOK <= t.failCount {
		t.changed()
	}
	t.recent.Add([]store.Point{{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored}}, now)
}

func (t *tracked) count(s monitor.Status, ignored monitor.IgnoreReason) {
	switch {
	case s == monitor.StatusOK:
		t.notOK = 0
	case ignored != monitor.IgnoredMaintenance:
		t.notOK++
	}
}

// follow applies the state of the monitor, nil if it has none. It reports false if the state is older than a known
// result: then the history must be read again.
func (t *tracked) follow(state *store.State, now time.Time) bool {
	switch isOlder := state == nil || state.Latest.Date.Before(t.latest); {
	case isOlder && !t.latest.IsZero() && t.tries < maxTries:
		t.tries++
		return false
	case state == nil:
		return true
	}
	t.tries = 0
	for i, p := range state.History {
		if p.Date.After(t.latest) {
			t.recent.Add(state.History[i:], now)
			break
		}
	}
	t.latest, t.since = state.Latest.Date, state.Since
	t.status, t.ignored = state.Latest.Status, state.Latest.Ignored
	t.notOK = 0
	for _, p := range state.History {
		t.count(p.Status, p.Ignored)
	}
	if t.notOK == store.HistoryLength {
		t.notOK = max(t.notOK, t.failCount) // Earlier results are not known.
	}
	return true
}

// isStale reports whether the latest result does not show the status any more.
func (t *tracked) isStale(now time.Time) bool {
	return t.latest.IsZero() || now.Sub(t.latest) > t.stale
}

// level is the condition of one monitor.
func (t *tracked) level(active maintenance.Active, now time.Time) view.Level {
	isNotOK := t.status != monitor.StatusOK
	switch {
	case !t.monitor.Enabled || t.isStale(now):
		return view.Unknown
	case t.ignored == monitor.IgnoredMaintenance || active.Includes(t.monitor.ID, t.monitor.Group):
		return view.InMaintenance
	case t.hasOpenIncident(), isNotOK && t.ignored == monitor.IgnoredBlocked, isNotOK && t.notOK >= t.failCount:
		return view.Down
	default:
		return view.Operational
	}
}

// kindOf returns the kind of the time after a result.
func kindOf(r monitor.Result) uptime.Kind {
	switch {
	case r.Ignored == monitor.IgnoredMaintenance:
		return uptime.Maintenance
	case r.Ignored == monitor.IgnoredBlocked:
		return uptime.Blocked
	case r.Status == monitor.StatusOK:
		return uptime.OK
	case r.Status == monitor.StatusError:
		return uptime.Error
	default:
		return uptime.Failed
	}
}
