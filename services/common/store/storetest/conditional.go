package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var conditionalContracts = []contract{
	{"ReplaceMonitorIf", replaceMonitorIf},
	{"ReplaceMonitorIfWithUnusualContent", replaceUnusualMonitorIf},
	{"DeleteMonitorIf", deleteMonitorIf},
	{"OnlyOneOfManyConditionalWritesOfAMonitorWins", oneMonitorWriterWins},
	{"MaintenanceWindowIf", changeWindowIf},
	{"OnlyOneOfManyConditionalWritesOfAWindowWins", oneWindowWriterWins},
}

// otherMonitors returns monitors that differ from m in one field each.
func otherMonitors(m monitor.Monitor) map[string]monitor.Monitor {
	others := make(map[string]monitor.Monitor)
	for name, change := range map[string]func(*monitor.Monitor){
		"name":       func(o *monitor.Monitor) { o.Name = "other" },
		"type":       func(o *monitor.Monitor) { o.Type = "tcp" },
		"interval":   func(o *monitor.Monitor) { o.Interval = "2s" },
		"target":     func(o *monitor.Monitor) { o.Target = "http://other" },
		"rule":       func(o *monitor.Monitor) { o.Rule = "" },
		"group":      func(o *monitor.Monitor) { o.Group = "" },
		"labels":     func(o *monitor.Monitor) { o.Labels = map[string]string{"team": "other"} },
		"enabled":    func(o *monitor.Monitor) { o.Enabled = !o.Enabled },
		"property":   func(o *monitor.Monitor) { o.Properties = map[string]string{"method": "PUT", "timeout": "6s"} },
		"properties": func(o *monitor.Monitor) { o.Properties = map[string]string{"method": "PUT"} },
		"date":       func(o *monitor.Monitor) { o.Updated = o.Updated.Add(time.Millisecond) },
	} {
		other := m
		change(&other)
		others[name] = other
	}
	return others
}

func replaceMonitorIf(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	m.Rule, m.Group, m.Properties = "status == 200", "group", map[string]string{"method": "PUT", "timeout": "5s"}
	m.Labels = map[string]string{"team": "web", "app": "shop"}
	must(t, s.CreateMonitor(ctx, m))
	edited := m
	edited.Name, edited.Enabled, edited.Updated = "edited", false, base.Add(time.Minute)
	for name, other := range otherMonitors(m) {
		wantError(t, "replacing another "+name, s.ReplaceMonitorIf(ctx, edited, other), monitor.ErrChanged)
	}
	same(t, "monitor", got(s.Monitor(ctx, m.ID))(t), m)
	wantStatusChanges(ctx, t, s, m.ID)

	must(t, s.ReplaceMonitorIf(ctx, edited, got(s.Monitor(ctx, m.ID))(t)))
	same(t, "monitor", got(s.Monitor(ctx, m.ID))(t), edited)
	off := store.StatusChange{MonitorID: m.ID, Date: edited.Updated, Kind: store.ChangeEnabled, From: store.Enabled, To: store.Disabled}
	wantStatusChanges(ctx, t, s, m.ID, off)
	wantError(t, "replacing the same version again", s.ReplaceMonitorIf(ctx, edited, m), monitor.ErrChanged)
	must(t, s.ReplaceMonitor(ctx, m))

	for _, id := range []string{newID(1), "zz"} {
		absent := m
		absent.ID = id
		wantError(t, "replacing an unknown monitor", s.ReplaceMonitorIf(ctx, absent, absent), monitor.ErrNotFound)
	}
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{m})
}

// replaceUnusualMonitorIf replaces monitors whose content may have a meaning in queries of a database.
func replaceUnusualMonitorIf(ctx context.Context, t *testing.T, s store.Store) {
	for _, text := range []string{"", "$gt", `{"$gt": ""}`, "a.b", "'; --", "e\u0301 \u202e🔥", "nul \x00 inside"} {
		m := newMonitor("m")
		m.Name, m.Rule, m.Group, m.Properties = text, text, text, map[string]string{"body": text, "b": "x", "a": "y"}
		m.Labels = map[string]string{"b": text, "a": "y"}
		must(t, s.CreateMonitor(ctx, m))
		stored := got(s.Monitor(ctx, m.ID))(t)
		edited := stored
		edited.Target = "http://edited"
		must(t, s.ReplaceMonitorIf(ctx, edited, stored))
		wantError(t, fmt.Sprintf("replacing %q again", text), s.ReplaceMonitorIf(ctx, edited, stored), monitor.ErrChanged)
		must(t, s.DeleteMonitorIf(ctx, edited))
	}
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{})
}

func deleteMonitorIf(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	fill(ctx, t, s, m.ID)
	for name, other := range otherMonitors(m) {
		if name != "rule" && name != "group" { // m has neither
			wantError(t, "deleting another "+name, s.DeleteMonitorIf(ctx, other), monitor.ErrChanged)
		}
	}
	same(t, "monitor", got(s.Monitor(ctx, m.ID))(t), m)
	wantData(ctx, t, s, m.ID, true)

	must(t, s.DeleteMonitorIf(ctx, m))
	wantError(t, "deleting a second time", s.DeleteMonitorIf(ctx, m), monitor.ErrNotFound)
	wantData(ctx, t, s, m.ID, false)
	m.ID = "zz"
	wantError(t, "deleting an invalid id", s.DeleteMonitorIf(ctx, m), monitor.ErrNotFound)
}

// oneWinner calls write concurrently with numbers and returns the number whose call succeeded. All other calls must fail
// because of it.
func oneWinner(t *testing.T, write func(n int) error) int {
	t.Helper()
	const writers = 8
	errs := make([]error, writers)
	var group sync.WaitGroup
	for n := range writers {
		group.Go(func() { errs[n] = write(n) })
	}
	group.Wait()
	winner := -1
	for n, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = n
		case err == nil:
			t.Fatalf("writers %d and %d both succeeded", winner, n)
		case !errors.Is(err, monitor.ErrChanged) && !errors.Is(err, monitor.ErrNotFound):
			t.Fatalf("writer %d: %v", n, err)
		}
	}
	if winner < 0 {
		t.Fatalf("no writer succeeded: %v", errors.Join(errs...))
	}
	return winner
}

// rounds is the number of times that several writers compete.
const rounds = 20

func oneMonitorWriterWins(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	old := m
	var logged []store.StatusChange
	for round := range rounds {
		edits := func(n int) monitor.Monitor {
			edited := old
			edited.Name, edited.Enabled = fmt.Sprintf("round %d writer %d", round, n), !old.Enabled
			edited.Updated = base.Add(time.Duration(10*round+n) * time.Second)
			return edited
		}
		winner := edits(oneWinner(t, func(n int) error { return s.ReplaceMonitorIf(ctx, edits(n), old) }))
		same(t, "monitor", got(s.Monitor(ctx, m.ID))(t), winner)
		change := store.StatusChange{MonitorID: m.ID, Date: winner.Updated, Kind: store.ChangeEnabled, From: store.Enabled, To: store.Disabled}
		if winner.Enabled {
			change.From, change.To = change.To, change.From
		}
		logged = append([]store.StatusChange{change}, logged...)
		old = winner
	}
	wantStatusChanges(ctx, t, s, m.ID, logged...)

	deleted := oneWinner(t, func(n int) error {
		if n%2 == 0 {
			return s.DeleteMonitorIf(ctx, old)
		}
		edited := old
		edited.Name = "edited instead"
		return s.ReplaceMonitorIf(ctx, edited, old)
	})%2 == 0
	if list := got(s.Monitors(ctx))(t); (len(list) == 0) != deleted {
		t.Errorf("monitors %v, although deleted is %t", list, deleted)
	}
}

func changeWindowIf(ctx context.Context, t *testing.T, s store.Store) {
	w := newWindow("w")
	must(t, s.CreateMaintenanceWindow(ctx, w))
	edited := w
	edited.Name, edited.Groups = "$gt", []string{"web"}
	for name, change := range map[string]func(*maintenance.Window){
		"name":     func(o *maintenance.Window) { o.Name = "other" },
		"monitors": func(o *maintenance.Window) { o.Monitors = []string{} },
		"groups":   func(o *maintenance.Window) { o.Groups = []string{"other"} },
		"end":      func(o *maintenance.Window) { o.End = o.End.Add(time.Millisecond) },
		"weekly":   func(o *maintenance.Window) { o.Weekly = &maintenance.Weekly{Days: []string{"monday"}} },
		"public":   func(o *maintenance.Window) { o.Public = true },
		"date":     func(o *maintenance.Window) { o.Updated = o.Updated.Add(time.Millisecond) },
	} {
		other := w
		change(&other)
		wantError(t, "replacing another "+name, s.ReplaceMaintenanceWindowIf(ctx, edited, other), monitor.ErrChanged)
		wantError(t, "deleting another "+name, s.DeleteMaintenanceWindowIf(ctx, other), monitor.ErrChanged)
	}
	same(t, "window", got(s.MaintenanceWindow(ctx, w.ID))(t), w)

	must(t, s.ReplaceMaintenanceWindowIf(ctx, edited, w))
	same(t, "list", got(s.MaintenanceWindows(ctx))(t), []maintenance.Window{edited})
	wantError(t, "deleting the previous version", s.DeleteMaintenanceWindowIf(ctx, w), monitor.ErrChanged)
	must(t, s.DeleteMaintenanceWindowIf(ctx, edited))
	for _, id := range []string{w.ID, newID(1), "zz"} {
		edited.ID = id
		wantError(t, "replacing an unknown window", s.ReplaceMaintenanceWindowIf(ctx, edited, edited), monitor.ErrNotFound)
		wantError(t, "deleting an unknown window", s.DeleteMaintenanceWindowIf(ctx, edited), monitor.ErrNotFound)
	}
}

func oneWindowWriterWins(ctx context.Context, t *testing.T, s store.Store) {
	old := newWindow("w")
	must(t, s.CreateMaintenanceWindow(ctx, old))
	for round := range rounds {
		edits := func(n int) maintenance.Window {
			edited := old
			edited.Name = fmt.Sprintf("round %d writer %d", round, n)
			return edited
		}
		old = edits(oneWinner(t, func(n int) error { return s.ReplaceMaintenanceWindowIf(ctx, edits(n), old) }))
		same(t, "window", got(s.MaintenanceWindow(ctx, old.ID))(t), old)
	}
	oneWinner(t, func(int) error { return s.DeleteMaintenanceWindowIf(ctx, old) })
}
