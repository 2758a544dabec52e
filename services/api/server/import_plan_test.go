package server

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// changed is a copy of m with changes.
func changed(m monitor.Monitor, change func(*monitor.Monitor)) monitor.Monitor {
	change(&m)
	return m
}

func TestCompareImport(t *testing.T) {
	a, b := monitorA, monitorB
	twin := changed(a, func(m *monitor.Monitor) { m.ID = idOther })
	anonymous := func(m monitor.Monitor) monitor.Monitor { m.ID = ""; return m }
	planA, planB := plannedMonitor{ID: idA, Name: "alpha", Type: "http"}, plannedMonitor{ID: idB, Name: "beta", Type: "tcp"}
	with := func(p plannedMonitor, fields ...string) plannedMonitor { p.Fields = fields; return p }
	list := func(ps ...plannedMonitor) []plannedMonitor { return append([]plannedMonitor{}, ps...) }
	type monitors = []monitor.Monitor

	for name, c := range map[string]struct {
		existing, items         monitors
		added, altered, removed []plannedMonitor
		unchanged               int
	}{
		"the same":              {existing: monitors{a, b}, items: monitors{b, a}, unchanged: 2},
		"the same without ids":  {existing: monitors{a, b}, items: monitors{anonymous(a), anonymous(b)}, unchanged: 2},
		"the date is no change": {existing: monitors{a}, items: monitors{changed(a, func(m *monitor.Monitor) { m.Updated = time.Time{} })}, unchanged: 1},
		"the case of an id is none": {existing: monitors{a},
			items: monitors{changed(a, func(m *monitor.Monitor) { m.ID = strings.ToUpper(m.ID) })}, unchanged: 1},
		"no properties are as good as an empty set": {existing: monitors{b},
			items: monitors{changed(b, func(m *monitor.Monitor) { m.Properties = nil })}, unchanged: 1},
		"into nothing": {items: monitors{a, anonymous(b)}, added: list(planA, plannedMonitor{Name: "beta", Type: "tcp"})},
		"with a bad id": {existing: monitors{b}, items: monitors{b, changed(a, func(m *monitor.Monitor) { m.ID = "bad" })},
			added: list(plannedMonitor{Name: "alpha", Type: "http"}), unchanged: 1},
		"others": {existing: monitors{a, b}, items: monitors{changed(anonymous(a), func(m *monitor.Monitor) { m.Name = "Alpha" })},
			added: list(plannedMonitor{Name: "Alpha", Type: "http"}), removed: list(planA, planB)},
		"one of two of a name goes": {existing: monitors{a, twin}, items: monitors{twin}, removed: list(planA), unchanged: 1},
		"a second of a name comes": {existing: monitors{a}, items: monitors{a, anonymous(a)},
			added: list(plannedMonitor{Name: "alpha", Type: "http"}), unchanged: 1},
		"an id moves to another": {existing: monitors{a, b}, items: monitors{changed(b, func(m *monitor.Monitor) { m.ID = idA })},
			altered: list(plannedMonitor{ID: idA, Name: "beta", Type: "tcp",
				Fields: []string{"enabled", "group", "interval", "name", "properties", "rule", "target", "type"}}), removed: list(planB)},
		"fields differ": {existing: monitors{a, b}, items: monitors{
			changed(b, func(m *monitor.Monitor) { m.Target, m.Enabled = "localhost:1", true }),
			changed(anonymous(a), func(m *monitor.Monitor) { m.Properties = map[string]string{"timeout": "3s"} }),
		}, altered: list(with(planB, "enabled", "target"), with(planA, "properties"))},
	} {
		t.Run(name, func(t *testing.T) {
			planned, err := store.PlanImport(c.existing, c.items, time.Now())
			must(t, err)
			want := importPlan{Added: list(c.added...), Changed: list(c.altered...), Removed: list(c.removed...), Unchanged: c.unchanged}
			same(t, "plan", compareImport(c.existing, c.items, planned), want)
		})
	}
}

// TestDifferencesKnowEveryField fails when a monitor gets a field that is not compared.
func TestDifferencesKnowEveryField(t *testing.T) {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[monitor.Monitor]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "id" && name != "updated" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	same(t, "fields", differences(monitorA, monitorB), names)
}

func TestDryRunOfAnImport(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	monitors := a.monitors()
	const (
		path   = "/api/monitors/import?dryRun="
		newOne = `{"name":"gamma","type":"ping","interval":"5s","target":"localhost"}`
	)
	body := "[" + strings.Replace(jsonA, `"30s"`, `"31s"`, 1) + `,"unknown":1},` + newOne + "]"
	const plan = `{"added":[{"name":"gamma","type":"ping"}],"changed":[{"id":"` + idA + `","name":"alpha","type":"http","fields":["interval"]}],
		"removed":[{"id":"` + idB + `","name":"beta","type":"tcp"}],"unchanged":0}`
	a.do("POST", path+"true", body).wantJSON(t, 200, plan)
	a.do("POST", path+"true", toJSON(t, monitors)).wantJSON(t, 200, `{"added":[],"changed":[],"removed":[],"unchanged":2}`)
	a.do("POST", path+"true", "[]").wantProblem(t, 400, "no monitors in import")
	for _, bad := range []string{"", "1", "TRUE", "yes"} {
		a.do("POST", path+bad, body).wantProblem(t, 400, `dryRun must be true or false, not "`+bad+`"`)
	}
	same(t, "monitors", a.monitors(), monitors)
	same(t, "number of results", len(a.results()), 3)

	a.do("POST", path+"false", body).wantJSON(t, 204, "")
	imported := a.monitors()
	if len(imported) != 2 || imported[0].ID != idA || imported[0].Interval != "31s" || imported[1].Name != "gamma" {
		t.Errorf("the store holds %+v", imported)
	}
	a.do("POST", path+"true", body).wantJSON(t, 200, `{"added":[],"changed":[],"removed":[],"unchanged":2}`)
}
