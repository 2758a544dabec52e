package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var bulkContracts = []contract{
	{"ChangeMonitorsEdits", editSeveral},
	{"ChangeMonitorsEditsLabels", editLabelsOfSeveral},
	{"ChangeMonitorsDeletes", deleteSeveral},
	{"ChangeMonitorsSilences", silenceSeveral},
	{"ChangeMonitorsRejectsInvalidIDs", changeInvalidIDs},
	{"ChangeMonitorsKeepsOtherEdits", changesKeepOtherEdits},
	{"ChangeMonitorsNeverCreates", changesNeverCreate},
	{"ChangeManyMonitors", changeMany},
}

// changeAll makes a change of all monitors in the list and checks the outcomes.
func changeAll(ctx context.Context, t *testing.T, s store.Store, c store.BulkChange, ms []monitor.Monitor, want ...store.ChangeOutcome) {
	t.Helper()
	for _, m := range ms {
		c.MonitorIDs = append(c.MonitorIDs, m.ID)
	}
	same(t, "outcomes", got(s.ChangeMonitors(ctx, c))(t), want)
}

func editSeveral(ctx context.Context, t *testing.T, s store.Store) {
	on, off, late, absent, other := newMonitor("on"), newMonitor("off"), newMonitor("updated late"), newMonitor("absent"), newMonitor("other")
	off.Enabled = false
	on.Rule, on.Labels, on.Properties = "status == 200", map[string]string{"team": "shop"}, map[string]string{"timeout": "2s"}
	late.Updated = base.Add(time.Hour)
	for _, m := range []monitor.Monitor{on, off, late, other} {
		must(t, s.CreateMonitor(ctx, m))
	}
	change := store.BulkChange{Date: base.Add(time.Minute), Edit: &store.MonitorEdit{Enabled: new(false)}}
	listed := []monitor.Monitor{late, absent, off, on}
	changeAll(ctx, t, s, change, listed, store.OutcomeChanged, store.OutcomeMissing, store.OutcomeUnchanged, store.OutcomeChanged)

	on.Enabled, on.Updated = false, change.Date
	late.Enabled, late.Updated = false, late.Updated.Add(time.Millisecond) // after the status changes of the monitor
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{off, on, other, late})
	disabled := func(m monitor.Monitor) store.StatusChange {
		return store.StatusChange{MonitorID: m.ID, Date: m.Updated, Kind: store.ChangeEnabled, From: store.Enabled, To: store.Disabled}
	}
	wasDisabled := disabled(on)
	wantStatusChanges(ctx, t, s, on.ID, wasDisabled)
	wantStatusChanges(ctx, t, s, late.ID, disabled(late))
	wantStatusChanges(ctx, t, s, off.ID)

	change = store.BulkChange{Date: base.Add(2 * time.Minute), Edit: &store.MonitorEdit{Group: new("Web"), Interval: new("5m")}}
	changeAll(ctx, t, s, change, []monitor.Monitor{on, other}, store.OutcomeChanged, store.OutcomeChanged)
	on.Group, on.Interval, on.Updated = "Web", "5m", change.Date
	other.Group, other.Interval, other.Updated = "Web", "5m", change.Date
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{off, on, other, late})
	wantStatusChanges(ctx, t, s, on.ID, wasDisabled)

	change = store.BulkChange{Date: base.Add(3 * time.Minute), Edit: &store.MonitorEdit{Group: new("")}}
	changeAll(ctx, t, s, change, []monitor.Monitor{on, off}, store.OutcomeChanged, store.OutcomeUnchanged)
	on.Group, on.Updated = "", change.Date
	same(t, "monitor", got(s.Monitor(ctx, on.ID))(t), on)
}

func editLabelsOfSeveral(ctx context.Context, t *testing.T, s store.Store) {
	none, some := newMonitor("none"), newMonitor("some")
	some.Labels = map[string]string{"team": "shop", "env": "test", "a.b": "c"}
	must(t, s.CreateMonitor(ctx, none))
	must(t, s.CreateMonitor(ctx, some))
	edit := func(labels map[string]*string, want ...store.ChangeOutcome) {
		t.Helper()
		some.Updated = some.Updated.Add(time.Second)
		c := store.BulkChange{Date: some.Updated, Edit: &store.MonitorEdit{Labels: labels}}
		changeAll(ctx, t, s, c, []monitor.Monitor{none, some}, want...)
		same(t, "labels of a monitor", got(s.Monitor(ctx, some.ID))(t), some)
	}
	some.Labels = map[string]string{"team": "web", "a.b": "c", "$x": "{"}
	edit(map[string]*string{"team": new("web"), "env": nil, "$x": new("{")}, store.OutcomeChanged, store.OutcomeChanged)
	same(t, "labels", got(s.Monitor(ctx, none.ID))(t).Labels, map[string]string{"team": "web", "$x": "{"})
	some.Labels = map[string]string{"team": "web"}
	edit(map[string]*string{"a.b": nil, "$x": nil}, store.OutcomeChanged, store.OutcomeChanged)
	some.Labels = nil
	edit(map[string]*string{"team": nil}, store.OutcomeChanged, store.OutcomeChanged)
	c := store.BulkChange{Date: base.Add(time.Hour), Edit: &store.MonitorEdit{Labels: map[string]*string{"team": nil}}}
	changeAll(ctx, t, s, c, []monitor.Monitor{none, some}, store.OutcomeUnchanged, store.OutcomeUnchanged)
	same(t, "monitor without labels", got(s.Monitor(ctx, some.ID))(t), some)
}

func deleteSeveral(ctx context.Context, t *testing.T, s store.Store) {
	a, b, absent, other := newMonitor("a"), newMonitor("b"), newMonitor("absent"), newMonitor("other")
	for _, m := range []monitor.Monitor{a, b, other} {
		must(t, s.CreateMonitor(ctx, m))
	}
	fill(ctx, t, s, a.ID, b.ID, other.ID)
	deletion := store.BulkChange{Date: base, Delete: true}
	changeAll(ctx, t, s, deletion, []monitor.Monitor{b, absent, a}, store.OutcomeDeleted, store.OutcomeMissing, store.OutcomeDeleted)
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{other})
	wantData(ctx, t, s, a.ID, false)
	wantData(ctx, t, s, b.ID, false)
	wantData(ctx, t, s, other.ID, true)
	changeAll(ctx, t, s, deletion, []monitor.Monitor{a}, store.OutcomeMissing)
}

func silenceSeveral(ctx context.Context, t *testing.T, s store.Store) {
	a, b, absent := newMonitor("a"), newMonitor("b"), newMonitor("absent")
	a.ID, b.ID = newID(1), newID(2)
	must(t, s.CreateMonitor(ctx, a))
	must(t, s.CreateMonitor(ctx, b))
	now := monitor.Date(time.Now())
	must(t, s.PutSilence(ctx, store.Silence{MonitorID: a.ID, Until: now.Add(time.Minute), By: "Bob"}))
	silence := func(until time.Time) {
		t.Helper()
		c := store.BulkChange{Date: now.Add(time.Minute), Silence: &store.Silence{Until: until, By: "Ada"}}
		changeAll(ctx, t, s, c, []monitor.Monitor{a, absent, b}, store.OutcomeChanged, store.OutcomeMissing, store.OutcomeChanged)
	}
	silence(now.Add(time.Hour))
	same(t, "silences", got(s.Silences(ctx, now))(t), []store.Silence{
		{MonitorID: a.ID, Until: now.Add(time.Hour), By: "Ada"}, {MonitorID: b.ID, Until: now.Add(time.Hour), By: "Ada"},
	})
	silence(now)
	same(t, "silences after they were ended", got(s.Silences(ctx, now))(t), []store.Silence{})
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{a, b})
}

func changeInvalidIDs(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	for _, id := range invalidIDs {
		_, err := s.ChangeMonitors(ctx, store.BulkChange{MonitorIDs: []string{m.ID, id}, Date: base, Delete: true})
		wantInvalid(t, "changing the id "+id, err)
	}
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{m})
}

// changesKeepOtherEdits edits the labels of a monitor in bulk while others edit its name and its group.
func changesKeepOtherEdits(ctx context.Context, t *testing.T, s store.Store) {
	const edits = 30
	var list []monitor.Monitor
	for i := range 5 {
		list = append(list, newMonitor(fmt.Sprint("m", i)))
		must(t, s.CreateMonitor(ctx, list[i]))
	}
	var writers sync.WaitGroup
	writers.Go(func() {
		for n := range edits {
			m := list[n%len(list)]
			oneEdit := func() error {
				stored, err := s.Monitor(ctx, m.ID)
				if err != nil {
					return err
				}
				edited := stored
				edited.Rule, edited.Updated = fmt.Sprintf("status == %d", n), stored.Updated.Add(time.Millisecond)
				return s.ReplaceMonitorIf(ctx, edited, stored)
			}
			for err := oneEdit(); err != nil; err = oneEdit() {
				if ctx.Err() != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for name, edit := range map[string]func(text string) *store.MonitorEdit{
		"group": func(text string) *store.MonitorEdit { return &store.MonitorEdit{Group: &text} },
		"label": func(text string) *store.MonitorEdit {
			return &store.MonitorEdit{Labels: map[string]*string{"n": &text}}
		},
	} {
		writers.Go(func() {
			for n := range edits {
				c := store.BulkChange{Date: base.Add(time.Duration(n) * time.Second), Edit: edit(fmt.Sprint(n))}
				for _, m := range list {
					c.MonitorIDs = append(c.MonitorIDs, m.ID)
				}
				if _, err := s.ChangeMonitors(ctx, c); err != nil {
					t.Errorf("change of the %s: %v", name, err)
				}
			}
		})
	}
	writers.Wait()
	for i, m := range got(s.Monitors(ctx))(t) {
		last := fmt.Sprint(edits - 1)
		if rule := fmt.Sprintf("status == %d", edits-len(list)+i); m.Group != last || m.Labels["n"] != last || m.Rule != rule {
			t.Errorf("an edit of %s was lost: group %s, labels %v, rule %s; want %s and %s", m.Name, m.Group, m.Labels, m.Rule, last, rule)
		}
	}
}

// changesNeverCreate deletes monitors while they are changed in bulk.
func changesNeverCreate(ctx context.Context, t *testing.T, s store.Store) {
	for round := range rounds {
		var list []monitor.Monitor
		c := store.BulkChange{Date: base.Add(time.Hour), Edit: &store.MonitorEdit{Enabled: new(false)}}
		for i := range 5 {
			list = append(list, newMonitor(fmt.Sprint(round, i)))
			must(t, s.CreateMonitor(ctx, list[i]))
			c.MonitorIDs = append(c.MonitorIDs, list[i].ID)
		}
		var group sync.WaitGroup
		group.Go(func() {
			for _, m := range list {
				if err := s.DeleteMonitor(ctx, m.ID); err != nil {
					t.Error(err)
				}
			}
		})
		_, err := s.ChangeMonitors(ctx, c)
		group.Wait()
		must(t, err)
		same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{})
	}
}

func changeMany(ctx context.Context, t *testing.T, s store.Store) {
	const n, deleted = 450, 210 // more than one step of an adapter
	list := make([]monitor.Monitor, n)
	c := store.BulkChange{Date: base.Add(time.Minute), Edit: &store.MonitorEdit{Enabled: new(false), Group: new("all")}}
	for i := range list {
		list[i] = newMonitor(fmt.Sprintf("%05d", i))
	}
	must(t, s.ImportMonitors(ctx, list))
	for i := range list {
		c.MonitorIDs = append(c.MonitorIDs, list[n-1-i].ID)
	}
	for i, outcome := range got(s.ChangeMonitors(ctx, c))(t) {
		if outcome != store.OutcomeChanged {
			t.Fatalf("monitor %d: %s", i, outcome)
		}
		list[i].Enabled, list[i].Group, list[i].Updated = false, "all", c.Date
	}
	same(t, "list", got(s.Monitors(ctx))(t), list)
	for _, i := range []int{0, n / 2, n - 1} {
		wantStatusChanges(ctx, t, s, list[i].ID, store.StatusChange{
			MonitorID: list[i].ID, Date: c.Date, Kind: store.ChangeEnabled, From: store.Enabled, To: store.Disabled,
		})
	}
	c.Edit, c.Delete = nil, true
	c.MonitorIDs = c.MonitorIDs[:deleted]
	got(s.ChangeMonitors(ctx, c))(t)
	same(t, "list", got(s.Monitors(ctx))(t), list[:n-deleted])
}
