package incident

import (
	"context"
	"time"

	"nanomon/services/common/store"
)

// round contains what is the same for all monitors in a round of evaluations.
type round struct {
	rules    Rules
	monitors monitorSet
	// dependencies contains the newest results of the dependencies that incidents wait for.
	dependencies map[string]store.Point
	offline      offlinePeriod
	now          time.Time
}

// evaluate evaluates the monitors. It reads silences and acknowledgements only if a notification depends on them.
func (r round) evaluate(ctx context.Context, work []*trackedMonitor, s Store) ([]evaluation, error) {
	evaluations := make([]evaluation, len(work))
	evaluateOne := func(i int, silenced bool) {
		t := work[i]
		dependency := r.monitors.dependencyOf(t.monitor.ID, r.dependencies)
		next, ev := t.evaluate(r.rules, conditions{r.now, dependency, r.offline, silenced})
		evaluations[i] = evaluation{tracked: t, next: next, event: ev}
	}
	notifies := false
	for i := range work {
		evaluateOne(i, false)
		notifies = notifies || evaluations[i].notifies()
	}
	if !notifies {
		return evaluations, nil
	}
	silenced, err := readSilenced(ctx, s, r.now)
	if err != nil {
		return nil, err
	}
	for i, t := range work {
		if evaluations[i].notifies() && silenced[t.monitor.ID] {
			evaluateOne(i, true)
		}
	}
	return evaluations, dropAcknowledged(ctx, s, evaluations)
}

// notifies reports whether the evaluation notifies people that the monitor is not OK.
func (eval evaluation) notifies() bool { return eval.event != nil && !endsIncident(eval.event.kind) }

func endsIncident(kind store.NotificationKind) bool {
	return kind == store.KindResolved || kind == store.KindClosed
}

// readSilenced returns the ids of the monitors that are silenced now.
func readSilenced(ctx context.Context, s Store, now time.Time) (map[string]bool, error) {
	list, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]store.Silence, error) {
		return s.Silences(ctx, now)
	})
	silenced := make(map[string]bool, len(list))
	for _, silence := range list {
		silenced[silence.MonitorID] = true
	}
	return silenced, err
}

// dropAcknowledged removes the escalations and reminders of incidents that somebody has acknowledged.
func dropAcknowledged(ctx context.Context, s Store, evaluations []evaluation) error {
	var ids []string
	later := make(map[string]*evaluation)
	for i := range evaluations {
		if eval := &evaluations[i]; eval.notifies() && eval.event.kind != store.KindOpened && eval.event.kind != store.KindWarning {
			id := store.IncidentID(eval.tracked.monitor.ID, eval.event.incident)
			ids, later[id] = append(ids, id), eval
		}
	}
	return eachPage(ids, func(ids []string) error {
		incidents, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.Incident, error) {
			return s.IncidentsByID(ctx, ids)
		})
		for _, i := range incidents {
			if i.Acknowledgement != nil {
				eval, before := later[i.ID], later[i.ID].tracked.state
				eval.event, eval.next.Reminders, eval.next.Silenced = nil, before.Reminders, before.Silenced
			}
		}
		return err
	})
}
