package alerting

import (
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// cutTimes are the times in which the runners may have been cut off: what they told of it.
type cutTimes struct {
	on           bool
	since, until time.Time
	// double says that two runners judged, and it isn't sure yet which of their messages counts. Tangled says that they told of such times: the
	// next runner may go by either.
	double, tangled bool
	// late says that an insert failed: what was found then may be told later.
	late bool
}

// counted are the results that aren't excluded.
func counted(ps []store.Point) []store.Point {
	return slices.DeleteFunc(slices.Clone(ps), func(p store.Point) bool { return p.Ignored != "" })
}

// row is how many results that count are bad in a row, or OK, up to the end of ps. Bad ones that were found while the runner was cut
// off count no more; strictly, nothing does that was found before the end of that.
func (o *oracle) row(ps []store.Point, isBad, strict bool) int {
	n := 0
	for _, p := range slices.Backward(ps) {
		inside := !p.Date.Before(o.cut.since) && (o.cut.on || !p.Date.After(o.cut.until))
		if isBad && (strict && (o.cut.on || !p.Date.After(o.cut.until)) || inside && p.Ignored == "") {
			break
		}
		if p.Ignored != "" {
			continue
		}
		if bad(p) != isBad {
			break
		}
		n++
	}
	return n
}

// mayBeRaised judges an alert of a monitor by its parent. The streak is of results that count.
func (o *oracle) mayBeRaised(a store.Notification, all, streak []store.Point) {
	i := slices.IndexFunc(o.w.monitors, func(m *watched) bool { return m.ID == a.MonitorID })
	parent := o.w.parentOf(o.w.monitors[i])
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
			if !o.free(parent, p.Date, time.Now()) {
				o.fail("%s, of which the parent was not found well since %v: %+v", a.ID, p.Date, parent.state)
			}
			return
		}
	}
	o.fail("%s of a monitor that is blocked", a.ID)
}

// mustBeRaised reports whether nothing holds up an alert of m, at the time when it was judged.
func (o *oracle) mustBeRaised(m *watched, results []store.Point, at time.Time) bool {
	newest := results[len(results)-1]
	if newest.Ignored != "" || o.cut.on || o.cut.double {
		return false
	}
	parent := o.w.parentOf(m)
	return parent == nil || o.free(parent, newest.Date, at)
}

// free reports whether the parent holds up nothing that is due since then.
func (o *oracle) free(parent *watched, due, now time.Time) bool {
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
func (o *oracle) sightings() []sighting {
	var list []sighting
	for _, m := range o.w.monitors {
		if m.deleted || !m.Enabled || m.state == nil || m.state.Latest.Ignored == monitor.IgnoredMaintenance {
			continue
		}
		list = append(list, sighting{
			status: m.state.Latest.Status, since: m.state.Since, host: m.Target, within: m.Every() + 5*time.Second,
			wasBad: m.wasBad,
		})
	}
	return list
}

// toldOfRunner judges a message of no monitor.
func (o *oracle) toldOfRunner(a store.Notification) {
	o.cut.double = o.cut.double || len(o.w.owners()) > 1
	o.cut.tangled = o.cut.tangled || o.cut.double
	late := o.cut.late || o.cut.double
	o.cut.late = false
	if a.Kind == store.KindRunnerOffline {
		o.cutOffs++
		if found, _ := cutOffPlainly(o.sightings(), a.Opened.Add(-time.Millisecond)); !o.cut.double && o.cut.on || !late && found.since.Sub(a.Opened).Abs() > 10*time.Millisecond {
			o.fail("%s (on: %v), but %+v", a.ID, o.cut.on, found)
		}
		o.cut.on, o.cut.since = true, a.Opened
		return
	}
	left := o.left(a.Opened)
	if !o.cut.double && (!o.cut.on || !o.cut.since.Equal(a.Opened)) || !late && 10*left.failed >= 8*left.of {
		o.fail("%s (on: %v), but %+v", a.ID, o.cut.on, left)
	}
	o.cut.on, o.cut.since, o.cut.until = false, a.Opened, a.Date
}

// left is how many of those that were well at since, or turned later, are failed.
func (o *oracle) left(since time.Time) breakdown {
	var b breakdown
	for _, f := range o.sightings() {
		turned := !f.wasBad && !f.since.Before(since)
		if f.status == monitor.StatusOK || turned {
			b.of++
		}
		if f.status == monitor.StatusFailed && turned {
			b.failed++
		}
	}
	return b
}

// lookAtRunner finds out whether people know that the only runner, which has had the time, is cut off, or connected.
func (o *oracle) lookAtRunner(r *runner) {
	if o.cut.double {
		// What the one that is left goes by counts, and that is its own results.
		out := r.alerter.judging.outage
		o.cut = cutTimes{tangled: o.cut.tangled, late: true, on: out.on(), since: out.since, until: out.until}
		return
	}
	if left := o.left(o.cut.since); o.cut.on && left.of > 0 && 10*left.failed < 8*left.of {
		o.fail("nobody was told that the runner is connected again: %+v", left)
	}
	if found, cut := cutOffPlainly(o.sightings(), o.cut.until); cut && !o.cut.on {
		o.fail("nobody was told that the runner is cut off: %+v", found)
	}
}
