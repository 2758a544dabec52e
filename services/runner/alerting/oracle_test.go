package alerting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// oracle knows nothing of states and phases: it sees which results are stored, which messages are, and which arrive. It is
// the sender of the model, too.
type oracle struct {
	w *world
	// lives are what happened to each monitor.
	lives map[string]*life
	known map[string]bool
	// accepted and confirmed are the deliveries that arrived, and those whose fate is stored; lost are the messages of
	// which the fate may not have been stored.
	accepted, confirmed, lost map[string]bool
	alerts, ends, overlaps    int
	// released are the alerts of monitors with a parent.
	released, cutOffs int
	// cut are the times in which the runners may have been cut off, as they were told.
	cut cutTimes
}

// life is what happened to a monitor.
type life struct {
	results []store.Point
	// since is how many results there were when the monitor was last enabled or disabled, and witness who had it then.
	since   int
	witness *runner
	// incident is the last that was told of, open until its end was.
	incident int
	open     bool
	// double says that two runners judge the monitor, or did so and it isn't sure yet that they agree: then there may be a
	// message too many of an incident that is over. Sure is how many results there were when they agreed.
	double bool
	sure   int
}

func newOracle(w *world) *oracle {
	o := &oracle{
		w: w, lives: make(map[string]*life), known: make(map[string]bool), accepted: make(map[string]bool),
		confirmed: make(map[string]bool), lost: make(map[string]bool),
	}
	for _, m := range w.monitors {
		o.lives[m.ID] = &life{sure: -1}
	}
	return o
}

func (o *oracle) fail(format string, args ...any) {
	o.w.t.Helper()
	o.w.t.Fatalf("step %d: %s", o.w.step, fmt.Sprintf(format, args...))
}

// stored takes in the results in a state that was stored.
func (o *oracle) stored(m *watched, s *store.State) {
	l := o.lives[m.ID]
	for _, p := range s.History {
		if n := len(l.results); n == 0 || p.Date.After(l.results[n-1].Date) {
			l.results = append(l.results, p)
		}
	}
}

// reset is told that a monitor was enabled, disabled, deleted or made.
func (o *oracle) reset(m *watched) {
	l := o.lives[m.ID]
	l.since, l.witness = len(l.results), nil
	if rs := o.w.owners(); len(rs) > 0 && rs[0].calm {
		l.witness = rs[0]
	}
}

// repaired is told that a runner looked at what others told.
func (o *oracle) repaired(r *runner) {
	owners := o.w.owners()
	if len(owners) != 1 || owners[0] != r {
		return
	}
	for _, l := range o.lives {
		if l.double && l.sure < 0 {
			l.sure = len(l.results)
		}
	}
}

// operation is told of an operation of the store, before and after its effect.
func (o *oracle) operation(name, id string) {
	switch name {
	case "added":
		if !o.known[id] {
			o.known[id] = true
			o.told(*o.w.store.find(id))
		}
	case "PutDeliveries":
		for _, d := range o.w.store.find(id).Deliveries {
			if d.Status == store.DeliverySent {
				o.confirmed[id+" to "+d.To] = true
			}
		}
	}
}

// failed is told that an operation failed, before or after its effect.
func (o *oracle) failed(name, id string) {
	switch name {
	case "PutDeliveries":
		o.lost[id] = true
	case "AddNotifications", "added":
		o.cut.late = true
	}
}

// told judges a message that was just stored.
func (o *oracle) told(a store.Notification) {
	if a.MonitorID == "" {
		o.toldOfRunner(a)
		return
	}
	l := o.lives[a.MonitorID]
	if len(o.w.owners()) > 1 {
		l.double, l.sure = true, -1
		o.overlaps++
	}
	switch a.Kind {
	case store.KindOpened:
		o.alerts++
		if l.open || a.Incident != l.incident+1 {
			o.fail("%s after incident %d (open: %v)", a.ID, l.incident, l.open)
		}
		l.incident, l.open = a.Incident, true
	case store.KindResolved, store.KindClosed:
		o.ends++
		if a.Incident > l.incident || !l.double && !l.open {
			o.fail("%s after incident %d (open: %v)", a.ID, l.incident, l.open)
		}
		l.open = l.open && a.Incident != l.incident
	default:
		if a.Incident > l.incident || !l.double && !l.open {
			o.fail("%s after incident %d (open: %v)", a.ID, l.incident, l.open)
		}
	}
	if a.Kind != store.KindClosed && !l.double {
		o.owed(a, l)
	}
}

// owed judges whether the results owe a message.
func (o *oracle) owed(a store.Notification, l *life) {
	results := counted(l.results)
	n := len(results)
	if n == 0 || !results[n-1].Date.Equal(a.Date) || results[n-1].Status != a.Status {
		o.fail("%s of %v, %s, is not of the newest result that counts", a.ID, a.Date, a.Status)
	}
	// While there were two runners, each counted its own results; those that are excluded keep what was counted.
	row := o.row(l.results, bad(results[n-1]), false)
	mixed := l.sure >= 0 && (row == n || !l.results[l.sure].Date.Before(results[n-row-1].Date))
	ok := false
	switch a.Kind {
	case store.KindOpened:
		ok = bad(results[n-1]) && (mixed || row >= o.w.rules.FailCount)
		if !mixed && ok {
			o.mayBeRaised(a, l.results, results[n-row:])
		}
	case store.KindResolved:
		ok = !bad(results[n-1]) && (mixed || row >= o.w.rules.RecoveryCount)
	case store.KindEscalated:
		ok = a.Status == monitor.StatusFailed
	case store.KindReminder:
		ok = a.Status != monitor.StatusOK && o.w.rules.Reminder > 0
	}
	if !ok {
		o.fail("%s isn't owed by %v", a.ID, l.results[max(0, len(l.results)-5):])
	}
	if a.Kind != store.KindResolved && o.cut.on && !o.cut.double {
		o.fail("%s while the runner is cut off", a.ID)
	}
}

// look finds out whether people know of what is bad, and of nothing else, when whoever is to tell them has had the time.
func (o *oracle) look() {
	owners := o.w.owners()
	if len(owners) > 1 {
		for _, l := range o.lives {
			l.double, l.sure = true, -1
		}
	}
	o.cut.double = o.cut.double || len(owners) > 1
	if o.w.away || len(owners) != 1 || !owners[0].calm {
		return
	}
	for _, r := range o.w.alive() {
		if len(r.unstored) > 0 {
			return
		}
	}
	o.lookAtRunner(owners[0])
	for _, m := range o.w.monitors {
		l := o.lives[m.ID]
		if l.double && (l.sure < 0 || l.sure == len(l.results)) {
			continue
		}
		if l.double {
			l.double, l.since = false, max(l.since, l.sure)
		}
		results := l.results[l.since:]
		switch {
		case m.deleted || !m.Enabled:
			// Nobody needs to know at once of the deletion of what was deleted while nobody was there.
			if l.open && (!m.deleted || l.witness == owners[0] || o.w.ended) {
				o.fail("incident %d of %s is open, though it isn't checked", l.incident, m.ID)
			}
		case o.row(results, true, true) >= o.w.rules.FailCount && !l.open && o.mustBeRaised(m, results, owners[0].at):
			o.fail("silence: %s is bad, %d times, and nobody was told", m.ID, o.row(results, true, true))
		case o.row(results, false, true) >= o.w.rules.RecoveryCount && l.open:
			o.fail("%s is OK, %d times, and nobody was told of the end of incident %d", m.ID, o.row(results, false, true), l.incident)
		}
	}
}

// allArrived finds out whether all that was owed arrived everywhere.
func (o *oracle) allArrived() {
	for _, a := range o.w.store.alerts {
		if a.Kind == store.KindClosed {
			continue
		}
		if !a.Next.IsZero() || len(a.Deliveries) != 2 {
			o.fail("%s waits until %v, with %v, at %v", a.ID, a.Next, a.Deliveries, time.Now())
		}
		for _, d := range a.Deliveries {
			if d.Status != store.DeliverySent || !o.accepted[a.ID+" to "+d.To] {
				o.fail("%s: %+v", a.ID, d)
			}
		}
	}
}

// Channel, Recipients and Send make the oracle a sender: a slow one that often fails.
func (o *oracle) Channel() string                        { return "oracle" }
func (o *oracle) Recipients(store.Notification) []string { return []string{"one", "two"} }

func (o *oracle) Send(ctx context.Context, a store.Notification, to []string) []Outcome {
	list := make([]Outcome, len(to))
	for i, name := range to {
		select {
		case <-ctx.Done():
			list[i].Err = ctx.Err()
			continue
		case <-time.After(time.Duration(o.w.rng.IntN(3)) * time.Second):
		}
		if !o.w.ended && o.w.chance(300) {
			list[i].Err = errors.New("try again")
			continue
		}
		o.arrived(a, name)
	}
	return list
}

// arrived judges whether a message may arrive.
func (o *oracle) arrived(a store.Notification, to string) {
	key := a.ID + " to " + to
	if o.confirmed[key] || o.accepted[key] && !o.lost[a.ID] {
		o.w.t.Errorf("step %d: %s arrived twice", o.w.step, key)
	}
	o.accepted[key] = true
	if a.MonitorID == "" {
		if a.Kind == store.KindRunnerOnline && !o.accepted[store.RunnerNotificationID(store.KindRunnerOffline, a.Opened)+" to "+to] {
			o.w.t.Errorf("step %d: %s arrived before the message of which it is the end", o.w.step, key)
		}
		return
	}
	for _, b := range o.w.store.alerts {
		if b.MonitorID == a.MonitorID && b.Date.Before(a.Date) && b.Kind != store.KindClosed && !o.accepted[b.ID+" to "+to] &&
			!o.lives[a.MonitorID].double {
			o.w.t.Errorf("step %d: %s arrived before %s", o.w.step, key, b.ID)
		}
	}
}
