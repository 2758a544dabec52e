package alerting

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// entry is a monitor that is judged here.
type trackedMonitor struct {
	monitor monitor.Monitor
	// deleted says that the monitor is gone: once it is shut, so is its entry.
	deleted bool
	// state is where its alerting stands, stored what the store is known to have of that. They differ in Seen while all is well, since
	// OK results aren't worth a write, and after a message was found whose state was never stored.
	state, stored store.IncidentState
	// synced says that state takes in what is stored and told.
	loaded bool
	// accept says that a message which is stored already is the one that state owes.
	acceptStored bool
	// news is the newest state that isn't judged yet, or by which an alert waits.
	pending *store.State
	// found is what the newest result says of the runner's own connection.
	evidence evidence
}

func newTrackedMonitor(m monitor.Monitor) *trackedMonitor {
	s := store.IncidentState{MonitorID: m.ID, Phase: store.PhaseOK}
	return &trackedMonitor{monitor: m, state: s, stored: s}
}

// shutting reports whether the monitor is no longer judged, but for ending what goes on.
func (t *trackedMonitor) inactive() bool { return t.deleted || !t.monitor.Enabled }

// settled takes in what needs no store: all is well, and was before. It reports whether that is all that there is.
func (t *trackedMonitor) finishWithoutStore() bool {
	if t.inactive() {
		t.pending = nil
		return t.loaded && t.state.Phase == store.PhaseOK && !t.needsStoring(t.state)
	}
	switch {
	case !t.loaded:
		return false
	case t.pending == nil:
		return true
	case t.state.Phase != store.PhaseOK || t.needsStoring(t.state):
		return false
	}
	points := newPoints(t.state, t.pending.History)
	if slices.ContainsFunc(points, func(p store.Point) bool { return notOK(p) && p.Ignored == "" }) {
		return false
	}
	if len(points) > 0 {
		t.state.Evaluated = points[len(points)-1].Date
	}
	t.finish(t.state)
	return true
}

// unstored reports whether s is worth storing.
func (t *trackedMonitor) needsStoring(s store.IncidentState) bool {
	return s.Incident != t.stored.Incident || s.Phase != store.PhaseOK || t.stored.Phase != store.PhaseOK
}

// read takes in the state that the store has.
func (t *trackedMonitor) applyStored(s store.IncidentState) {
	t.stored = s
	if isAhead(s, t.state) {
		t.state = s
	}
}

// follow takes in what was told of the monitor.
func (t *trackedMonitor) applyNotifications(notifications []store.Notification) { t.state = applyNotifications(t.state, notifications) }

// next gives the state that follows from what is new, and the message owed, if any.
func (t *trackedMonitor) evaluate(r Rules, c conditions) (store.IncidentState, *event) {
	switch {
	case t.inactive() && t.state.Phase == store.PhaseOK:
		return t.state, nil
	case t.inactive():
		return closeIncident(t.state, c.now)
	case t.pending == nil:
		return t.state, nil
	case t.muted():
		s := t.state
		for _, p := range newPoints(s, t.pending.History) {
			s.Evaluated = p.Date
		}
		return s, nil
	default:
		return evaluate(t.state, t.pending.History, t.rules(r), c)
	}
}

// muted reports whether the monitor's alerting stands still: what happens meanwhile is not judged, not even later.
func (t *trackedMonitor) muted() bool { return t.monitor.Properties["alertMute"] == "true" }

// rules are r with what the monitor has of its own.
func (t *trackedMonitor) rules(r Rules) Rules {
	if n, err := strconv.Atoi(t.monitor.Properties["alertFailCount"]); err == nil {
		r.FailCount = n
	}
	return r
}

// recipients are those of e-mails that the monitor has of its own.
func (t *trackedMonitor) recipients() []string {
	return strings.FieldsFunc(t.monitor.Properties["alertTo"], func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// judged sets the state that follows from all that was new.
func (t *trackedMonitor) finish(s store.IncidentState) {
	t.state, t.acceptStored = s, false
	if !t.isWaiting() {
		t.pending = nil
	}
}

// waits reports whether an alert waits for the parent, so that the entry has to be looked at again without anything new of its
// monitor.
func (t *trackedMonitor) isWaiting() bool {
	return t.pending != nil && !t.inactive() && !t.muted() && isWaiting(t.state, t.pending.History)
}

// unsure says that work on the monitor failed half-way.
func (t *trackedMonitor) reload() { t.loaded, t.acceptStored = false, false }

// alert is the message o of the monitor, due at now. So many monitors depend on it.
func (t *trackedMonitor) notification(ev event, dependents int, now time.Time) store.Notification {
	n := store.Notification{
		ID:        store.NotificationID(t.monitor.ID, ev.incident, ev.kind, ev.reminder),
		MonitorID: t.monitor.ID, MonitorName: t.monitor.Name, MonitorType: t.monitor.Type,
		MonitorTarget: t.monitor.Target, Group: t.monitor.Group, To: t.recipients(),
		Incident: ev.incident, Kind: ev.kind, Opened: ev.opened,
		Status: ev.point.Status, Value: ev.point.Value, Date: ev.point.Date, Next: now,
	}
	if ev.kind != store.KindResolved && ev.kind != store.KindClosed {
		n.Dependents = dependents
	}
	switch {
	case ev.kind == store.KindClosed && t.deleted:
		n.Message = "the monitor was deleted"
	case ev.kind == store.KindClosed:
		n.Message = "the monitor was disabled"
	case ev.point.Date.Equal(t.pending.Latest.Date):
		n.Message = t.pending.Latest.Message
	}
	return n
}
