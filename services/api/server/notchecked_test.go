package server

import (
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// beat stores the heartbeat of a runner that can't check the given monitors.
func (a *api) beat(runner string, at time.Time, ns ...store.NotChecked) {
	a.t.Helper()
	must(a.t, a.store.PutHeartbeat(a.t.Context(), store.Runner{ID: runner, Monitors: 9, LastSeen: at, NotChecked: ns}))
}

func unchecked(reason, id string, since time.Time) store.NotChecked {
	return store.NotChecked{Reason: reason, Monitors: []store.NotCheckedMonitor{{ID: id, Since: since}}}
}

func TestNotChecked(t *testing.T) {
	a := startAPI(t, nil)
	now := monitor.Date(time.Now())
	m := monitorA
	a.seed(0)
	want := func(what string, want any) {
		t.Helper()
		one := decodeAs[map[string]any](t, a.do("GET", "/api/monitors/"+idA+"?include=latest", ""))
		same(t, what, one["notChecked"], want)
		for _, item := range decodeAs[[]map[string]any](t, a.do("GET", "/api/monitors?include=latest,history", "")) {
			if item["id"] == idA {
				same(t, what+", in the list", item["notChecked"], want)
			} else if _, exists := item["notChecked"]; exists {
				t.Errorf("%s: another monitor is not checked", what)
			}
		}
	}
	member := func(reason, runner string, since time.Time) map[string]any {
		return map[string]any{"reason": reason, "since": since.Format(time.RFC3339Nano), "runner": runner}
	}
	want("no runner", nil)
	a.beat("r1", now, store.NotChecked{Reason: "files", More: 3}, unchecked("ports", idA, now))
	want("a runner can't check it", member("ports", "r1", now))
	for _, path := range []string{"/api/monitors/" + idA, "/api/monitors/" + idA + "?include=history"} {
		if _, exists := decodeAs[map[string]any](t, a.do("GET", path, ""))["notChecked"]; exists {
			t.Errorf("%s contains notChecked", path)
		}
	}
	status := decodeAs[statusResponse](t, a.do("GET", "/api/status", ""))
	same(t, "number in the status", status.Runners[0].NotChecked, 4)
	later := now.Add(time.Millisecond)
	a.beat("r0", now, unchecked("memory", idA, later))
	want("two runners, the later one counts", member("memory", "r0", later))
	a.beat("r0", now.Add(-time.Minute), unchecked("memory", idA, later))
	want("a dead runner does not count", member("ports", "r1", now))

	result := monitor.Result{ID: resultN(1).ID, MonitorID: idA, Date: now, Outputs: map[string]any{}}
	put := func() {
		state := store.State{MonitorID: idA, Latest: result, Streak: 1, Since: result.Date}
		must(t, a.store.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{result}, States: []store.State{state}}))
	}
	put()
	want("a result of the same date", member("ports", "r1", now))
	m.Enabled = false
	must(t, a.store.ReplaceMonitor(t.Context(), m))
	want("a disabled monitor", nil)
	m.Enabled = true
	must(t, a.store.ReplaceMonitor(t.Context(), m))
	result.ID, result.Date = resultN(2).ID, later
	put()
	want("a later result", nil)
}

func TestNotCheckedEvents(t *testing.T) {
	a := startAPI(t, nil)
	now := monitor.Date(time.Now())
	must(t, a.store.CreateMonitor(t.Context(), monitorA))
	a.beat("r1", now, unchecked("files", idB, now))
	events := a.listen()
	a.beat("r1", now.Add(time.Second), unchecked("files", idB, now), unchecked("ports", idA, now))
	events.wantEvent("monitor", monitorEvent{idA, "changed"})
	a.beat("r1", now.Add(2*time.Second), unchecked("memory", idA, now))
	events.wantEvent("monitor", monitorEvent{idA, "changed"})
	events.wantEvent("monitor", monitorEvent{idB, "changed"})
}
