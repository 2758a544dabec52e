package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// patch sends a request for the monitors A and B with one more member.
func (a *api) patch(member string) response {
	a.t.Helper()
	return a.do("PATCH", "/api/monitors", `{"ids":["`+idA+`","`+strings.ToUpper(idB)+`"],`+member+`}`)
}

// bulkReportOf returns the report on the monitors A and B.
func bulkReportOf(outcomeA, outcomeB string) string {
	return fmt.Sprintf(`{"monitors":[{"id":%q,"name":"alpha","outcome":%q},{"id":%q,"name":"beta","outcome":%q}]}`,
		idA, outcomeA, idB, outcomeB)
}

// wantDefinitions compares the stored monitors except for the dates of their changes, which must have grown if they differ
// from the seeded ones.
func (a *api) wantDefinitions(t *testing.T, want ...monitor.Monitor) {
	t.Helper()
	list := a.monitors()
	if diff := cmp.Diff(want, list, cmpopts.IgnoreFields(monitor.Monitor{}, "Updated")); diff != "" {
		t.Errorf("monitors differ (-want +got):\n%s", diff)
	}
	for _, m := range list {
		seeded := map[string]monitor.Monitor{idA: monitorA, idB: monitorB}[m.ID]
		if m.Updated.After(base) != (len(changedFields(m, seeded)) > 0) {
			t.Errorf("the date of %s is %s", m.Name, m.Updated)
		}
	}
}

func TestChangeMonitors(t *testing.T) {
	changedA := func(change func(*monitor.Monitor)) monitor.Monitor {
		m := monitorA
		change(&m)
		return m
	}
	changedB := func(change func(*monitor.Monitor)) monitor.Monitor {
		m := monitorB
		change(&m)
		return m
	}
	for _, c := range []struct {
		member, outcomeA, outcomeB string
		want                       []monitor.Monitor
	}{
		{`"set":{"enabled":false}`, "changed", "unchanged",
			[]monitor.Monitor{changedA(func(m *monitor.Monitor) { m.Enabled = false }), monitorB}},
		{`"set":{"enabled":true,"group":null,"interval":null,"labels":null}`, "unchanged", "changed",
			[]monitor.Monitor{monitorA, changedB(func(m *monitor.Monitor) { m.Enabled = true })}},
		{`"set":{"group":"web","unknown":1}`, "unchanged", "changed",
			[]monitor.Monitor{monitorA, changedB(func(m *monitor.Monitor) { m.Group = "web" })}},
		{`"set":{"group":""}`, "changed", "unchanged",
			[]monitor.Monitor{changedA(func(m *monitor.Monitor) { m.Group = "" }), monitorB}},
		{`"set":{"interval":" 30s "}`, "unchanged", "changed",
			[]monitor.Monitor{monitorA, changedB(func(m *monitor.Monitor) { m.Interval = "30s" })}},
		{`"set":{"labels":{"team":null,"env":" test "}}`, "changed", "changed", []monitor.Monitor{
			changedA(func(m *monitor.Monitor) { m.Labels = map[string]string{"env": "test"} }),
			changedB(func(m *monitor.Monitor) { m.Labels = map[string]string{"env": "test"} }),
		}},
		{`"set":{"labels":{"team":null}},"delete":false,"run":null,"silence":null`, "changed", "unchanged",
			[]monitor.Monitor{changedA(func(m *monitor.Monitor) { m.Labels = nil }), monitorB}},
		{`"delete":true`, "deleted", "deleted", []monitor.Monitor{}},
		{`"silence":"1h"`, "changed", "changed", []monitor.Monitor{monitorA, monitorB}},
		{`"run":true`, "started", "disabled", []monitor.Monitor{monitorA, monitorB}},
	} {
		t.Run(c.member, func(t *testing.T) {
			a := startAPI(t, nil)
			a.seed(3)
			a.patch(c.member).wantJSON(t, 200, bulkReportOf(c.outcomeA, c.outcomeB))
			a.wantDefinitions(t, c.want...)
		})
	}
}

func TestChangeMonitorsSilences(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	before := time.Now()
	a.patch(`"silence":"1h"`).wantJSON(t, 200, bulkReportOf("changed", "changed"))
	for _, id := range []string{idA, idB} {
		m := decodeAs[struct{ SilencedUntil time.Time }](t, a.do("GET", "/api/monitors/"+id+"?include=latest", ""))
		if d := m.SilencedUntil.Sub(before); d < time.Hour-time.Second || d > time.Hour+patience {
			t.Errorf("%s is silenced for %s, want an hour", id, d)
		}
	}
	a.patch(`"silence":"0s"`).wantJSON(t, 200, bulkReportOf("changed", "changed"))
	silences, err := a.store.Silences(t.Context(), time.Now())
	must(t, err)
	same(t, "silences", silences, []store.Silence{})
}

func TestChangeMonitorsRuns(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	a.patch(`"run":true`).wantJSON(t, 200, bulkReportOf("started", "disabled"))
	pending := a.pending()
	if len(pending) != 1 || pending[0].MonitorID != idA || pending[0].Definition != nil || pending[0].Expires.Sub(pending[0].Requested) != runExpiry {
		t.Errorf("pending checks are %+v, want one of the monitor A", pending)
	}
}

// Every fault is reported, and nothing changes.
func TestChangeMonitorsIsValidatedAsAWhole(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	full := monitorB
	full.ID, full.Name, full.Labels = idOther, "full", make(map[string]string)
	for n := range monitor.MaxLabels {
		full.Labels[fmt.Sprint("l", n)] = "x"
	}
	must(t, a.store.CreateMonitor(t.Context(), full))
	monitors := a.monitors()
	ids := func(list ...string) string { return `"ids":["` + strings.Join(list, `","`) + `"]` }
	const setGroup = `"set":{"group":"g"}`
	for _, c := range []struct {
		members []string
		detail  string
	}{
		{[]string{ids(idA, idOther, idB), `"set":{"enabled":false,"labels":{"new":"x"}}`},
			`monitor has 21 labels, at most 20 are allowed: "full" (` + idOther + `)`},
		{[]string{ids(idA, idB), `"set":{"interval":"10ms"}`},
			`monitor interval must be greater than 1s: "alpha" (` + idA + `), "beta" (` + idB + `)`},
		{[]string{ids(idA), `"set":{"interval":""}`}, `missing monitor interval: "alpha" (` + idA + `)`},
		{[]string{ids(idA), `"set":{"group":"a\u202eb"}`}, `monitor group contains the control character U+202E: "alpha" (` + idA + `)`},
		{[]string{ids(idA), `"set":{"labels":{"env":" "}}`}, `label env has no value: "alpha" (` + idA + `)`},
		{[]string{ids(idA, "65a500000000000000000001", idB, "65a500000000000000000002"), `"delete":true`},
			`there is no monitor with this id: 65a500000000000000000001, 65a500000000000000000002`},
		{[]string{setGroup}, "ids must contain the id of at least one monitor"},
		{[]string{`"ids":[]`, setGroup}, "ids must contain the id of at least one monitor"},
		{[]string{ids(idA, "7"), setGroup}, `ids contains the invalid id "7": an id has 24 hexadecimal digits`},
		{[]string{ids(idA, idB, strings.ToUpper(idA)), setGroup}, "ids contains " + idA + " twice"},
		{[]string{ids(strings.Repeat(idA+`","`, maxImport) + idB), setGroup}, "ids has 10001 monitors, at most 10000 are allowed"},
		{[]string{ids(strings.Repeat(idA+`","`, maxRun) + idB), `"run":true`}, "ids has 1001 monitors, at most 1000 are allowed"},
		{[]string{ids(idA)}, "the request must have exactly one of set, delete, silence and run"},
		{[]string{ids(idA), setGroup, `"delete":true`}, "the request must have exactly one of set, delete, silence and run"},
		{[]string{ids(idA), `"run":false`}, "the request must have exactly one of set, delete, silence and run"},
		{[]string{ids(idA), `"set":{}`}, "set changes nothing"},
		{[]string{ids(idA), `"set":{"labels":{},"name":"n"}`}, "set changes nothing"},
		{[]string{ids(idA), `"silence":"long"`}, "silence must be a Go duration from 0s to 168h, for example 30m or 8h"},
		{[]string{ids(idA), `"silence":"169h"`}, "silence must be a Go duration from 0s to 168h, for example 30m or 8h"},
		{[]string{ids(idA), `"set":{"enabled":"no"}`}, `field "set.enabled" must be a bool, not a string`},
		{[]string{ids(idA), `"set":{"labels":{"env":null,"team":5}}`}, `field "set.labels.team" must be a string, not a number`},
		{[]string{ids(idA), `"set":{"labels":"team"}`}, `field "set.labels" must be an object of strings, not a string`},
		{[]string{ids(idA), `"set":[]`}, `field "set" must be an object, not an array`},
		{[]string{`"ids":"` + idA + `"`, setGroup}, `field "ids" must be an array, not a string`},
		{[]string{ids(idA), `"delete":"yes"`}, `field "delete" must be a bool, not a string`},
	} {
		a.do("PATCH", "/api/monitors", "{"+strings.Join(c.members, ",")+"}").wantProblem(t, 400, c.detail)
	}
	a.do("PATCH", "/api/monitors", "[]").wantProblem(t, 400, "expected a JSON object, not an array")
	same(t, "monitors", a.monitors(), monitors)
	same(t, "number of results", len(a.results()), 3)
	same(t, "pending checks", len(a.pending()), 0)
}

// The member faults has what the detail says, for programs.
func TestChangeMonitorsListsFaults(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	got := a.patch(`"set":{"interval":"soon"}`)
	got.wantProblem(t, 400, `invalid monitor interval: "alpha" (`+idA+`), "beta" (`+idB+`)`)
	problem, _ := plain(t, got.body).(map[string]any)
	same(t, "hint", problem["hint"], any("Use a Go duration such as 30s or 5m."))
	same(t, "faults", problem["faults"], plain(t, []byte(`[
		{"id":"`+idA+`","name":"alpha","detail":"invalid monitor interval","hint":"Use a Go duration such as 30s or 5m."},
		{"id":"`+idB+`","name":"beta","detail":"invalid monitor interval","hint":"Use a Go duration such as 30s or 5m."}]`)))
	got = a.do("PATCH", "/api/monitors", `{"ids":["`+idOther+`"],"run":true}`)
	problem, _ = plain(t, got.body).(map[string]any)
	same(t, "faults", problem["faults"], plain(t, []byte(`[{"id":"`+idOther+`","detail":"there is no monitor with this id"}]`)))
}

// Stored labels, names and values that are invalid today don't prevent other changes, as for a single edit.
func TestChangeMonitorsKeepsStoredFaults(t *testing.T) {
	a := startAPI(t, nil)
	old := monitorA
	old.Name, old.Labels = "old\u202ename", map[string]string{"not valid": ""}
	must(t, a.store.CreateMonitor(t.Context(), old))
	must(t, a.store.CreateMonitor(t.Context(), monitorB))
	a.wantStatus(t, 200, "PATCH", "/api/monitors", `{"ids":["`+idA+`"],"set":{"enabled":false}}`)
	a.wantStatus(t, 200, "PATCH", "/api/monitors", `{"ids":["`+idA+`"],"set":{"labels":{"not valid":null}}}`)
	same(t, "labels", a.monitors()[1].Labels, map[string]string(nil))
	a.do("PATCH", "/api/monitors", `{"ids":["`+idA+`"],"set":{"group":"new"}}`).wantProblem(t, 400,
		`monitor name contains the control character U+202E: "old\u202ename" (`+idA+`)`)
}

func TestChangeMonitorsChangesTheirVersions(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	pathA, pathB := "/api/monitors/"+idA, "/api/monitors/"+idB
	tagA, tagB := a.tag(pathA), a.tag(pathB)
	a.patch(`"set":{"enabled":false}`).wantJSON(t, 200, bulkReportOf("changed", "unchanged"))
	same(t, "tag of the unchanged monitor", a.tag(pathB), tagB)
	const body = `{"name":"n","type":"tcp","interval":"5s","target":"localhost:1"}`
	a.wantChanged(t, a.doIf("PUT", pathA, body, tagA), pathA, "monitor")
	same(t, "status of a change of the unchanged monitor", a.doIf("PUT", pathB, body, tagB).status, http.StatusOK)
}

// deletingStore deletes a monitor after the API has validated a change, as another client may.
type deletingStore struct{ *sqlite.Store }

func (s deletingStore) ChangeMonitors(ctx context.Context, c store.BulkChange) ([]store.ChangeOutcome, error) {
	if err := s.DeleteMonitor(ctx, idA); err != nil {
		return nil, err
	}
	return s.Store.ChangeMonitors(ctx, c)
}

func TestMonitorDeletedInTheMeantimeIsReported(t *testing.T) {
	for member, outcomeB := range map[string]string{
		`"set":{"enabled":true}`: "changed", `"set":{"enabled":false}`: "unchanged", `"silence":"1h"`: "changed", `"delete":true`: "deleted",
	} {
		s := openStore(t)
		a := startAPI(t, deletingStore{s})
		a.store = s
		a.seed(0)
		a.patch(member).wantJSON(t, 200, bulkReportOf("missing", outcomeB))
		for _, m := range a.monitors() {
			same(t, "remaining monitor", m.ID, idB)
		}
	}
}

// leavingStore cancels the context of the request before it makes the change, as a client that disconnects does.
type leavingStore struct {
	*sqlite.Store
	leave context.CancelFunc
}

func (s leavingStore) ChangeMonitors(ctx context.Context, c store.BulkChange) ([]store.ChangeOutcome, error) {
	s.leave()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.Store.ChangeMonitors(ctx, c)
}

func TestChangeMonitorsAlthoughTheClientIsGone(t *testing.T) {
	a := &api{t: t, store: openStore(t)}
	a.seed(0)
	ctx, leave := context.WithCancel(t.Context())
	handler := conformingHandler(t, newServer(leavingStore{a.store, leave}))
	serve(handler, request("PATCH /api/monitors").WithContext(ctx))
	same(t, "group", a.monitors()[0].Group, "forged")
}
