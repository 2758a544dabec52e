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
	cutOffMonitors = 5
	cutOffHosts    = 3
	cutOffParts    = 5
)

// defaultTimeout is how long a check may take whose monitor doesn't say it.
const defaultTimeout = 5 * time.Second

// sighting is what the newest result of a monitor says of the runner's own connection.
type sighting struct {
	// date is that of the newest result; zero if there is none.
	date   time.Time
	status monitor.Status
	// since is from when on it has this status, and wasBad says that it was bad right before.
	since  time.Time
	wasBad bool
	// aside says that the result says nothing: the monitor was in maintenance.
	aside bool
	// host is where the monitor is, and within how long after another one it may be found to have failed for the same reason.
	host   string
	within time.Duration
}

// sight is what s says.
func sight(m monitor.Monitor, s store.State) sighting {
	found := sighting{
		date: s.Latest.Date, status: s.Latest.Status, since: s.Since, aside: s.Latest.Ignored == monitor.IgnoredMaintenance,
	}
	for _, p := range slices.Backward(s.History) {
		if p.Date.Before(s.Since) {
			found.wasBad = bad(p)
			break
		}
	}
	return found.of(m)
}

// of is f with what is known of its monitor.
func (f sighting) of(m monitor.Monitor) sighting {
	timeout, err := time.ParseDuration(m.Properties["timeout"])
	if err != nil {
		timeout = defaultTimeout
	}
	f.host, f.within = hostOf(m), m.Every()+timeout
	return f
}

// sameTurn reports whether f and g tell the same of the runner's connection.
func (f sighting) sameTurn(g sighting) bool {
	return f.status == g.status && f.since.Equal(g.since) && f.aside == g.aside && f.date.IsZero() == g.date.IsZero()
}

// turned reports whether f has been bad since then or later, and was well before.
func (f sighting) turned(since time.Time) bool {
	return f.status != monitor.StatusOK && !f.wasBad && !f.since.Before(since)
}

// breakdown is how many monitors failed at the same time, of how many that were well before, and on how many hosts.
type breakdown struct {
	since             time.Time
	failed, of, hosts int
}

// cutOff finds the earliest time at which so many monitors began to fail that the runner itself may be cut off. Those that were bad before
// after, when it was connected, don't count.
func cutOff(all []sighting, after time.Time) (breakdown, bool) {
	var failed, begins, errs []sighting
	well := 0
	for _, f := range all {
		switch {
		case f.status == monitor.StatusOK:
			well++
		case !f.turned(after):
		case f.status == monitor.StatusFailed:
			failed = append(failed, f)
		default:
			errs = append(errs, f)
		}
	}
	if len(failed) < cutOffMonitors {
		return breakdown{}, false
	}
	bySince := func(a, b sighting) int { return a.since.Compare(b.since) }
	begins = slices.Clone(failed)
	slices.SortFunc(failed, bySince)
	slices.SortFunc(errs, bySince)
	slices.SortFunc(begins, func(a, b sighting) int { return a.since.Add(-a.within).Compare(b.since.Add(-b.within)) })
	// With the earliest at i, those count that begin at its date or later, and of them those for which it isn't too early.
	hosts := make(map[string]int)
	begun, errors := 0, 0
	for i, first := range failed {
		for ; begun < len(begins) && !begins[begun].since.Add(-begins[begun].within).After(first.since); begun++ {
			hosts[begins[begun].host]++
		}
		for errors < len(errs) && errs[errors].since.Before(first.since) {
			errors++
		}
		found := breakdown{since: first.since, failed: begun - i, of: well + len(failed) - i + len(errs) - errors, hosts: len(hosts)}
		if found.enough() {
			return found, true
		}
		if hosts[first.host]--; hosts[first.host] == 0 {
			delete(hosts, first.host)
		}
	}
	return breakdown{}, false
}

func (b breakdown) enough() bool {
	return b.failed >= cutOffMonitors && b.hosts >= cutOffHosts && b.most()
}

// most reports whether so much failed that the runner may be cut off, or still is.
func (b breakdown) most() bool { return cutOffParts*b.failed >= (cutOffParts-1)*b.of }

// still is what is left of a breakdown that began then.
func still(all []sighting, since time.Time) breakdown {
	left := breakdown{since: since}
	for _, f := range all {
		if f.status == monitor.StatusOK || f.turned(since) {
			left.of++
		}
		if f.status == monitor.StatusFailed && f.turned(since) {
			left.failed++
		}
	}
	return left
}
