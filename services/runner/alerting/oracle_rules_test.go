package alerting

import (
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// cutTimes are the times in which the runners may have been cut off: what they told of it.
type offlineTimes struct {
	ongoing      bool
	since, until time.Time
	// double says that two runners judged, and it isn't sure yet which of their messages counts. Tangled says that they told of such times: the
	// next runner may go by either.
	overlapping, overlapped bool
	// late says that an insert failed: what was found then may be told later.
	late bool
}

// counted are the results that aren't excluded.
func counted(ps []store.Point) []store.Point {
	return slices.DeleteFunc(slices.Clone(ps), func(p store.Point) bool { return p.Ignored != "" })
}

// row is how many results that count are bad in a row, or OK, up to the end of ps. Bad ones that were found while the runner was cut
// off count no more; strictly, nothing does that was found before the end of that.
func (o *oracle) streak(ps []store.Point, isBad, strict bool) int {
	n := 0
	for _, p := range slices.Backward(ps) {
		inside := !p.Date.Before(o.offline.since) && (o.offline.ongoing || !p.Date.After(o.offline.until))
		if isBad && (strict && (o.offline.ongoing || !p.Date.After(o.offline.until)) || inside && p.Ignored == "") {
			break
		}
		if p.Ignored != "" {
			continue
		}
		if notOK(p) != isBad {
			break
		}
		n++
	}
	return n
}

// mayBeRaised judges an alert of a monitor by its parent. The streak is of results that count.
func (o *oracle) checkMayOpen(n store.Notification, all, streak []store.Point) {
	i := slices.IndexFunc(o.w.monitors, func(m *simulatedMonitor) bool { return m.ID == n.MonitorID })
	parent := o.w.dependencyOf(o.w.monitors[i])
	if parent == nil {
		return
	}
	o.released++
	blocked := time.Time{}
	for _, p := range all {
		if p.Ignored == monitor.IgnoredBlocked {
			blocked = p.Date
		}
	}
	for _, p := range streak[o.w.rules.FailCount-1:] {
		if p.Date.After(blocked) {
			if !o.dependencyAllows(parent, p.Date, time.Now()) {
				o.fail("%s, of which the parent was not found well since %v: %+v", n.ID, p.Date, parent.state)
			}
			return
		}
	}
	o.fail("%s of a monitor that is blocked", n.ID)
}

// mustBeRaised reports whether nothing holds up an alert of m, at the time when it was judged.
func (o *oracle) mustOpen(m *simulatedMonitor, results []store.Point, at time.Time) bool {
	newest := results[len(results)-1]
	if newest.Ignored != "" || o.offline.ongoing || o.offline.overlapping {
		return false
	}
	parent := o.w.dependencyOf(m)
	return parent == nil || o.dependencyAllows(parent, newest.Date, at)
}

// free reports whether the parent holds up nothing that is due since then.
func (o *oracle) dependencyAllows(parent *simulatedMonitor, due, now time.Time) bool {
	last := due
	if s := parent.state; s != nil && s.Latest.Date.After(due) {
		if s.Latest.Status == monitor.StatusOK {
			return true
		}
		last = s.Latest.Date
	}
	return now.Sub(last) > monitor.StaleAfter(parent.Every())
}

// sightings is what the stored results say of the runners' connection.
func (o *oracle) connectionEvidence() []evidence {
	var list []evidence
	for _, m := range o.w.monitors {
		if m.deleted || !m.Enabled || m.state == nil || m.state.Latest.Ignored == monitor.IgnoredMaintenance {
			continue
		}
		list = append(list, evidence{
			status: m.state.Latest.Status, since: m.state.Since, host: m.Target, maxDelay: m.Every() + 5*time.Second,
			wasNotOK: m.wasNotOK,
		})
	}
	return list
}

// toldOfRunner judges a message of no monitor.
func (o *oracle) checkRunnerNotification(n store.Notification) {
	o.offline.overlapping = o.offline.overlapping || len(o.w.owners()) > 1
	o.offline.overlapped = o.offline.overlapped || o.offline.overlapping
	late := o.offline.late || o.offline.overlapping
	o.offline.late = false
	if n.Kind == store.KindRunnerOffline {
		o.offlinePeriods++
		if found, _ := detectOfflineSimply(o.connectionEvidence(), n.Opened.Add(-time.Millisecond)); !o.offline.overlapping && o.offline.ongoing || !late && found.since.Sub(n.Opened).Abs() > 10*time.Millisecond {
			o.fail("%s (on: %v), but %+v", n.ID, o.offline.ongoing, found)
		}
		o.offline.ongoing, o.offline.since = true, n.Opened
		return
	}
	left := o.remainingFailures(n.Opened)
	if !o.offline.overlapping && (!o.offline.ongoing || !o.offline.since.Equal(n.Opened)) || !late && 10*left.failed >= 8*left.total {
		o.fail("%s (on: %v), but %+v", n.ID, o.offline.ongoing, left)
	}
	o.offline.ongoing, o.offline.since, o.offline.until = false, n.Opened, n.Date
}

// left is how many of those that were well at since, or turned later, are failed.
func (o *oracle) remainingFailures(since time.Time) failureGroup {
	var b failureGroup
	for _, f := range o.connectionEvidence() {
		turned := !f.wasNotOK && !f.since.Before(since)
		if f.status == monitor.StatusOK || turned {
			b.total++
		}
		if f.status == monitor.StatusFailed && turned {
			b.failed++
		}
	}
	return b
}

// lookAtRunner finds out whether people know that the only runner, which has had the time, is cut off, or connected.
func (o *oracle) checkRunnerReported(r *simulatedRunner) {
	if o.offline.overlapping {
		// What the one that is left goes by counts, and that is its own results.
		out := r.alerter.evaluator.offline
		o.offline = offlineTimes{overlapped: o.offline.overlapped, late: true, ongoing: out.ongoing(), since: out.since, until: out.until}
		return
	}
	if left := o.remainingFailures(o.offline.since); o.offline.ongoing && left.total > 0 && 10*left.failed < 8*left.total {
		o.fail("nobody was told that the runner is connected again: %+v", left)
	}
	if found, cut := detectOfflineSimply(o.connectionEvidence(), o.offline.until); cut && !o.offline.ongoing {
		o.fail("nobody was told that the runner is cut off: %+v", found)
	}
}
