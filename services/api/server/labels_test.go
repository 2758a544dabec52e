package server

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// Clients of earlier versions send no labels, so the stored ones stay unless a request has them.
func TestLabelsStayUnlessSent(t *testing.T) {
	const rest = `"type":"http","interval":"5s","target":"http://localhost"`
	stored, changed := monitorA.Labels, map[string]string{"env": "test", "team": "shop"}
	for _, c := range []struct {
		member string
		want   map[string]string
	}{
		{"", stored},
		{`,"labels":null`, stored},
		{`,"labels":{}`, nil},
		{`,"labels":{"team":" shop ","env":"test"}`, changed},
	} {
		for _, route := range []struct{ method, path, body string }{
			{"PUT", "/api/monitors/" + idA, `{"name":"alpha",` + rest + `%s}`},
			{"POST", "/api/monitors/import", `[{"id":"` + strings.ToUpper(idA) + `","name":"renamed",` + rest + `%s}]`},
			{"POST", "/api/monitors/import", `[{"name":"alpha",` + rest + `%s}]`},
		} {
			t.Run(route.method+c.member, func(t *testing.T) {
				a := startAPI(t, nil)
				a.seed(0)
				body := fmt.Sprintf(route.body, c.member)
				if route.method == "POST" {
					fields := changedFieldsOf(t, a.do("POST", route.path+"?dryRun=true", body))
					same(t, "labels are in the preview", strings.Contains(fields, `"labels"`), !maps.Equal(c.want, stored))
				}
				got := a.do(route.method, route.path, body)
				same(t, "labels in the store", a.monitors()[0].Labels, c.want)
				if route.method == "PUT" {
					var m monitor.Monitor
					must(t, json.Unmarshal(got.body, &m))
					same(t, "labels in the response", m.Labels, c.want)
				}
			})
		}
	}
}

// labellingStore changes the labels of a monitor while another client replaces it, after each read of it.
type labellingStore struct {
	*sqlite.Store
	change store.BulkChange
}

func (s labellingStore) Monitor(ctx context.Context, id string) (monitor.Monitor, error) {
	m, err := s.Store.Monitor(ctx, id)
	if err == nil {
		_, err = s.ChangeMonitors(ctx, s.change)
	}
	return m, err
}

// A client that sends no labels does not undo a bulk change of the labels that is made at the same time.
func TestReplacingKeepsLabelsOfOthers(t *testing.T) {
	s := openStore(t)
	a := startAPI(t, labellingStore{s, store.BulkChange{
		MonitorIDs: []string{idA}, Date: base.Add(time.Hour), Edit: &store.MonitorEdit{Labels: map[string]*string{"team": new("new")}},
	}})
	a.store = s
	a.seed(0)
	a.wantStatus(t, 200, "PUT", "/api/monitors/"+idA, `{"name":"alpha","type":"http","interval":"5s","target":"http://localhost"}`)
	m := a.monitors()[0]
	same(t, "labels", m.Labels, map[string]string{"team": "new"})
	same(t, "interval", m.Interval, "5s")
}

// changedFieldsOf returns the changed monitors in the preview of an import.
func changedFieldsOf(t *testing.T, preview response) string {
	t.Helper()
	var plan struct{ Changed json.RawMessage }
	must(t, json.Unmarshal(preview.body, &plan))
	return string(plan.Changed)
}

// Another item with the same name does not get the labels of a monitor that exists already.
func TestNewMonitorsHaveNoLabels(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	const item = `{"name":"alpha","type":"http","interval":"5s","target":"http://localhost"}`
	a.wantStatus(t, 204, "POST", "/api/monitors/import", "["+item+","+item+"]")
	labelled := 0
	for _, m := range a.monitors() {
		if len(m.Labels) > 0 {
			labelled++
		}
	}
	same(t, "number of monitors with labels", labelled, 1)
	a.wantStatus(t, 200, "POST", "/api/monitors", item)
	a.do("PUT", "/api/monitors/"+idOther, item).wantProblem(t, 404, "there is no monitor with the id "+idOther)
}

// A backup of the monitors has their labels.
func TestExportHasLabels(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	export := string(a.do("GET", "/api/monitors", "").body)
	a.wantStatus(t, 204, "DELETE", "/api/monitors", "")
	a.wantStatus(t, 204, "POST", "/api/monitors/import", export)
	same(t, "labels", a.monitors()[0].Labels, monitorA.Labels)
}

// Labels that another program has stored don't prevent a change of the monitor.
func TestStoredLabelsAreNotValidated(t *testing.T) {
	a := startAPI(t, nil)
	invalid := monitorA
	invalid.Labels = map[string]string{"not valid": ""}
	must(t, a.store.CreateMonitor(t.Context(), invalid))
	const body = `{"name":"alpha","type":"http","interval":"5s","target":"http://localhost"}`
	a.wantStatus(t, 200, "PUT", "/api/monitors/"+idA, body)
	a.wantStatus(t, 204, "POST", "/api/monitors/import", "["+body+"]")
	same(t, "labels", a.monitors()[0].Labels, invalid.Labels)
}
