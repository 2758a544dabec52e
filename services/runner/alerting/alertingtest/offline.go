package alertingtest

import (
	"time"

	"nanomon/services/common/monitor"
)

// Evidence is the part of a monitor's newest result that helps to detect whether its runner is offline.
type Evidence struct {
	Status monitor.Status
	// Since is the date of the first result of the current streak with this status.
	Since time.Time
	// WasNotOK reports whether the monitor was not OK right before Since.
	WasNotOK bool
	// Host is the host that the checks connect to.
	Host string
	// MaxDelay is the longest time from the loss of the connection to the failed result.
	MaxDelay time.Duration
}

// Failures counts monitors that failed together.
type Failures struct {
	Since time.Time
	// Failed counts the failed monitors, Total all monitors that were OK before, Hosts the hosts of the failed ones.
	Failed, Total, Hosts int
}

// DetectOffline is a slow, simple implementation of the detection in package incident: it returns the earliest group of
// failures that is large enough to consider the runner offline, and reports whether there is one.
func DetectOffline(all []Evidence, after time.Time) (Failures, bool) {
	var earliest Failures
	for _, first := range all {
		if first.Status != monitor.StatusFailed || first.WasNotOK || first.Since.Before(after) ||
			!earliest.Since.IsZero() && !first.Since.Before(earliest.Since) {
			continue
		}
		group := failuresSince(first.Since, all)
		if group.Failed >= 5 && group.Hosts >= 3 && 10*group.Failed >= 8*group.Total {
			earliest = group
		}
	}
	return earliest, !earliest.Since.IsZero()
}

// failuresSince returns the group of failures whose earliest one began at since.
func failuresSince(since time.Time, all []Evidence) Failures {
	group := Failures{Since: since}
	hosts := make(map[string]bool)
	for _, e := range all {
		turned := e.Status != monitor.StatusOK && !e.WasNotOK && !e.Since.Before(since)
		if e.Status == monitor.StatusOK || turned {
			group.Total++
		}
		if turned && e.Status == monitor.StatusFailed && !e.Since.After(since.Add(e.MaxDelay)) {
			group.Failed++
			hosts[e.Host] = true
		}
	}
	group.Hosts = len(hosts)
	return group
}
