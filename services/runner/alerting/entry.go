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
type entry struct {
	monitor monitor.Monitor
	// deleted says that the monitor is gone: once it is shut, so is its entry.
	deleted bool
	// state is where its alerting stands, stored what the store is known to have of that. They differ in Seen while all is well, since
	// OK results aren't worth a write, and after a message was found whose state was never stored.
	state, stored store.IncidentState
	// synced says that state takes in what is stored and told.
	synced bool
	// accept says that a message which is stored already is the one that state owes.
	accept bool
	// news is the newest state that isn't judged yet, or by which an alert waits.
	news *store.State
	// found is what the newest result says of the runner's own connection.
	found sighting
}

func newEntry(m monitor.Monitor) *entry {
	s := store.IncidentState{MonitorID: m.ID, Phase: store.PhaseOK}
	return &entry{monitor: m, state: s, stored: s}
}

// shutting reports whether the monitor is no longer judged, but for ending what goes on.
func (e *entry) shutting() bool { return e.deleted || !e.monitor.Enabled }

// settled takes in what needs no store: all is well, and was before. It reports whether that is all that there is.
func (e *entry) settled() bool {
	if e.shutting() {
		e.news = nil
		return e.synced && e.state.Phase == store.PhaseOK && !e.unstored(e.state)
	}
	switch {
	case !e.synced:
		return false
	case e.news == nil:
		return true
	case e.state.Phase != store.PhaseOK || e.unstored(e.state):
		return false
	}
	points := unseen(e.state, e.news.History)
	if slices.ContainsFunc(points, func(p store.Point) bool { return bad(p) && p.Ignored == "" }) {
		return false
	}
	if len(points) > 0 {
		e.state.Evaluated = points[len(points)-1].Date
	}
	e.judged(e.state)
	return true
}

// unstored reports whether s is worth storing.
func (e *entry) unstored(s store.IncidentState) bool {
	return s.Incident != e.stored.Incident || s.Phase != store.PhaseOK || e.stored.Phase != store.PhaseOK
}

// read takes in the state that the store has.
func (e *entry) read(s store.IncidentState) {
	e.stored = s
	if further(s, e.state) {
		e.state = s
	}
}

// follow takes in what was told of the monitor.
func (e *entry) follow(told []store.Notification) { e.state = follow(e.state, told) }

// next gives the state that follows from what is new, and the message owed, if any.
func (e *entry) next(r Rules, a around) (store.IncidentState, *owed) {
	switch {
	case e.shutting() && e.state.Phase == store.PhaseOK:
		return e.state, nil
	case e.shutting():
		return shut(e.state, a.now)
	case e.news == nil:
		return e.state, nil
	case e.muted():
		s := e.state
		for _, p := range unseen(s, e.news.History) {
			s.Evaluated = p.Date
		}
		return s, nil
	default:
		return judge(e.state, e.news.History, e.rules(r), a)
	}
}

// muted reports whether the monitor's alerting stands still: what happens meanwhile is not judged, not even later.
func (e *entry) muted() bool { return e.monitor.Properties["alertMute"] == "true" }

// rules are r with what the monitor has of its own.
func (e *entry) rules(r Rules) Rules {
	if n, err := strconv.Atoi(e.monitor.Properties["alertFailCount"]); err == nil {
		r.FailCount = n
	}
	return r
}

// recipients are those of e-mails that the monitor has of its own.
func (e *entry) recipients() []string {
	return strings.FieldsFunc(e.monitor.Properties["alertTo"], func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// judged sets the state that follows from all that was new.
func (e *entry) judged(s store.IncidentState) {
	e.state, e.accept = s, false
	if !e.waits() {
		e.news = nil
	}
}

// waits reports whether an alert waits for the parent, so that the entry has to be looked at again without anything new of its
// monitor.
func (e *entry) waits() bool {
	return e.news != nil && !e.shutting() && !e.muted() && waits(e.state, e.news.History)
}

// unsure says that work on the monitor failed half-way.
func (e *entry) unsure() { e.synced, e.accept = false, false }

// alert is the message o of the monitor, due at now. So many monitors depend on it.
func (e *entry) alert(o owed, behind int, now time.Time) store.Notification {
	a := store.Notification{
		ID:        store.NotificationID(e.monitor.ID, o.incident, o.kind, o.reminder),
		MonitorID: e.monitor.ID, MonitorName: e.monitor.Name, MonitorType: e.monitor.Type,
		MonitorTarget: e.monitor.Target, Group: e.monitor.Group, To: e.recipients(),
		Incident: o.incident, Kind: o.kind, Opened: o.opened,
		Status: o.point.Status, Value: o.point.Value, Date: o.point.Date, Next: now,
	}
	if o.kind != store.KindResolved && o.kind != store.KindClosed {
		a.Dependents = behind
	}
	switch {
	case o.kind == store.KindClosed && e.deleted:
		a.Message = "the monitor was deleted"
	case o.kind == store.KindClosed:
		a.Message = "the monitor was disabled"
	case o.point.Date.Equal(e.news.Latest.Date):
		a.Message = e.news.Latest.Message
	}
	return a
}
