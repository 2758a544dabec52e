package alerting

import (
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// So many monitors on so many hosts, and all but one part in so many of those that were not bad before, have to fail for the runner
// to be held for cut off.
const (
	offlineMinMonitors = 5
	offlineMinHosts    = 3
	cutOffParts    = 5
)

// defaultTimeout is how long a check may take whose monitor doesn't say it.
const defaultTimeout = 5 * time.Second

// sighting is what the newest result of a monitor says of the runner's own connection.
type evidence struct {
	// date is that of the newest result; zero if there is none.
	date   time.Time
	status monitor.Status
	// since is from when on it has this status, and wasBad says that it was bad right before.
	since  time.Time
	wasNotOK bool
	// aside says that the result says nothing: the monitor was in maintenance.
	ignored bool
	// host is where the monitor is, and within how long after another one it may be found to have failed for the same reason.
	host   string
	maxDelay time.Duration
}

// sight is what s says.
func newEvidence(m monitor.Monitor, s store.State) evidence {
	e := evidence{
		date: s.Latest.Date, status: s.Latest.Status, since: s.Since, ignored: s.Latest.Ignored == monitor.IgnoredMaintenance,
	}
	for _, p := range slices.Backward(s.History) {
		if p.Date.Before(s.Since) {
			e.wasNotOK = notOK(p)
			break
		}
	}
	return e.withMonitor(m)
}

// of is f with what is known of its monitor.
func (e evidence) withMonitor(m monitor.Monitor) evidence {
	timeout, err := time.ParseDuration(m.Properties["timeout"])
	if err != nil {
		timeout = defaultTimeout
	}
	e.host, e.maxDelay = hostOf(m), m.Every()+timeout
	return e
}

// sameTurn reports whether f and g tell the same of the runner's connection.
func (e evidence) equivalent(other evidence) bool {
	return e.status == other.status && e.since.Equal(other.since) && e.ignored == other.ignored && e.date.IsZero() == other.date.IsZero()
}

// turned reports whether f has been bad since then or later, and was well before.
func (e evidence) becameNotOK(since time.Time) bool {
	return e.status != monitor.StatusOK && !e.wasNotOK && !e.since.Before(since)
}

// breakdown is how many monitors failed at the same time, of how many that were well before, and on how many hosts.
type failureGroup struct {
	since             time.Time
	failed, total, hosts int
}

// cutOff finds the earliest time at which so many monitors began to fail that the runner itself may be cut off. Those that were bad before
// after, when it was connected, don't count.
func detectOffline(all []evidence, after time.Time) (failureGroup, bool) {
	var failed, byEarliest, errs []evidence
	okCount := 0
	for _, e := range all {
		switch {
		case e.status == monitor.StatusOK:
			okCount++
		case !e.becameNotOK(after):
		case e.status == monitor.StatusFailed:
			failed = append(failed, e)
		default:
			errs = append(errs, e)
		}
	}
	if len(failed) < offlineMinMonitors {
		return failureGroup{}, false
	}
	bySince := func(a, b evidence) int { return a.since.Compare(b.since) }
	byEarliest = slices.Clone(failed)
	slices.SortFunc(failed, bySince)
	slices.SortFunc(errs, bySince)
	slices.SortFunc(byEarliest, func(a, b evidence) int { return a.since.Add(-a.maxDelay).Compare(b.since.Add(-b.maxDelay)) })
	// With the earliest at i, those count that begin at its date or later, and of them those for which it isn't too early.
	hosts := make(map[string]int)
	started, errors := 0, 0
	for i, first := range failed {
		for ; started < len(byEarliest) && !byEarliest[started].since.Add(-byEarliest[started].maxDelay).After(first.since); started++ {
			hosts[byEarliest[started].host]++
		}
		for errors < len(errs) && errs[errors].since.Before(first.since) {
			errors++
		}
		group := failureGroup{since: first.since, failed: started - i, total: okCount + len(failed) - i + len(errs) - errors, hosts: len(hosts)}
		if group.isOffline() {
			return group, true
		}
		if hosts[first.host]--; hosts[first.host] == 0 {
			delete(hosts, first.host)
		}
	}
	return failureGroup{}, false
}

func (g failureGroup) isOffline() bool {
	return g.failed >= offlineMinMonitors && g.hosts >= offlineMinHosts && g.mostFailed()
}

// most reports whether so much failed that the runner may be cut off, or still is.
func (g failureGroup) mostFailed() bool { return cutOffParts*g.failed >= (cutOffParts-1)*g.total }

// still is what is left of a breakdown that began then.
func remainingFailures(all []evidence, since time.Time) failureGroup {
	group := failureGroup{since: since}
	for _, e := range all {
		if e.status == monitor.StatusOK || e.becameNotOK(since) {
			group.total++
		}
		if e.status == monitor.StatusFailed && e.becameNotOK(since) {
			group.failed++
		}
	}
	return group
}
