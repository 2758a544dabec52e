package incident

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/plain"
	"nanomon/services/common/store"
)

// maxLoggedRecipient is the number of characters of an invalid recipient that are logged.
const maxLoggedRecipient = 40

// trackedMonitor is a monitor that the evaluator is responsible for.
type trackedMonitor struct {
	monitor monitor.Monitor
	// isPush reports whether the results of the monitor come from pings.
	isPush bool
	// deleted reports whether the monitor was deleted. The evaluator tracks it until its incident is closed.
	deleted bool
	// state is the current state, and stored is the state in the store. They differ in two cases: while the monitor is OK,
	// only state has the newest Evaluated, because OK results cause no write; and state includes a notification whose
	// state was never stored.
	state, stored store.IncidentState
	// loaded reports whether state includes the stored state and the stored notifications.
	loaded bool
	// recorded reports whether the stored incidents agree with state; see [incidents.record].
	recorded bool
	// record contains the changing fields of the stored open incident.
	record record
	// counted is the severity for which the open incident is counted; OK if there is none. See [counts].
	counted monitor.Status
	// acceptStored reports whether a notification that is already stored is the one that the next evaluation requires.
	acceptStored bool
	// pending is the newest state of results that is not evaluated yet, or that waits for the dependency; nil if there is
	// none.
	pending *store.State
	// evidence is taken from the newest result, to detect whether the runner is offline.
	evidence evidence
}

func newTrackedMonitor(m monitor.Monitor) *trackedMonitor {
	s := store.IncidentState{MonitorID: m.ID, Phase: store.PhaseOK}
	return &trackedMonitor{monitor: m, state: s, stored: s}
}

// inactive reports whether the monitor is deleted or disabled: then an open incident is closed and results are ignored.
func (t *trackedMonitor) inactive() bool { return t.deleted || !t.monitor.Enabled }

// finishWithoutStore evaluates results that need no store call, because the monitor is OK and was OK before. It reports
// whether nothing is left to evaluate.
func (t *trackedMonitor) finishWithoutStore(r Rules) bool {
	if t.inactive() {
		t.pending = nil
		return t.loaded && t.recorded && t.state.Phase == store.PhaseOK && !t.needsStoring(t.state)
	}
	switch {
	case !t.loaded, !t.recorded:
		return false
	case t.pending == nil:
		return true
	case t.state.Phase != store.PhaseOK || t.needsStoring(t.state):
		return false
	}
	points := newPoints(t.state, t.pending.History)
	if !t.muted() && changesWarning(t.state.Warning, points, r) {
		return false
	}
	if slices.ContainsFunc(points, func(p store.Point) bool { return notOK(p) && p.Ignored == "" }) {
		return false
	}
	if len(points) > 0 {
		last := points[len(points)-1]
		t.state = t.state.Advance(last.Date, last.Number())
	}
	t.finish(t.state)
	return true
}

// needsStoring reports whether s must be stored: only a newer Evaluated in PhaseOK is not worth a write.
func (t *trackedMonitor) needsStoring(s store.IncidentState) bool {
	return !s.Warning.Equal(t.stored.Warning) || s.Incident != t.stored.Incident || s.Phase != store.PhaseOK || t.stored.Phase != store.PhaseOK
}

// applyStored applies the stored state s.
func (t *trackedMonitor) applyStored(s store.IncidentState) {
	t.stored = s
	if isAhead(s, t.state) {
		t.set(s)
	}
}

// set sets a state that another runner has stored or notified of. If the incident is another one, or has ended, the
// stored incidents may not agree, because that runner crashed or is of an earlier version.
func (t *trackedMonitor) set(s store.IncidentState) {
	if s.Incident != t.state.Incident || isOpen(s) != isOpen(t.state) {
		t.recorded = false
	}
	t.state = s
}

// applyNotifications applies the stored notifications of the monitor. They may be about pending results, which are not
// evaluated again then: only their warnings are still to be counted.
func (t *trackedMonitor) applyNotifications(notifications []store.Notification, r Rules, offline offlinePeriod) {
	next := applyNotifications(t.state, notifications)
	if t.pending != nil {
		points := newPoints(t.state, t.pending.History)
		evaluated := points[:len(points)-min(len(points), len(newPoints(next, t.pending.History)))]
		next.Warning = advanceWarning(next.Warning, evaluated, t.rules(r), offline)
	}
	t.set(next)
}

// evaluate returns the state after the pending results, and the event that they cause, if any.
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
			s = s.Advance(p.Date, p.Number())
		}
		return s, nil
	default:
		return evaluate(t.state, t.pending.History, t.rules(r), c)
	}
}

// muted reports whether the monitor is muted. Its results are skipped and don't count later either.
func (t *trackedMonitor) muted() bool { return t.monitor.IsMuted() }

// rules returns r with the monitor's own settings.
func (t *trackedMonitor) rules(r Rules) Rules {
	if t.isPush { // Its job reports once for each run, so waiting for more results would take too long.
		r.FailCount = 1
	}
	if n, err := strconv.Atoi(t.setting("alertFailCount")); err == nil {
		r.FailCount = n
	}
	r.inverted, r.isPush = t.monitor.IsInverted(), t.isPush
	return r
}

// setting returns a property that is not text, without the blanks around it, which a stored monitor may have.
func (t *trackedMonitor) setting(name string) string {
	return strings.TrimSpace(t.monitor.Properties[name])
}

// recipients returns the monitor's own e-mail recipients, if any. Earlier versions stored any text and number of
// recipients: it logs and ignores what is not an address, and the addresses after the first [monitor.MaxRecipients].
func (t *trackedMonitor) recipients(log *slog.Logger) []string {
	addresses, invalid := monitor.ParseRecipients(t.monitor.Properties[monitor.AlertTo])
	allowed := addresses[:min(len(addresses), monitor.MaxRecipients)]
	if tooMany := len(addresses) - len(allowed); tooMany > 0 || len(invalid) > 0 {
		first := ""
		if len(invalid) > 0 {
			first = plain.Shorten(invalid[0], maxLoggedRecipient)
		}
		log.Warn("ignored recipients of alertTo", "monitor_id", t.monitor.ID, "monitor", t.monitor.Name,
			"invalid", len(invalid), "first_invalid", first, "too_many", tooMany, "allowed", monitor.MaxRecipients)
	}
	return allowed
}

// finish sets the state after an evaluation. The results stay pending only if an incident waits for the dependency.
func (t *trackedMonitor) finish(s store.IncidentState) {
	t.state, t.acceptStored = s, false
	if !t.isWaiting() {
		t.pending = nil
	}
}

// isWaiting reports whether an incident waits for the dependency, so that the monitor must be evaluated again without a
// new result.
func (t *trackedMonitor) isWaiting() bool {
	return t.pending != nil && !t.inactive() && !t.muted() && isWaiting(t.state, t.pending.History)
}

// reload makes the next round read the stored state and notifications again, after a failed round.
func (t *trackedMonitor) reload() { t.loaded, t.recorded, t.acceptStored = false, false, false }

// notification returns the notification of ev, due now and not masked. dependents is the number of monitors that depend
// on this one.
func (t *trackedMonitor) notification(ev event, dependents int, now time.Time, log *slog.Logger,
) store.Notification {
	n := store.Notification{
		ID:        store.NotificationID(t.monitor.ID, ev.incident, ev.kind, ev.reminder),
		MonitorID: t.monitor.ID, MonitorName: t.monitor.Name, MonitorType: t.monitor.Type,
		MonitorTarget: t.monitor.Target, Group: t.monitor.Group, To: t.recipients(log),
		Incident: ev.incident, Kind: ev.kind, Opened: ev.opened,
		Status: ev.point.Status, Value: ev.point.Value, Date: ev.point.Date, Next: now, Silenced: ev.silenced,
	}
	if ev.kind == store.KindWarning {
		n.ID = store.WarningNotificationID(t.monitor.ID, ev.opened)
	}
	if ev.silenced {
		n.Next = time.Time{}
	}
	if ev.point.Status != monitor.StatusOK && ev.kind != store.KindClosed {
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
