package incident

import (
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// A runner is considered offline when at least offlineMinMonitors monitors on offlineMinHosts hosts fail together and
// they are offlinePercent of the monitors that were OK before.
const (
	offlineMinMonitors = 5
	offlineMinHosts    = 3
	offlinePercent     = 80
)

// evidence is the part of a monitor's newest result that helps to detect whether the runner is offline.
type evidence struct {
	// number is the sequence number of the newest result.
	number int64
	// date is the date of the newest result; zero if there is none.
	date   time.Time
	status monitor.Status
	// since is the date of the first result of the current streak with this status.
	since time.Time
	// wasNotOK reports whether the monitor was not OK right before since.
	wasNotOK bool
	// ignored reports whether the monitor was in maintenance: then the result says nothing about the connection.
	ignored bool
	// host is the host that the checks connect to. If it is empty, results say nothing about the connection.
	host string
	// maxDelay is the longest time from the loss of the connection to the failed result: the interval and the maximum
	// duration of a check.
	maxDelay time.Duration
}

// newEvidence returns the evidence of a state, without the host and the delay of its monitor.
func newEvidence(s store.State) evidence {
	e := evidence{
		number: s.Number(), date: s.Latest.Date, status: s.Latest.Status, since: s.Since,
		ignored: s.Latest.Ignored == monitor.IgnoredMaintenance,
	}
	for _, p := range slices.Backward(s.History) {
		if p.Date.Before(s.Since) {
			e.wasNotOK = notOK(p)
			break
		}
	}
	return e
}

// withMonitor returns e with the host and the delay of m. They are computed from texts, so do it once for each monitor.
func (e evidence) withMonitor(m monitor.Monitor, types Types) evidence {
	e.host, e.maxDelay = types.Host(m), m.Every()+types.MaxDuration(m)
	return e
}

// equivalent reports whether e and other say the same about the connection.
func (e evidence) equivalent(other evidence) bool {
	return e.status == other.status && e.since.Equal(other.since) && e.ignored == other.ignored &&
		e.date.IsZero() == other.date.IsZero()
}

// becameNotOK reports whether the monitor is not OK and became so at the given time or later, after it was OK.
func (e evidence) becameNotOK(since time.Time) bool {
	return e.status != monitor.StatusOK && !e.wasNotOK && !e.since.Before(since)
}

// failureGroup counts monitors that failed together.
type failureGroup struct {
	since time.Time
	// failed counts the failed monitors, total all monitors that were OK before, hosts the hosts of the failed ones.
	failed, total, hosts int
}

// detectOffline returns the earliest group of failures that is large enough to consider the runner offline, and reports
// whether there is one. Failures that began before after, when the runner was online, don't count.
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
	slices.SortFunc(byEarliest, func(a, b evidence) int {
		return a.since.Add(-a.maxDelay).Compare(b.since.Add(-b.maxDelay))
	})
	// The group whose earliest failure is failed[i] contains each failure that began at the same time or later, but not
	// later than its own maxDelay after it.
	hosts := make(map[string]int)
	started, errors := 0, 0
	for i, first := range failed {
		for ; started < len(byEarliest); started++ {
			if e := byEarliest[started]; e.since.Add(-e.maxDelay).After(first.since) {
				break
			}
			hosts[byEarliest[started].host]++
		}
		for errors < len(errs) && errs[errors].since.Before(first.since) {
			errors++
		}
		total := okCount + len(failed) - i + len(errs) - errors
		group := failureGroup{since: first.since, failed: started - i, total: total, hosts: len(hosts)}
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

// mostFailed reports whether at least offlinePercent of the monitors failed.
func (g failureGroup) mostFailed() bool { return 100*g.failed >= offlinePercent*g.total }

// remainingFailures counts the monitors that were OK before since, and how many of them still fail.
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
