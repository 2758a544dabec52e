package alerting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/notify"
)

// oracle checks the alerter from the outside: it knows the stored results, the stored notifications and those that
// arrived, but no states and phases. It is also the channel of the simulation.
type oracle struct {
	w *world
	// records contains what happened to each monitor, known the ids of the stored notifications.
	records map[string]*record
	known   map[string]bool
	// accepted contains the deliveries that arrived, confirmed those whose status is stored, uncertain the notifications
	// whose deliveries may not be stored.
	accepted, confirmed, uncertain map[string]bool
	openings, closings, overlaps   int
	// ended contains the ids of the stored incidents that have ended.
	ended                      map[string]bool
	acknowledgements, silenced int
	warnings                   int
	// waited counts the incidents of monitors with a dependency.
	waited, offlinePeriods int
	// offline is the offline period of the runners, according to the notifications.
	offline offlineTimes
}

// record contains what happened to a monitor.
type record struct {
	results []store.Point
	// from is the number of results when the monitor was last enabled or disabled, watcher the runner that had it then.
	from    int
	watcher *simulatedRunner
	// incident is the number of the last incident, according to the notifications; open reports whether it is open.
	incident int
	open     bool
	// told reports whether people were notified of it.
	told bool
	// warned is the last notification of a warning, and ended the date of the end of the last incident. shared reports
	// whether two runners have ever had the monitor: then each has counted its own results.
	warned store.Notification
	ended  time.Time
	shared bool
	// overlapping reports whether two runners evaluate the monitor, or did and may still disagree: then there may be a
	// surplus notification of a resolved incident. agreedAt is the number of results when they agreed; -1 before.
	overlapping bool
	agreedAt    int
}

func newOracle(w *world) *oracle {
	o := &oracle{
		w: w, records: make(map[string]*record), known: make(map[string]bool), accepted: make(map[string]bool),
		confirmed: make(map[string]bool), uncertain: make(map[string]bool),
		ended: make(map[string]bool),
	}
	for _, m := range w.monitors {
		o.records[m.ID] = &record{agreedAt: -1}
	}
	return o
}

func (o *oracle) fail(format string, args ...any) {
	o.w.t.Helper()
	o.w.t.Fatalf("step %d: %s", o.w.step, fmt.Sprintf(format, args...))
}

// stored records the results in a state that was stored.
func (o *oracle) stored(m *simulatedMonitor, s *store.State) {
	rec := o.records[m.ID]
	for _, p := range s.History {
		if n := len(rec.results); n == 0 || p.Date.After(rec.results[n-1].Date) {
			rec.results = append(rec.results, p)
		}
	}
}

// monitorChanged records that a monitor was enabled, disabled, deleted or created.
func (o *oracle) monitorChanged(m *simulatedMonitor) {
	rec := o.records[m.ID]
	rec.from, rec.watcher = len(rec.results), nil
	if rs := o.w.owners(); len(rs) > 0 && rs[0].upToDate {
		rec.watcher = rs[0]
	}
}

// notificationsRead records that a runner has read the notifications of other runners.
func (o *oracle) notificationsRead(r *simulatedRunner) {
	owners := o.w.owners()
	if len(owners) != 1 || owners[0] != r {
		return
	}
	for _, rec := range o.records {
		if rec.overlapping && rec.agreedAt < 0 {
			rec.agreedAt = len(rec.results)
		}
	}
}

// operation records a store operation, before and after its effect.
func (o *oracle) operation(name, id string) {
	switch name {
	case "added":
		if !o.known[id] {
			o.known[id] = true
			o.checkNotification(*o.w.store.Find(id))
		}
	case "merged":
		o.checkIncident(o.w.store.StoredIncidents[id])
	case "PutDeliveries":
		for _, d := range o.w.store.Find(id).Deliveries {
			if d.Status == store.DeliverySent {
				o.confirmed[id+" to "+d.To] = true
			}
		}
	}
}

// operationFailed records that a store operation failed, before or after its effect.
func (o *oracle) operationFailed(name, id string) {
	switch name {
	case "PutDeliveries":
		o.uncertain[id] = true
	case "AddNotifications", "added":
		o.offline.late = true
	}
}

// checkNotification checks a notification that was just stored.
func (o *oracle) checkNotification(n store.Notification) {
	if n.MonitorID == "" {
		o.checkRunnerNotification(n)
		return
	}
	rec := o.records[n.MonitorID]
	if len(o.w.owners()) > 1 {
		rec.overlapping, rec.agreedAt = true, -1
		o.overlaps++
	}
	o.checkSilence(n, rec)
	switch n.Kind {
	case store.KindWarning:
		o.checkWarning(n, rec)
		return
	case store.KindOpened:
		o.openings++
		if rec.open || n.Incident != rec.incident+1 {
			o.fail("%s after incident %d (open: %v)", n.ID, rec.incident, rec.open)
		}
		rec.incident, rec.open = n.Incident, true
	case store.KindResolved, store.KindClosed:
		o.closings++
		if n.Incident > rec.incident || !rec.overlapping && !rec.open {
			o.fail("%s after incident %d (open: %v)", n.ID, rec.incident, rec.open)
		}
		rec.open, rec.ended = rec.open && n.Incident != rec.incident, n.Date
	default:
		if n.Incident > rec.incident || !rec.overlapping && !rec.open {
			o.fail("%s after incident %d (open: %v)", n.ID, rec.incident, rec.open)
		}
	}
	if n.Kind != store.KindClosed && !rec.overlapping {
		o.checkCause(n, rec)
	}
}

// checkCause fails unless the results require the notification.
func (o *oracle) checkCause(n store.Notification, rec *record) {
	results := counted(rec.results)
	count := len(results)
	if count == 0 || !results[count-1].Date.Equal(n.Date) || results[count-1].Status != n.Status {
		o.fail("%s of %v, %s, is not from the newest result that counts", n.ID, n.Date, n.Status)
	}
	// While there were two runners, each counted its own results.
	streak := o.streak(rec.results, notOK(results[count-1]), false)
	mixed := rec.agreedAt >= 0 && (streak == count || !rec.results[rec.agreedAt].Date.Before(results[count-streak-1].Date))
	ok := false
	switch n.Kind {
	case store.KindOpened:
		ok = notOK(results[count-1]) && (mixed || streak >= o.w.rules.FailCount)
		if !mixed && ok {
			o.checkMayOpen(n, rec.results, results[count-streak:])
		}
	case store.KindResolved:
		ok = !notOK(results[count-1]) && (mixed || streak >= o.w.rules.RecoveryCount)
	case store.KindEscalated:
		ok = n.Status == monitor.StatusFailed
	case store.KindReminder:
		ok = n.Status != monitor.StatusOK && (o.w.rules.Reminder > 0 || o.untold(n))
	}
	if !ok {
		o.fail("%s is not required by %v", n.ID, rec.results[max(0, len(rec.results)-5):])
	}
	if n.Kind != store.KindResolved && o.offline.ongoing && !o.offline.overlapping {
		o.fail("%s while the runner is offline", n.ID)
	}
}

// checkNothingMissing fails if a monitor should have an open incident and has none, or has one that should be closed.
// It checks nothing while the only runner may not have evaluated all results.
func (o *oracle) checkNothingMissing() {
	owners := o.w.owners()
	if len(owners) > 1 {
		for _, rec := range o.records {
			rec.overlapping, rec.agreedAt, rec.shared = true, -1, true
		}
	}
	o.offline.overlapping = o.offline.overlapping || len(owners) > 1
	if o.w.unavailable || len(owners) != 1 || !owners[0].upToDate {
		return
	}
	for _, r := range o.w.alive() {
		if len(r.unstored) > 0 {
			return
		}
	}
	o.checkRunnerReported(owners[0])
	for _, m := range o.w.monitors {
		rec := o.records[m.ID]
		if rec.overlapping && (rec.agreedAt < 0 || rec.agreedAt == len(rec.results)) {
			continue
		}
		if rec.overlapping {
			rec.overlapping, rec.from = false, max(rec.from, rec.agreedAt)
		}
		o.checkOpenIncident(m, rec)
		o.checkTold(m, rec)
		o.checkWarned(m, rec)
		results := rec.results[rec.from:]
		switch {
		case m.deleted || !m.Enabled:
			// If no runner was there at the deletion, the incident may close later.
			if rec.open && (!m.deleted || rec.watcher == owners[0] || o.w.ended) {
				o.fail("incident %d of %s is open, but the monitor is inactive", rec.incident, m.ID)
			}
		case o.streak(results, true, true) >= o.w.rules.FailCount && !rec.open && o.mustOpen(m, results, owners[0].evaluatedAt):
			o.fail("%s is not OK, %d times, and no incident opened", m.ID, o.streak(results, true, true))
		case o.streak(results, false, true) >= o.w.rules.RecoveryCount && rec.open:
			o.fail("%s is OK, %d times, and incident %d is still open", m.ID, o.streak(results, false, true), rec.incident)
		}
	}
}

// checkAllArrived fails unless all notifications arrived at all recipients, unless they were dropped.
func (o *oracle) checkAllArrived() {
	for _, n := range o.w.store.List {
		if n.Kind == store.KindClosed || n.Silenced {
			continue
		}
		if !n.Next.IsZero() || len(n.Deliveries) != 2 {
			o.fail("%s is due at %v, with %v, at %v", n.ID, n.Next, n.Deliveries, time.Now())
		}
		for _, d := range n.Deliveries {
			if !o.isDropped(n) && (d.Status != store.DeliverySent || !o.accepted[n.ID+" to "+d.To]) {
				o.fail("%s: %+v", n.ID, d)
			}
		}
	}
}

// Name, Recipients, SendsClosed and Send make the oracle a slow channel that often fails.
func (o *oracle) Name() string                 { return "oracle" }
func (o *oracle) Recipients([]string) []string { return []string{"one", "two"} }

func (o *oracle) SendsClosed() bool { return true }

func (o *oracle) Send(ctx context.Context, n notify.Message, to []string) []notify.Outcome {
	list := make([]notify.Outcome, len(to))
	for i, name := range to {
		select {
		case <-ctx.Done():
			list[i].Err = ctx.Err()
			continue
		case <-time.After(time.Duration(o.w.rng.IntN(3)) * time.Second):
		}
		if !o.w.ended && o.w.chance(300) {
			list[i].Err = errors.New("temporary failure")
			continue
		}
		o.checkArrival(n, name)
	}
	return list
}

// checkArrival fails if a notification arrives twice or before an earlier one.
func (o *oracle) checkArrival(n notify.Message, to string) {
	key := n.ID + " to " + to
	if o.confirmed[key] || o.accepted[key] && !o.uncertain[n.ID] {
		o.w.t.Errorf("step %d: %s arrived twice", o.w.step, key)
	}
	o.accepted[key] = true
	if n.MonitorID == "" {
		if n.Kind == string(store.KindRunnerOnline) && !o.accepted[store.RunnerNotificationID(store.KindRunnerOffline, n.Opened)+" to "+to] {
			o.w.t.Errorf("step %d: %s arrived before the notification that the runner is offline", o.w.step, key)
		}
		return
	}
	if o.isSilenced(n.MonitorID) {
		o.w.t.Errorf("step %d: %s arrived in a silence", o.w.step, key)
	}
	for _, earlier := range o.w.store.List {
		if !earlier.Silenced && earlier.MonitorID == n.MonitorID && earlier.Date.Before(n.Date) && earlier.Kind != store.KindClosed && !o.accepted[earlier.ID+" to "+to] &&
			!o.isDropped(earlier) && !o.records[n.MonitorID].overlapping {
			o.w.t.Errorf("step %d: %s arrived before %s", o.w.step, key, earlier.ID)
		}
	}
}
