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

// changed returns a changed copy of m.
func changed(m monitor.Monitor, change func(*monitor.Monitor)) monitor.Monitor {
	change(&m)
	return m
}

func TestDiffImport(t *testing.T) {
	a, b := monitorA, monitorB
	twin := changed(a, func(m *monitor.Monitor) { m.ID = idOther })
	withoutID := func(m monitor.Monitor) monitor.Monitor { m.ID = ""; return m }
	changeA, changeB := monitorChange{ID: idA, Name: "alpha", Type: "http"}, monitorChange{ID: idB, Name: "beta", Type: "tcp"}
	with := func(p monitorChange, fields ...string) monitorChange { p.Fields = fields; return p }
	list := func(ps ...monitorChange) []monitorChange { return append([]monitorChange{}, ps...) }
	type monitors = []monitor.Monitor

	for name, c := range map[string]struct {
		existing, items          monitors
		added, modified, removed []monitorChange
		unchanged                int
	}{
		"the same":              {existing: monitors{a, b}, items: monitors{b, a}, unchanged: 2},
		"the same without ids":  {existing: monitors{a, b}, items: monitors{withoutID(a), withoutID(b)}, unchanged: 2},
		"the date is no change": {existing: monitors{a}, items: monitors{changed(a, func(m *monitor.Monitor) { m.Updated = time.Time{} })}, unchanged: 1},
		"the case of an id is no change": {existing: monitors{a},
			items: monitors{changed(a, func(m *monitor.Monitor) { m.ID = strings.ToUpper(m.ID) })}, unchanged: 1},
		"no properties equal an empty set": {existing: monitors{b},
			items: monitors{changed(b, func(m *monitor.Monitor) { m.Properties = nil })}, unchanged: 1},
		"into an empty store": {items: monitors{a, withoutID(b)}, added: list(changeA, monitorChange{Name: "beta", Type: "tcp"})},
		"with an invalid id": {existing: monitors{b}, items: monitors{b, changed(a, func(m *monitor.Monitor) { m.ID = "invalid" })},
			added: list(monitorChange{Name: "alpha", Type: "http"}), unchanged: 1},
		"others": {existing: monitors{a, b}, items: monitors{changed(withoutID(a), func(m *monitor.Monitor) { m.Name = "Alpha" })},
			added: list(monitorChange{Name: "Alpha", Type: "http"}), removed: list(changeA, changeB)},
		"one of two with the same name is removed": {existing: monitors{a, twin}, items: monitors{twin}, removed: list(changeA), unchanged: 1},
		"a second one with the same name is added": {existing: monitors{a}, items: monitors{a, withoutID(a)},
			added: list(monitorChange{Name: "alpha", Type: "http"}), unchanged: 1},
		"an id moves to another monitor": {existing: monitors{a, b}, items: monitors{changed(b, func(m *monitor.Monitor) { m.ID = idA })},
			modified: list(monitorChange{ID: idA, Name: "beta", Type: "tcp",
				Fields: []string{"enabled", "group", "interval", "name", "properties", "rule", "target", "type"}}), removed: list(changeB)},
		"fields differ": {existing: monitors{a, b}, items: monitors{
			changed(b, func(m *monitor.Monitor) { m.Target, m.Enabled = "localhost:1", true }),
			changed(withoutID(a), func(m *monitor.Monitor) { m.Properties = map[string]string{"timeout": "3s"} }),
		}, modified: list(with(changeB, "enabled", "target"), with(changeA, "properties"))},
	} {
		t.Run(name, func(t *testing.T) {
			planned, err := store.PlanImport(c.existing, c.items, time.Now())
			must(t, err)
			want := importChanges{Added: list(c.added...), Changed: list(c.modified...), Removed: list(c.removed...), Unchanged: c.unchanged}
			same(t, "changes", diffImport(c.existing, c.items, planned), want)
		})
	}
}

// TestEveryFieldIsCompared fails if a field of a monitor is not compared.
func TestEveryFieldIsCompared(t *testing.T) {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[monitor.Monitor]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "id" && name != "updated" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	same(t, "fields", changedFields(monitorA, monitorB), names)
}

func TestImportDryRun(t *testing.T) {
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
	for _, invalid := range []string{"", "1", "TRUE", "yes"} {
		a.do("POST", path+invalid, body).wantProblem(t, 400, `dryRun must be true or false, not "`+invalid+`"`)
	}
	same(t, "monitors", a.monitors(), monitors)
	same(t, "number of results", len(a.results()), 3)

	a.do("POST", path+"false", body).wantJSON(t, 204, "")
	imported := a.monitors()
	if len(imported) != 2 || imported[0].ID != idA || imported[0].Interval != "31s" || imported[1].Name != "gamma" {
		t.Errorf("the store contains %+v", imported)
	}
	a.do("POST", path+"true", body).wantJSON(t, 200, `{"added":[],"changed":[],"removed":[],"unchanged":2}`)
}
