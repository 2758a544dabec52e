package alerting

import (
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

// offlineTimes records the latest offline period, according to the notifications.
type offlineTimes struct {
	ongoing      bool
	since, until time.Time
	// overlapping reports whether two runners evaluated and their notifications may differ. overlapped reports whether
	// notifications were stored in such a time, so that the next runner may follow either of them.
	overlapping, overlapped bool
	// late reports whether an insert failed: then its notification may be stored later.
	late bool
}

// counted returns the results that are not ignored.
func counted(points []store.Point) []store.Point {
	return slices.DeleteFunc(slices.Clone(points), func(p store.Point) bool { return p.Ignored != "" })
}

// streak counts the newest results in a row that are not OK or, if wantNotOK is false, OK. Ignored results don't count
// and don't end the streak. A not-OK result from an offline period ends it. If strict is set, any result before the end
// of that period ends it too.
func (o *oracle) streak(points []store.Point, wantNotOK, strict bool) int {
	n := 0
	for _, p := range slices.Backward(points) {
		inside := !p.Date.Before(o.offline.since) && (o.offline.ongoing || !p.Date.After(o.offline.until))
		if wantNotOK && (strict && (o.offline.ongoing || !p.Date.After(o.offline.until)) || inside && p.Ignored == "") {
			break
		}
		if p.Ignored != "" {
			continue
		}
		if notOK(p) != wantNotOK {
			break
		}
		n++
	}
	return n
}

// checkMayOpen fails unless the dependency of the monitor allows the incident. streak contains the results that count.
func (o *oracle) checkMayOpen(n store.Notification, all, streak []store.Point) {
	i := slices.IndexFunc(o.w.monitors, func(m *simulatedMonitor) bool { return m.ID == n.MonitorID })
	dependency := o.w.dependencyOf(o.w.monitors[i])
	if dependency == nil {
		return
	}
	o.waited++
	blocked := time.Time{}
	for _, p := range all {
		if p.Ignored == monitor.IgnoredBlocked {
			blocked = p.Date
		}
	}
	for _, p := range streak[o.w.rules.FailCount-1:] {
		if p.Date.After(blocked) {
			if !o.dependencyAllows(dependency, p.Date, time.Now()) {
				o.fail("%s, but the dependency was not OK since %v: %+v", n.ID, p.Date, dependency.state)
			}
			return
		}
	}
	o.fail("%s, but the monitor is blocked", n.ID)
}

// mustOpen reports whether nothing delayed an incident of m at the given time.
func (o *oracle) mustOpen(m *simulatedMonitor, results []store.Point, at time.Time) bool {
	newest := results[len(results)-1]
	if newest.Ignored != "" || o.offline.ongoing || o.offline.overlapping {
		return false
	}
	dependency := o.w.dependencyOf(m)
	return dependency == nil || o.dependencyAllows(dependency, newest.Date, at)
}

// dependencyAllows reports whether an incident that waits since due may open.
func (o *oracle) dependencyAllows(dependency *simulatedMonitor, due, now time.Time) bool {
	last := due
	if s := dependency.state; s != nil && s.Latest.Date.After(due) {
		if s.Latest.Status == monitor.StatusOK {
			return true
		}
		last = s.Latest.Date
	}
	return now.Sub(last) > monitor.StaleAfter(dependency.Every())
}

// connectionEvidence returns the evidence of the stored states.
func (o *oracle) connectionEvidence() []alertingtest.Evidence {
	var list []alertingtest.Evidence
	for _, m := range o.w.monitors {
		if m.deleted || !m.Enabled || m.state == nil || m.state.Latest.Ignored == monitor.IgnoredMaintenance {
			continue
		}
		list = append(list, alertingtest.Evidence{
			Status: m.state.Latest.Status, Since: m.state.Since, Host: m.Target, MaxDelay: m.Every() + 5*time.Second,
			WasNotOK: m.wasNotOK,
		})
	}
	return list
}

// checkRunnerNotification checks a notification about a runner.
func (o *oracle) checkRunnerNotification(n store.Notification) {
	o.offline.overlapping = o.offline.overlapping || len(o.w.owners()) > 1
	o.offline.overlapped = o.offline.overlapped || o.offline.overlapping
	late := o.offline.late || o.offline.overlapping
	o.offline.late = false
	if n.Kind == store.KindRunnerOffline {
		o.offlinePeriods++
		if group, _ := alertingtest.DetectOffline(o.connectionEvidence(), n.Opened.Add(-time.Millisecond)); !o.offline.overlapping && o.offline.ongoing || !late && group.Since.Sub(n.Opened).Abs() > 10*time.Millisecond {
			o.fail("%s (offline: %v), but %+v", n.ID, o.offline.ongoing, group)
		}
		o.offline.ongoing, o.offline.since = true, n.Opened
		return
	}
	remaining := o.remainingFailures(n.Opened)
	if !o.offline.overlapping && (!o.offline.ongoing || !o.offline.since.Equal(n.Opened)) || !late && 10*remaining.Failed >= 8*remaining.Total {
		o.fail("%s (offline: %v), but %+v", n.ID, o.offline.ongoing, remaining)
	}
	o.offline.ongoing, o.offline.since, o.offline.until = false, n.Opened, n.Date
}

// remainingFailures counts the monitors that were OK before since, and how many of them still fail.
func (o *oracle) remainingFailures(since time.Time) alertingtest.Failures {
	var group alertingtest.Failures
	for _, e := range o.connectionEvidence() {
		turned := !e.WasNotOK && !e.Since.Before(since)
		if e.Status == monitor.StatusOK || turned {
			group.Total++
		}
		if e.Status == monitor.StatusFailed && turned {
			group.Failed++
		}
	}
	return group
}

// checkRunnerReported fails if no notification reports that the only runner, which is up to date, is offline or online.
func (o *oracle) checkRunnerReported(r *simulatedRunner) {
	if o.offline.overlapping {
		// The period and the results of the remaining runner count. The stored states may be from another one, which had
		// other results before.
		for _, m := range o.w.monitors {
			if own := r.current[m.ID]; own != nil {
				m.followOn(own)
			}
		}
		since, until := r.alerter.evaluator.Offline()
		o.offline = offlineTimes{overlapped: o.offline.overlapped, late: true, ongoing: !since.IsZero() && until.IsZero(), since: since, until: until}
		return
	}
	if remaining := o.remainingFailures(o.offline.since); o.offline.ongoing && remaining.Total > 0 && 10*remaining.Failed < 8*remaining.Total {
		o.fail("no notification that the runner is online again: %+v", remaining)
	}
	if group, offline := alertingtest.DetectOffline(o.connectionEvidence(), o.offline.until); offline && !o.offline.ongoing {
		o.fail("no notification that the runner is offline: %+v", group)
	}
}
