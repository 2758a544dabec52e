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

// Store is the part of [store.Store] that the evaluator needs.
type Store interface {
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	IncidentStates(ctx context.Context, monitorIDs []string) ([]store.IncidentState, error)
	PutIncidentStates(ctx context.Context, states []store.IncidentState) error
	AddNotifications(ctx context.Context, list []store.Notification) (known []string, err error)
	Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error)
	StatesOf(ctx context.Context, monitorIDs []string) ([]store.State, error)
	NotificationsByID(ctx context.Context, ids []string) ([]store.Notification, error)
	MergeIncidents(ctx context.Context, incidents []store.Incident) error
	IncidentsByID(ctx context.Context, ids []string) ([]store.Incident, error)
	OpenIncidents(ctx context.Context, monitorIDs []string) ([]store.Incident, error)
	Silences(ctx context.Context, now time.Time) ([]store.Silence, error)
}

// load reads the stored states of the monitors, and the notifications since their last results unless all monitors were
// loaded before. Then it makes the stored incidents agree.
func (e *Evaluator) load(ctx context.Context, work []*trackedMonitor) error {
	if err := e.readStates(ctx, work); err != nil {
		return err
	}
	unloaded := slices.DeleteFunc(slices.Clone(work), func(t *trackedMonitor) bool { return t.loaded })
	if len(unloaded) == 0 {
		return e.incidents.record(ctx, work, e.monitors)
	}
	oldest := slices.MinFunc(unloaded, func(a, b *trackedMonitor) int {
		return a.state.Evaluated.Compare(b.state.Evaluated)
	})
	if err := e.readNotifications(ctx, oldest.state.Evaluated); err != nil {
		return err
	}
	for _, t := range unloaded {
		t.loaded = true
	}
	return e.incidents.record(ctx, work, e.monitors)
}

// readStates reads and applies the stored states of the monitors.
func (e *Evaluator) readStates(ctx context.Context, monitors []*trackedMonitor) error {
	for part := range slices.Chunk(monitors, pageSize) {
		ids := make([]string, len(part))
		for i, t := range part {
			ids[i] = t.monitor.ID
		}
		states, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.IncidentState, error) {
			return e.store.IncidentStates(ctx, ids)
		})
		if err != nil {
			return err
		}
		for _, s := range states {
			if t := e.tracked[s.MonitorID]; t != nil {
				t.applyStored(s)
			}
		}
	}
	return nil
}

// readNotifications reads and applies the notifications since the given time. The first read covers firstReadPeriod.
func (e *Evaluator) readNotifications(ctx context.Context, since time.Time) error {
	if start := e.now().Add(-firstReadPeriod); !e.notificationsRead || since.Before(start) {
		since = start
	}
	byMonitor := make(map[string][]store.Notification)
	f := store.NotificationFilter{Limit: pageSize}
	for {
		page, err := e.listNotifications(ctx, f)
		if err != nil {
			return err
		}
		for _, n := range page {
			byMonitor[n.MonitorID] = append(byMonitor[n.MonitorID], n)
		}
		if len(page) < f.Limit || page[len(page)-1].Date.Before(since) {
			break
		}
		last := page[len(page)-1]
		f.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
	var others []monitor.Monitor
	if !e.notificationsRead {
		open, err := e.incidents.open(ctx, nil)
		if err != nil {
			return err
		}
		others = monitorsOf(open)
	}
	for id, notifications := range byMonitor {
		if t := e.tracked[id]; t != nil {
			if t.applyNotifications(notifications, e.rules, e.offline); !t.recorded {
				e.pending[id] = true
			}
		} else if n := notifications[0]; id != "" && isOpen(applyNotifications(store.IncidentState{}, notifications)) {
			others = append(others, monitor.Monitor{
				ID: id, Name: n.MonitorName, Type: n.MonitorType, Target: n.MonitorTarget, Group: n.Group,
			})
		}
	}
	if err := e.trackDeleted(ctx, others); err != nil {
		return err
	}
	if !e.notificationsRead {
		e.offline = lastOfflinePeriod(byMonitor[""], e.runner)
	}
	e.notificationsRead = true
	return nil
}

// readDependencies reads the newest results of the dependencies that incidents wait for. The date of a result is zero
// if a dependency has none.
func (e *Evaluator) readDependencies(ctx context.Context, work []*trackedMonitor) (map[string]store.Point, error) {
	newest := make(map[string]store.Point)
	for _, t := range work {
		if id := e.monitors.dependencies[t.monitor.ID].ID; id != "" && !t.state.WaitingSince.IsZero() {
			newest[id] = store.Point{}
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(newest)), pageSize) {
		states, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.State, error) {
			return e.store.StatesOf(ctx, ids)
		})
		if err != nil {
			return nil, err
		}
		for _, s := range states {
			newest[s.MonitorID] = store.Point{Date: s.Latest.Date, Status: s.Latest.Status}
		}
	}
	return newest, nil
}

func (e *Evaluator) listNotifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error) {
	return store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.Notification, error) {
		return e.store.Notifications(ctx, f)
	})
}

// evaluation is the result of evaluating one monitor: its next state, and the event, if any.
type evaluation struct {
	tracked *trackedMonitor
	next    store.IncidentState
	event   *event
	// incident is the change of the stored incident; nil if there is none.
	incident *store.Incident
}

// process evaluates the monitors and stores the notifications, then the incidents and then the states. It returns the
// monitors that must be evaluated again because another runner has stored their notification first.
func (e *Evaluator) process(ctx context.Context, work []*trackedMonitor, dependencies map[string]store.Point,
	now time.Time,
) ([]*trackedMonitor, error) {
	r := round{e.rules, e.monitors, dependencies, e.offline, now}
	evaluations, err := r.evaluate(ctx, work, e.store)
	if err != nil {
		return nil, err
	}
	conflicts, err := e.addNotifications(ctx, evaluations, now)
	if err != nil {
		return nil, err
	}
	evaluations = slices.DeleteFunc(evaluations, func(eval evaluation) bool { return conflicts[eval.tracked] })
	if err := e.incidents.mergeChanges(ctx, evaluations); err != nil {
		return nil, err
	}
	if err := e.putStates(ctx, evaluations); err != nil {
		return nil, err
	}
	for _, eval := range evaluations {
		eval.tracked.finish(eval.next)
		e.done(eval.tracked)
	}
	return e.resolveConflicts(ctx, slices.DeleteFunc(work, func(t *trackedMonitor) bool { return !conflicts[t] }))
}

// addNotifications stores the notifications of the evaluations, and returns the monitors whose notification was stored
// before.
func (e *Evaluator) addNotifications(ctx context.Context, evaluations []evaluation, now time.Time) (
	conflicts map[*trackedMonitor]bool, err error,
) {
	var notifications []store.Notification
	var owners []*trackedMonitor
	for i, eval := range evaluations {
		if eval.event == nil {
			evaluations[i].incident = e.incidents.updated(eval, e.offline)
			continue
		}
		dependents := e.monitors.dependentsOf(eval.tracked.monitor.ID)
		n := eval.tracked.notification(*eval.event, len(dependents), now, e.log)
		n = masking.Notification(n, eval.tracked.monitor, e.types.Secrets())
		if n.Kind != store.KindWarning {
			evaluations[i].incident = eval.changedIncident(n, dependents)
		}
		notifications, owners = append(notifications, n), append(owners, eval.tracked)
	}
	if len(notifications) == 0 {
		return nil, nil
	}
	list, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]string, error) {
		return e.store.AddNotifications(ctx, notifications)
	})
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(list))
	for _, id := range list {
		known[id] = true
	}
	conflicts = make(map[*trackedMonitor]bool)
	for i, n := range notifications {
		if !known[n.ID] {
			e.counts.add(n.Kind)
			e.log.Info(eventTexts[n.Kind], "notification_id", n.ID, "monitor_id", n.MonitorID, "monitor", n.MonitorName,
				"status", n.Status.String())
		} else if !owners[i].acceptStored && n.Kind != store.KindWarning {
			conflicts[owners[i]] = true
		}
	}
	return conflicts, nil
}

// eventTexts are the log messages of events.
var eventTexts = map[store.NotificationKind]string{
	store.KindOpened:    "incident opened",
	store.KindEscalated: "incident escalated",
	store.KindReminder:  "incident still open, reminder due",
	store.KindResolved:  "incident resolved",
	store.KindClosed:    "incident closed",
	store.KindWarning:   "warning began",
}

// putStates stores the states that have changed in a way that needs storing.
func (e *Evaluator) putStates(ctx context.Context, evaluations []evaluation) error {
	var states []store.IncidentState
	var owners []*trackedMonitor
	for _, eval := range evaluations {
		if eval.tracked.needsStoring(eval.next) && eval.next.Number() > eval.tracked.stored.Number() {
			states, owners = append(states, eval.next), append(owners, eval.tracked)
		}
	}
	if len(states) == 0 {
		return nil
	}
	err := store.Do(ctx, store.LongCall, func(ctx context.Context) error {
		return e.store.PutIncidentStates(ctx, states)
	})
	if err != nil {
		return err
	}
	for i, t := range owners {
		t.stored = states[i]
	}
	return nil
}

// resolveConflicts reads again the states and notifications of monitors whose notification was stored before. If that
// changes nothing, the stored notification is the one that the evaluation requires, and a runner crashed before it
// stored the state.
func (e *Evaluator) resolveConflicts(ctx context.Context, monitors []*trackedMonitor) ([]*trackedMonitor, error) {
	if len(monitors) == 0 {
		return nil, nil
	}
	before := make([]store.IncidentState, len(monitors))
	for i, t := range monitors {
		before[i] = t.state
	}
	if err := e.readStates(ctx, monitors); err != nil {
		return nil, err
	}
	for i, t := range monitors {
		notifications, err := e.listNotifications(ctx, store.NotificationFilter{MonitorID: t.monitor.ID, Limit: pageSize})
		if err != nil {
			return nil, err
		}
		t.applyNotifications(notifications, e.rules, e.offline)
		t.acceptStored = t.state.Phase == before[i].Phase && t.state.Incident == before[i].Incident &&
			t.state.Number() == before[i].Number()
	}
	return monitors, e.incidents.record(ctx, monitors, e.monitors)
}
