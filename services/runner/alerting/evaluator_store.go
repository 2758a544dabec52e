package alerting

import (
	"context"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// sync reads what is stored of the entries, and, unless all were synced before, what was told since their last results.
func (e *evaluator) load(ctx context.Context, work []*trackedMonitor) error {
	if err := e.readStates(ctx, work); err != nil {
		return err
	}
	unloaded := slices.DeleteFunc(slices.Clone(work), func(t *trackedMonitor) bool { return t.loaded })
	if len(unloaded) == 0 {
		return nil
	}
	oldest := slices.MinFunc(unloaded, func(a, b *trackedMonitor) int { return a.state.Evaluated.Compare(b.state.Evaluated) })
	if err := e.readNotifications(ctx, oldest.state.Evaluated); err != nil {
		return err
	}
	for _, t := range unloaded {
		t.loaded = true
	}
	return nil
}

// read reads the stored states of entries.
func (e *evaluator) readStates(ctx context.Context, entries []*trackedMonitor) error {
	for part := range slices.Chunk(entries, pageSize) {
		ids := make([]string, len(part))
		for i, t := range part {
			ids[i] = t.monitor.ID
		}
		states, err := call(ctx, longTimeout, func(ctx context.Context) ([]store.IncidentState, error) {
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

// look reads what was told since, and takes it in. The first look goes back further.
func (e *evaluator) readNotifications(ctx context.Context, since time.Time) error {
	if start := time.Now().Add(-firstReadPeriod); !e.notificationsRead || since.Before(start) {
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
	if !e.notificationsRead {
		e.restoreOfflinePeriod(byMonitor[""])
	}
	e.notificationsRead = true
	for id, notifications := range byMonitor {
		if t := e.tracked[id]; t != nil {
			t.applyNotifications(notifications)
		} else {
			e.trackDeleted(notifications)
		}
	}
	return nil
}

// findGone makes an entry of a monitor that has an incident, and was deleted while nobody was there to see it. The messages
// are those of one monitor, newest first.
func (e *evaluator) trackDeleted(notifications []store.Notification) {
	n := notifications[0]
	_, stored := e.monitors.all[n.MonitorID]
	if n.MonitorID == "" || stored || n.Date.After(e.monitors.receivedAt.Add(-deletedAfter)) || !isOpen(applyNotifications(store.IncidentState{}, notifications)) {
		return
	}
	t := newTrackedMonitor(monitor.Monitor{
		ID: n.MonitorID, Name: n.MonitorName, Type: n.MonitorType, Target: n.MonitorTarget, Group: n.Group,
	})
	t.deleted = true
	e.tracked[n.MonitorID] = t
	e.pending[n.MonitorID] = true
}

func (e *evaluator) listNotifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error) {
	return call(ctx, longTimeout, func(ctx context.Context) ([]store.Notification, error) { return e.store.Notifications(ctx, f) })
}

// plan is what is to become of an entry.
type evaluation struct {
	monitor *trackedMonitor
	next  store.IncidentState
	event  *event
}

// settle judges the entries, stores the messages that are owed and then the states. It returns the entries that have to
// be judged again, since somebody else was faster.
func (e *evaluator) process(ctx context.Context, work []*trackedMonitor, dependencies map[string]store.Point, now time.Time) ([]*trackedMonitor, error) {
	evaluations := make([]evaluation, len(work))
	for i, t := range work {
		next, ev := t.evaluate(e.rules, conditions{now: now, dependency: e.dependencyOf(t.monitor.ID, dependencies), offline: e.offline})
		evaluations[i] = evaluation{t, next, ev}
	}
	conflicts, err := e.addNotifications(ctx, evaluations, now)
	if err != nil {
		return nil, err
	}
	evaluations = slices.DeleteFunc(evaluations, func(ev evaluation) bool { return conflicts[ev.monitor] })
	if err := e.putStates(ctx, evaluations); err != nil {
		return nil, err
	}
	for _, ev := range evaluations {
		ev.monitor.finish(ev.next)
		e.done(ev.monitor)
	}
	return e.resolveConflicts(ctx, slices.DeleteFunc(work, func(t *trackedMonitor) bool { return !conflicts[t] }))
}

// tell stores the messages owed, and returns the entries whose message was there before.
func (e *evaluator) addNotifications(ctx context.Context, evaluations []evaluation, now time.Time) (conflicts map[*trackedMonitor]bool, err error) {
	var notifications []store.Notification
	var owners []*trackedMonitor
	for _, ev := range evaluations {
		if ev.event != nil {
			notifications, owners = append(notifications, ev.monitor.notification(*ev.event, e.monitors.countDependents(ev.monitor.monitor.ID), now)), append(owners, ev.monitor)
		}
	}
	if len(notifications) == 0 {
		return nil, nil
	}
	list, err := call(ctx, longTimeout, func(ctx context.Context) ([]string, error) { return e.store.AddNotifications(ctx, notifications) })
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
			e.log.Info("alert owed", "id", n.ID, "kind", n.Kind, "monitor", n.MonitorName, "status", n.Status.String())
		} else if !owners[i].acceptStored {
			conflicts[owners[i]] = true
		}
	}
	return conflicts, nil
}

// put stores the states that are worth it.
func (e *evaluator) putStates(ctx context.Context, evaluations []evaluation) error {
	var states []store.IncidentState
	var owners []*trackedMonitor
	for _, ev := range evaluations {
		if ev.monitor.needsStoring(ev.next) && ev.next.Evaluated.After(ev.monitor.stored.Evaluated) {
			states, owners = append(states, ev.next), append(owners, ev.monitor)
		}
	}
	if len(states) == 0 {
		return nil
	}
	_, err := call(ctx, longTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, e.store.PutIncidentStates(ctx, states)
	})
	if err != nil {
		return err
	}
	for i, t := range owners {
		t.stored = states[i]
	}
	return nil
}

// catchUp reads afresh what is stored and told of entries whose message was there before. If nothing is new about one, the
// message is its own, stored by a runner that died before it could store the state.
func (e *evaluator) resolveConflicts(ctx context.Context, entries []*trackedMonitor) ([]*trackedMonitor, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	before := make([]store.IncidentState, len(entries))
	for i, t := range entries {
		before[i] = t.state
	}
	if err := e.readStates(ctx, entries); err != nil {
		return nil, err
	}
	for i, t := range entries {
		notifications, err := e.listNotifications(ctx, store.NotificationFilter{MonitorID: t.monitor.ID, Limit: pageSize})
		if err != nil {
			return nil, err
		}
		t.applyNotifications(notifications)
		t.acceptStored = t.state.Phase == before[i].Phase && t.state.Incident == before[i].Incident && t.state.Evaluated.Equal(before[i].Evaluated)
	}
	return entries, nil
}
