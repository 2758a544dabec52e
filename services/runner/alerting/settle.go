package alerting

import (
	"context"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// sync reads what is stored of the entries, and, unless all were synced before, what was told since their last results.
func (j *judging) sync(ctx context.Context, work []*entry) error {
	if err := j.read(ctx, work); err != nil {
		return err
	}
	unsynced := slices.DeleteFunc(slices.Clone(work), func(e *entry) bool { return e.synced })
	if len(unsynced) == 0 {
		return nil
	}
	oldest := slices.MinFunc(unsynced, func(a, b *entry) int { return a.state.Evaluated.Compare(b.state.Evaluated) })
	if err := j.look(ctx, oldest.state.Evaluated); err != nil {
		return err
	}
	for _, e := range unsynced {
		e.synced = true
	}
	return nil
}

// read reads the stored states of entries.
func (j *judging) read(ctx context.Context, entries []*entry) error {
	for part := range slices.Chunk(entries, chunk) {
		ids := make([]string, len(part))
		for i, e := range part {
			ids[i] = e.monitor.ID
		}
		states, err := call(ctx, bigCall, func(ctx context.Context) ([]store.IncidentState, error) {
			return j.store.IncidentStates(ctx, ids)
		})
		if err != nil {
			return err
		}
		for _, s := range states {
			if e := j.entries[s.MonitorID]; e != nil {
				e.read(s)
			}
		}
	}
	return nil
}

// look reads what was told since, and takes it in. The first look goes back further.
func (j *judging) look(ctx context.Context, since time.Time) error {
	if start := time.Now().Add(-startBack); !j.looked || since.Before(start) {
		since = start
	}
	told := make(map[string][]store.Notification)
	f := store.NotificationFilter{Limit: chunk}
	for {
		page, err := j.list(ctx, f)
		if err != nil {
			return err
		}
		for _, a := range page {
			told[a.MonitorID] = append(told[a.MonitorID], a)
		}
		if len(page) < f.Limit || page[len(page)-1].Date.Before(since) {
			break
		}
		last := page[len(page)-1]
		f.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
	if !j.looked {
		j.recall(told[""])
	}
	j.looked = true
	for id, as := range told {
		if e := j.entries[id]; e != nil {
			e.follow(as)
		} else {
			j.findGone(as)
		}
	}
	return nil
}

// findGone makes an entry of a monitor that has an incident, and was deleted while nobody was there to see it. The messages
// are those of one monitor, newest first.
func (j *judging) findGone(told []store.Notification) {
	a := told[0]
	_, stored := j.monitors.all[a.MonitorID]
	if a.MonitorID == "" || stored || a.Date.After(j.monitors.told.Add(-goneAfter)) || !open(follow(store.IncidentState{}, told)) {
		return
	}
	e := newEntry(monitor.Monitor{
		ID: a.MonitorID, Name: a.MonitorName, Type: a.MonitorType, Target: a.MonitorTarget, Group: a.Group,
	})
	e.deleted = true
	j.entries[a.MonitorID] = e
	j.pending[a.MonitorID] = true
}

func (j *judging) list(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error) {
	return call(ctx, bigCall, func(ctx context.Context) ([]store.Notification, error) { return j.store.Notifications(ctx, f) })
}

// plan is what is to become of an entry.
type plan struct {
	entry *entry
	next  store.IncidentState
	owed  *owed
}

// settle judges the entries, stores the messages that are owed and then the states. It returns the entries that have to
// be judged again, since somebody else was faster.
func (j *judging) settle(ctx context.Context, work []*entry, parents map[string]store.Point, now time.Time) ([]*entry, error) {
	plans := make([]plan, len(work))
	for i, e := range work {
		next, owed := e.next(j.rules, around{now: now, parent: j.parentOf(e.monitor.ID, parents), outage: j.outage})
		plans[i] = plan{e, next, owed}
	}
	again, err := j.tell(ctx, plans, now)
	if err != nil {
		return nil, err
	}
	plans = slices.DeleteFunc(plans, func(p plan) bool { return again[p.entry] })
	if err := j.put(ctx, plans); err != nil {
		return nil, err
	}
	for _, p := range plans {
		p.entry.judged(p.next)
		j.done(p.entry)
	}
	return j.catchUp(ctx, slices.DeleteFunc(work, func(e *entry) bool { return !again[e] }))
}

// tell stores the messages owed, and returns the entries whose message was there before.
func (j *judging) tell(ctx context.Context, plans []plan, now time.Time) (again map[*entry]bool, err error) {
	var messages []store.Notification
	var of []*entry
	for _, p := range plans {
		if p.owed != nil {
			messages, of = append(messages, p.entry.alert(*p.owed, j.monitors.behind(p.entry.monitor.ID), now)), append(of, p.entry)
		}
	}
	if len(messages) == 0 {
		return nil, nil
	}
	list, err := call(ctx, bigCall, func(ctx context.Context) ([]string, error) { return j.store.AddNotifications(ctx, messages) })
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(list))
	for _, id := range list {
		known[id] = true
	}
	again = make(map[*entry]bool)
	for i, a := range messages {
		if !known[a.ID] {
			j.log.Info("alert owed", "id", a.ID, "kind", a.Kind, "monitor", a.MonitorName, "status", a.Status.String())
		} else if !of[i].accept {
			again[of[i]] = true
		}
	}
	return again, nil
}

// put stores the states that are worth it.
func (j *judging) put(ctx context.Context, plans []plan) error {
	var states []store.IncidentState
	var of []*entry
	for _, p := range plans {
		if p.entry.unstored(p.next) && p.next.Evaluated.After(p.entry.stored.Evaluated) {
			states, of = append(states, p.next), append(of, p.entry)
		}
	}
	if len(states) == 0 {
		return nil
	}
	_, err := call(ctx, bigCall, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, j.store.PutIncidentStates(ctx, states)
	})
	if err != nil {
		return err
	}
	for i, e := range of {
		e.stored = states[i]
	}
	return nil
}

// catchUp reads afresh what is stored and told of entries whose message was there before. If nothing is new about one, the
// message is its own, stored by a runner that died before it could store the state.
func (j *judging) catchUp(ctx context.Context, entries []*entry) ([]*entry, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	before := make([]store.IncidentState, len(entries))
	for i, e := range entries {
		before[i] = e.state
	}
	if err := j.read(ctx, entries); err != nil {
		return nil, err
	}
	for i, e := range entries {
		told, err := j.list(ctx, store.NotificationFilter{MonitorID: e.monitor.ID, Limit: chunk})
		if err != nil {
			return nil, err
		}
		e.follow(told)
		e.accept = e.state.Phase == before[i].Phase && e.state.Incident == before[i].Incident && e.state.Evaluated.Equal(before[i].Evaluated)
	}
	return entries, nil
}
