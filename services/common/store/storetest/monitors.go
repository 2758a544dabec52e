package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var monitorContracts = []contract{
	{"CreateMonitor", createMonitor},
	{"MonitorsAreOrderedByNameThenID", monitorsAreOrdered},
	{"MonitorWithUnusualNames", unusualNames},
	{"MonitorNotFound", monitorNotFound},
	{"MonitorIDIsUnique", monitorIDIsUnique},
	{"ReplaceMonitor", replaceMonitor},
	{"DeleteMonitorDeletesItsData", deleteMonitor},
	{"DeleteMonitorsDeletesTheirData", deleteMonitors},
}

// invalidIDs contains texts that are not ids.
var invalidIDs = []string{"", "1", "zz", "65a50000000000000000000", "65a5000000000000000000000", "65a50000000000000000000g", "../../../etc/passwd/xxxx"}

func createMonitor(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("all fields")
	m.Rule, m.Group, m.Enabled = `status == 200 && body =~ "a\nb"`, "Ünits", false
	m.Properties = map[string]string{"method": "POST", "headers": `{"a": "b"}`, "body": "line\nline\t\"quoted\""}
	m.Labels = map[string]string{"team": "payments", "app.kubernetes.io/name": `Größe "a": $b`, "0": "0"}
	m.Updated = base.Add(123 * time.Millisecond)
	must(t, s.CreateMonitor(ctx, m))
	plain := newMonitor("plain")
	must(t, s.CreateMonitor(ctx, plain))
	empty := newMonitor("without labels")
	empty.Labels = map[string]string{}
	must(t, s.CreateMonitor(ctx, empty))
	empty.Labels = nil

	found := got(s.Monitor(ctx, m.ID))(t)
	same(t, "monitor", found, m)
	wantUTC(t, "Updated", found.Updated)
	same(t, "monitor found by an upper-case id", got(s.Monitor(ctx, strings.ToUpper(m.ID)))(t), m)
	found = got(s.Monitor(ctx, plain.ID))(t)
	same(t, "plain monitor", found, plain)
	if found.Properties == nil {
		t.Error("Properties is nil, want an empty map")
	}
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{m, plain, empty})
}

func monitorsAreOrdered(ctx context.Context, t *testing.T, s store.Store) {
	list := got(s.Monitors(ctx))(t)
	if list == nil || len(list) != 0 {
		t.Fatalf("monitors of an empty store: %#v, want an empty slice", list)
	}
	want := []monitor.Monitor{newMonitor("Zebra"), newMonitor("apple"), newMonitor("apple"), newMonitor("apple 2"), newMonitor("Äpfel")}
	for i := range want {
		want[i].ID = newID(i)
	}
	for _, i := range []int{4, 2, 0, 3, 1} {
		must(t, s.CreateMonitor(ctx, want[i]))
	}
	same(t, "list", got(s.Monitors(ctx))(t), want)
}

func unusualNames(ctx context.Context, t *testing.T, s store.Store) {
	for _, name := range []string{
		"ein Name", "日本語モニター", "🔥👩‍👩‍👧‍👦", "e\u0301 \u00e9", "\u202eright to left", "zero\u200bwidth \ufeff",
		"'; DROP TABLE monitors; --", `"quoted" \back\slash`, "$where", `{"$gt": ""}`, "a.b.c", "%s %d", "\t\n\r", " ", "nul \x00 inside",
		strings.Repeat("長", monitor.MaxName),
	} {
		m := newMonitor("x")
		m.Name, m.Target, m.Group, m.Properties = name, name, name, map[string]string{"body": name}
		must(t, s.CreateMonitor(ctx, m))
		same(t, "monitor", got(s.Monitor(ctx, m.ID))(t), m)

		r := newResult(m.ID, 1, base)
		r.ID, r.MonitorName, r.MonitorTarget, r.Message = monitor.NewID(base), name, name, name
		r.Outputs = map[string]any{"regexMatch": name}
		must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{r}, States: []store.State{newState(r, 1)}}))
		same(t, "result", listAll(ctx, t, s, m.ID), []monitor.Result{r})
		same(t, "state", got(s.State(ctx, m.ID))(t), newState(r, 1))
	}
}

func monitorNotFound(ctx context.Context, t *testing.T, s store.Store) {
	must(t, s.CreateMonitor(ctx, newMonitor("another")))
	for _, id := range append([]string{newID(1)}, invalidIDs...) {
		_, err := s.Monitor(ctx, id)
		wantError(t, "Monitor "+id, err, monitor.ErrNotFound)
		wantError(t, "DeleteMonitor "+id, s.DeleteMonitor(ctx, id), monitor.ErrNotFound)
		_, err = s.State(ctx, id)
		wantError(t, "State "+id, err, monitor.ErrNotFound)
		if id == "" {
			continue
		}
		m := newMonitor("absent")
		m.ID = id
		wantError(t, "ReplaceMonitor "+id, s.ReplaceMonitor(ctx, m), monitor.ErrNotFound)
		if results := listAll(ctx, t, s, id); results == nil || len(results) != 0 {
			t.Errorf("results of %q: %#v, want an empty slice", id, results)
		}
	}
	if n := len(got(s.Monitors(ctx))(t)); n != 1 {
		t.Errorf("%d monitors at the end, want 1", n)
	}
}

func monitorIDIsUnique(ctx context.Context, t *testing.T, s store.Store) {
	first, second := newMonitor("first"), newMonitor("second")
	second.ID = first.ID
	must(t, s.CreateMonitor(ctx, first))
	wantInvalid(t, "CreateMonitor with an existing id", s.CreateMonitor(ctx, second))
	second.ID = "no id"
	wantInvalid(t, "CreateMonitor with an invalid id", s.CreateMonitor(ctx, second))
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{first})
}

func replaceMonitor(ctx context.Context, t *testing.T, s store.Store) {
	m := newMonitor("old")
	m.Rule, m.Group, m.Properties = "status == 200", "group", map[string]string{"method": "PUT", "timeout": "5s"}
	m.Labels = map[string]string{"team": "payments", "env": "test"}
	must(t, s.CreateMonitor(ctx, m))
	m.Name, m.Rule, m.Group, m.Properties, m.Updated = "new", "", "", map[string]string{"timeout": "1s"}, base.Add(time.Minute)
	must(t, s.ReplaceMonitor(ctx, m))
	same(t, "monitor", got(s.Monitor(ctx, m.ID))(t), m)
	wantStatusChanges(ctx, t, s, m.ID)
	for _, labels := range []map[string]string{{"team": "shop"}, nil, {"a.b": "c"}} {
		m.Labels = labels
		must(t, s.ReplaceMonitor(ctx, m))
		same(t, "monitor", got(s.Monitor(ctx, m.ID))(t), m)
	}

	m.Enabled, m.Updated = false, base.Add(2*time.Minute)
	must(t, s.ReplaceMonitor(ctx, m))
	must(t, s.ReplaceMonitor(ctx, m))
	off := store.StatusChange{MonitorID: m.ID, Date: m.Updated, Kind: store.ChangeEnabled, From: store.Enabled, To: store.Disabled}
	wantStatusChanges(ctx, t, s, m.ID, off)

	m.Enabled, m.Updated = true, base.Add(3*time.Minute)
	must(t, s.ReplaceMonitor(ctx, m))
	on := store.StatusChange{MonitorID: m.ID, Date: m.Updated, Kind: store.ChangeEnabled, From: store.Disabled, To: store.Enabled}
	wantStatusChanges(ctx, t, s, m.ID, on, off)
	same(t, "monitor", got(s.Monitor(ctx, m.ID))(t), m)
}

// fill stores five results, a state, a status change and a rollup for each monitor.
func fill(ctx context.Context, t *testing.T, s store.Store, monitorIDs ...string) {
	t.Helper()
	for i, id := range monitorIDs {
		results := newResults(id, 1000*(i+1), 5, base)
		must(t, s.AppendBatch(ctx, store.Batch{
			Results:       results,
			States:        []store.State{newState(results[4], 1)},
			StatusChanges: []store.StatusChange{{MonitorID: id, Date: base, Kind: store.ChangeStatus, To: "ok"}},
			PushStates:    []store.PushState{newPushState(id, 1)},
		}))
		must(t, s.AddPing(ctx, newPing(id, 1000*(i+1), base)))
		got(s.AddPingURL(ctx, id, uuidOf(id)))(t)
		must(t, s.PutRollups(ctx, []store.Rollup{{MonitorID: id, Period: store.Hour, Start: base, Summary: []byte{1}}}))
	}
}

// uuidOf returns the uuid in the ping URL that fill gives a monitor.
func uuidOf(monitorID string) string { return monitorID[:8] + "-0000-4000-8000-" + monitorID[12:] }

func wantData(ctx context.Context, t *testing.T, s store.Store, monitorID string, exists bool) {
	t.Helper()
	count, one := 0, 0
	if exists {
		count, one = 5, 1
	}
	same(t, "number of results", len(listAll(ctx, t, s, monitorID)), count)
	among := 0
	for _, r := range listAll(ctx, t, s, "") {
		if r.MonitorID == monitorID {
			among++
		}
	}
	same(t, "number of results among all", among, count)
	same(t, "number of rollups", len(got(s.Rollups(ctx, monitorID, store.Hour, base, base.Add(time.Hour)))(t)), one)
	same(t, "number of status changes", len(got(s.StatusChanges(ctx, monitorID, base, base.Add(time.Hour), 10))(t)), one)
	same(t, "number of push states", len(got(s.PushStates(ctx, []string{monitorID}))(t)), one)
	pings := slices.DeleteFunc(got(s.Pings(ctx, nil, 100))(t), func(p store.Ping) bool { return p.MonitorID != monitorID })
	same(t, "number of pings", len(pings), one)
	if _, err := s.State(ctx, monitorID); exists {
		must(t, err)
		wantPingURL(ctx, t, s, monitorID, uuidOf(monitorID))
	} else {
		wantError(t, "State", err, monitor.ErrNotFound)
		wantNoPingURL(ctx, t, s, monitorID, uuidOf(monitorID))
	}
}

func deleteMonitor(ctx context.Context, t *testing.T, s store.Store) {
	deleted, other := newMonitor("deleted"), newMonitor("other")
	must(t, s.CreateMonitor(ctx, deleted))
	must(t, s.CreateMonitor(ctx, other))
	fill(ctx, t, s, deleted.ID, other.ID)
	must(t, s.DeleteMonitor(ctx, deleted.ID))

	_, err := s.Monitor(ctx, deleted.ID)
	wantError(t, "Monitor", err, monitor.ErrNotFound)
	wantData(ctx, t, s, deleted.ID, false)
	wantData(ctx, t, s, other.ID, true)
	for _, d := range got(s.DirtyHours(ctx, base.Add(24*time.Hour), time.Now().Add(time.Hour), 100))(t) {
		if d.MonitorID == deleted.ID {
			t.Error("the deleted monitor has a dirty hour")
		}
	}

	must(t, s.CreateMonitor(ctx, deleted))
	wantData(ctx, t, s, deleted.ID, false)
	fill(ctx, t, s, deleted.ID)
	wantData(ctx, t, s, deleted.ID, true)
}

func deleteMonitors(ctx context.Context, t *testing.T, s store.Store) {
	must(t, s.DeleteMonitors(ctx))
	a, b := newMonitor("a"), newMonitor("b")
	must(t, s.CreateMonitor(ctx, a))
	must(t, s.CreateMonitor(ctx, b))
	fill(ctx, t, s, a.ID, b.ID)
	must(t, s.DeleteMonitors(ctx))
	same(t, "list", got(s.Monitors(ctx))(t), []monitor.Monitor{})
	wantData(ctx, t, s, a.ID, false)
	wantData(ctx, t, s, b.ID, false)
}
