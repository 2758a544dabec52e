package incident

import (
	"context"
	"maps"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/masking"
)

// messageInterval is the minimum time between two changes of the latest message of an incident.
const messageInterval = time.Minute

// record contains the fields of a monitor's stored incident that may change.
type record struct {
	severity monitor.Status
	// message is the latest stored message, before it was masked, and updated the date of its result.
	message string
	updated time.Time
}

// eachPage calls do with up to pageSize items at a time and stops at the first error.
func eachPage[T any](items []T, do func([]T) error) error {
	for page := range slices.Chunk(items, pageSize) {
		if err := do(page); err != nil {
			return err
		}
	}
	return nil
}

// incidents stores the incidents of monitors.
type incidents struct {
	store Store
	types Types
}

// record makes the stored incidents of the monitors agree with their states, unless they are known to agree.
// They don't after an upgrade, after a crash between the writes of an event, and after a runner of an earlier version has
// had the monitors. It must succeed before a monitor is evaluated, so that a monitor never has two open incidents.
func (s incidents) record(ctx context.Context, monitors []*trackedMonitor, all monitorSet) error {
	unrecorded := slices.DeleteFunc(slices.Clone(monitors), func(t *trackedMonitor) bool { return t.recorded })
	return eachPage(unrecorded, func(page []*trackedMonitor) error {
		ids := make([]string, len(page))
		for i, t := range page {
			ids[i] = t.monitor.ID
		}
		list, err := s.open(ctx, ids)
		if err != nil {
			return err
		}
		open := make(map[string][]store.Incident)
		for _, i := range list {
			open[i.MonitorID] = append(open[i.MonitorID], i)
		}
		var ended []store.Incident
		missing := make(map[string]*trackedMonitor)
		for _, t := range page {
			past, found := t.compare(open[t.monitor.ID])
			ended = append(ended, past...)
			if isOpen(t.state) && !found {
				missing[store.IncidentID(t.monitor.ID, t.state.Incident)] = t
			}
		}
		restored, err := s.restore(ctx, missing, all)
		if err != nil {
			return err
		}
		for _, list := range [][]store.Incident{ended, restored} { // in this order, so that never two are open
			if err := s.merge(ctx, list); err != nil {
				return err
			}
		}
		for _, t := range page {
			t.recorded = true
		}
		return nil
	})
}

// open returns the stored open incidents of the monitors, or of all monitors if ids is nil.
func (s incidents) open(ctx context.Context, ids []string) ([]store.Incident, error) {
	return store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.Incident, error) {
		return s.store.OpenIncidents(ctx, ids)
	})
}

// compare compares the stored open incidents of the monitor with its state. If there is a later one, the state was not
// stored, and compare sets it. It returns the ends of the incidents that have ended according to the state, and reports
// whether that of the state is stored as open.
func (t *trackedMonitor) compare(open []store.Incident) (ended []store.Incident, found bool) {
	for _, i := range open {
		if i.Number > t.state.Incident {
			t.state = store.IncidentState{
				MonitorID: t.monitor.ID, Phase: store.PhaseOpen, Evaluated: i.Opened, Sequence: t.state.Sequence,
				Incident: i.Number, Opened: i.FirstNotOK, Severity: i.Severity, LastNotified: i.Opened,
				Warning: t.state.Warning,
			}
		}
	}
	for _, i := range open {
		if isOpen(t.state) && i.Number == t.state.Incident {
			t.record, found = record{i.Severity, i.Message, i.Opened}, true
			continue
		}
		i.Resolved = t.state.Evaluated
		if i.Number < t.state.Incident && !t.state.Opened.IsZero() {
			i.Resolved = t.state.Opened
		}
		if i.Resolved.Before(i.Opened) { // The clock was set back.
			i.Resolved = i.Opened
		}
		ended = append(ended, i)
	}
	return ended, found
}

// restore returns the open incidents that are missing in the store. missing contains their monitors by the id of the
// incident. Most of the content is from the "opened" notification; if it has expired, the incident has no message.
func (s incidents) restore(
	ctx context.Context, missing map[string]*trackedMonitor, all monitorSet,
) ([]store.Incident, error) {
	restored := make(map[string]store.Incident, len(missing))
	var opened []string
	for id, t := range missing {
		state := t.state
		opened = append(opened, store.NotificationID(t.monitor.ID, state.Incident, store.KindOpened, 0))
		restored[id] = store.Incident{
			ID: id, MonitorID: t.monitor.ID, Number: state.Incident, MonitorName: t.monitor.Name, Group: t.monitor.Group,
			FirstNotOK: state.Opened, Opened: state.Opened, Severity: max(state.Severity, monitor.StatusError),
			Dependents: limitDependents(all.dependentsOf(t.monitor.ID)),
		}
	}
	err := eachPage(opened, func(ids []string) error {
		notifications, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.Notification, error) {
			return s.store.NotificationsByID(ctx, ids)
		})
		for _, n := range notifications {
			id := store.IncidentID(n.MonitorID, n.Incident)
			n = masking.Notification(n, missing[id].monitor, s.types.Secrets())
			i := restored[id]
			i.MonitorName, i.Group, i.FirstNotOK, i.Opened = n.MonitorName, n.Group, n.Opened, n.Date
			i.FirstMessage, i.Message = n.Message, n.Message
			restored[id] = i
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for id, i := range restored {
		missing[id].record = record{i.Severity, i.Message, i.Opened}
	}
	return slices.Collect(maps.Values(restored)), nil
}

// limitDependents returns the first [store.MaxDependents] ids.
func limitDependents(ids []string) []string { return ids[:min(len(ids), store.MaxDependents)] }

// changedIncident returns the change of the stored incident by the event of the evaluation. n is the notification of the
// event.
func (eval evaluation) changedIncident(n store.Notification, dependents []string) *store.Incident {
	before := eval.tracked.state
	i := &store.Incident{
		ID: store.IncidentID(n.MonitorID, n.Incident), MonitorID: n.MonitorID, Number: n.Incident,
		MonitorName: n.MonitorName, Group: n.Group, FirstNotOK: n.Opened, Opened: n.Date,
		Severity: max(n.Status, before.Severity, monitor.StatusError),
	}
	switch {
	case endsIncident(n.Kind):
		i.Opened, i.Resolved, i.Closed = n.Opened, n.Date, n.Kind == store.KindClosed
		if i.Resolved.Before(i.FirstNotOK) {
			i.Resolved = i.FirstNotOK
		}
	case n.Kind == store.KindOpened:
		i.Severity, i.FirstMessage, i.Dependents = n.Status, n.Message, limitDependents(dependents)
		fallthrough
	default:
		i.Message = n.Message
	}
	return i
}

// updated returns the change of the stored incident by a result without an event: a worse severity, or another
// message, at most once in messageInterval. It returns nil if there is nothing to store.
func (s incidents) updated(eval evaluation, offline offlinePeriod) *store.Incident {
	t := eval.tracked
	if !isOpen(eval.next) || t.pending == nil || t.inactive() || t.muted() {
		return nil
	}
	r := t.pending.Latest
	if r.Status == monitor.StatusOK || r.Ignored != "" || offline.covers(r.Date) {
		return nil
	}
	changed := r.Message != t.record.message && r.Date.Sub(t.record.updated).Abs() >= messageInterval
	if r.Status <= t.record.severity && !changed {
		return nil
	}
	n := masking.Notification(store.Notification{
		MonitorID: t.monitor.ID, MonitorName: t.monitor.Name, MonitorTarget: t.monitor.Target, Group: t.monitor.Group,
		Incident: eval.next.Incident, Opened: eval.next.Opened, Date: r.Date, Status: r.Status, Message: r.Message,
	}, t.monitor, s.types.Secrets())
	return eval.changedIncident(n, nil)
}

// mergeChanges stores the changes of the incidents.
func (s incidents) mergeChanges(ctx context.Context, evaluations []evaluation) error {
	var changes []store.Incident
	for _, eval := range evaluations {
		if eval.incident != nil {
			changes = append(changes, *eval.incident)
		}
	}
	if err := s.merge(ctx, changes); err != nil {
		return err
	}
	for _, eval := range evaluations {
		if t := eval.tracked; eval.incident != nil && t.pending != nil {
			t.record = record{eval.incident.Severity, t.pending.Latest.Message, t.pending.Latest.Date}
		}
	}
	return nil
}

func (s incidents) merge(ctx context.Context, list []store.Incident) error {
	if len(list) == 0 {
		return nil
	}
	return store.Do(ctx, store.LongCall, func(ctx context.Context) error { return s.store.MergeIncidents(ctx, list) })
}
